"""Tokens as pages show them."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.teams.models import ApiToken
from portal.teams.places import Places
from portal.teams.tokens import rights

ENDED_FOR = timedelta(days=30)  # so long an ended token stays in lists


@dataclass(frozen=True)
class Shown:
    token: ApiToken

    @property
    def state(self):
        """(tone, words)"""
        if self.token.revoked_at:
            return "secondary", _("revoked")
        if self.token.membership_id is None:
            return "secondary", _("its person left the team")
        return ("secondary", _("expired")) if self.token.is_over else ("green", _("works"))

    @property
    def rights(self):
        return rights.told(self.token.rights)

    @property
    def places(self):
        """Names of the connections that it is narrowed to; None if it is not."""
        places = Places.of(self.token.places)
        if places.is_everywhere:
            return None
        named = {str(each.pk): each.name for each in self.token.team.connections.all()}
        parts = {at: _("part of %(connection)s") for at, space in places.pairs if space}
        found = [(named[at], parts.get(at, "%(connection)s")) for at in places.connections if at in named]
        return [words % {"connection": name} for name, words in sorted(found)]


def listed(**of):
    """[Shown] of the tokens of a person or a team, those that work first."""
    recently = timezone.now() - ENDED_FOR
    rows = ApiToken.objects.filter(**of, expires_at__gt=recently)
    rows = rows.filter(Q(revoked_at=None) | Q(revoked_at__gt=recently))
    rows = rows.select_related("team", "user").prefetch_related("team__connections")
    return [Shown(row) for row in sorted(rows, key=lambda row: row.is_over)]
