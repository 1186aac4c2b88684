"""The access review of a team: who can do what, since when, and whether they still use it.

An owner confirms what the page showed. What was confirmed is kept, so the page says what changed since.
"""

import hashlib
import json
from collections import defaultdict
from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.core.exceptions import ValidationError
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.record.models import Entry, Facet
from portal.record.store import append
from portal.teams.locking import KIND, locked
from portal.teams.models import AccessReview
from portal.teams.places import Places
from portal.teams.recording import line
from portal.teams.signin.second_factors import PRIMARY
from portal.teams.tokens.service import working_in
from portal.teams.who import covered

RIGHT = "review_access"
# What people do without changing anything.
READING = {"read_record", "export", "verify"}


@dataclass
class Row:
    """One member, as the review shows them."""

    member: object
    where: list  # as who.covered says; [] for the whole team
    last_change: object  # when they last changed something in the team, or None
    has_factor: bool
    is_linked: bool  # to single sign-on
    tokens: list  # the ApiTokens of theirs that work in the team

    @property
    def user(self):
        return self.member.user


def rows(team, viewer):
    """[Row] of all members, also those whose account is switched off."""
    members = list(team.memberships.select_related("user").order_by("user__name", "user__email"))
    ids = [member.user_id for member in members]
    factors = Authenticator.objects.filter(user__in=ids, type__in=PRIMARY)
    factors = set(factors.values_list("user_id", flat=True))
    linked = set(SocialAccount.objects.filter(user__in=ids).values_list("user_id", flat=True))
    where, changed = covered(members, viewer), _last_changes(team)
    tokens = defaultdict(list)
    for token in working_in(team):
        tokens[token.user_id].append(token)
    return [
        Row(
            member,
            where[member.pk],
            changed.get(str(member.user_id)),
            member.user_id in factors,
            member.user_id in linked,
            tokens[member.user_id],
        )
        for member in members
    ]


def _last_changes(team):
    """{id of a person: when they last changed something}: by the facets of the record, which are few."""
    facets = Facet.objects.filter(team_id=str(team.pk), outcome="done", newest__gt=0).exclude(
        verb__in=READING
    )
    newest = dict(facets.values_list("actor_id").annotate(Max("newest")))
    at = dict(Entry.objects.filter(seq__in=newest.values()).values_list("seq", "at"))
    return {actor: at.get(seq) for actor, seq in newest.items()}


def snapshot(team):
    """What an owner confirms: [{person, email, role, places, is_active}], by address."""
    members = team.memberships.select_related("user").order_by("user__email")
    return [
        {
            "person": str(member.user_id),
            "email": member.user.email,
            "role": member.role,
            "places": Places.of(member.places).to_json(),
            "is_active": member.user.is_active,
        }
        for member in members
    ]


def digest_of(members):
    text = json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def confirm(team, *, actor, digest):
    """Write down that an owner reviewed what has this digest. Returns the AccessReview.

    Raises NotVisible, NotAllowed (recorded), and ValidationError if something changed since the page was
    made.
    """
    tried = line("access_review", kind=KIND, actor=actor, team=team, object_id=team.pk, object_name=team.name)
    with locked(team, actor, tried, "roles"):
        members = snapshot(team)
        if digest_of(members) != digest:
            raise ValidationError(_("Members changed while you looked. Check the list, then confirm it."))
        values = {"at": timezone.now(), "by": actor.email, "members": members, "digest": digest}
        made, _is_new = AccessReview.objects.update_or_create(team=team, defaults=values)
        told = [{**each, "places": each["places"] or "all"} for each in members]
        append({**tried, "body": {"digest": digest, "members": told}})
    return made


def changes_since(review, members):
    """[(what, e-mail address, before, after)] of what was confirmed and is different now."""
    was, now = ({each["person"]: each for each in side} for side in (review.members, members))
    found = []
    for person in sorted(was.keys() | now.keys(), key=lambda id: (now.get(id) or was[id])["email"]):
        before, after = was.get(person), now.get(person)
        if before is None:
            found.append((_("joined"), after["email"], None, after))
        elif after is None:
            found.append((_("left"), before["email"], before, None))
        else:
            found += [(what, after["email"], before, after) for what in _differences(before, after)]
    return found


def _differences(before, after):
    words = {
        "role": _("has another role"),
        "places": _("can act in other places"),
        "is_active": _("was switched on or off"),
        "email": _("has another address"),
    }
    return [word for name, word in words.items() if before[name] != after[name]]
