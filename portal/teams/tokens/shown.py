"""Tokens as pages show them."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.teams import offered
from portal.teams.models import ApiToken
from portal.teams.places import Places
from portal.teams.tokens import rights

ENDED_FOR = timedelta(days=30)  # so long an ended token stays in lists


@dataclass(frozen=True)
class Shown:
    """`where` are its places as a Said."""

    token: ApiToken
    where: object

    @classmethod
    def of(cls, token):
        return cls(token, offered.told(Places.of(token.places), token.team_id))

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


def listed(**of):
    """[Shown] of the tokens of a person or a team, those that work first."""
    recently = timezone.now() - ENDED_FOR
    rows = ApiToken.objects.filter(**of, expires_at__gt=recently)
    rows = rows.filter(Q(revoked_at=None) | Q(revoked_at__gt=recently)).select_related("team", "user")
    rows = sorted(rows, key=lambda row: row.is_over)
    known = {team: offered.of_team(team) for team in {row.team_id for row in rows if row.places is not None}}
    return [Shown(row, _where(row, known)) for row in rows]


def _where(row, known):
    return (
        offered.TEAM() if row.places is None else offered.told_of(Places.of(row.places), known[row.team_id])
    )
