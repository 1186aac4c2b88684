"""Who makes tokens, narrows and ends them; each in one transaction with its entry in the record.

A person makes tokens for themselves, with no more rights than they have at that moment. Afterwards a token
only ever gets narrower: by its person, or to nothing by those who run the tokens of its team.
"""

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.errors import NotVisible
from portal.record.store import append
from portal.teams import access, offered
from portal.teams.locking import locked, locked_team
from portal.teams.models import ApiToken
from portal.teams.places import Places
from portal.teams.recording import line
from portal.teams.tokens import addresses as ranges
from portal.teams.tokens import rights as known
from portal.teams.tokens import text

KIND = "portal/tokens"
RIGHT = "team_tokens"
LONGEST = timedelta(days=365)
MOST = 50  # tokens of one person in one team that work


def create(*, actor, team, id, name, rights, places, addresses, days, by_sso):
    """Make a token for the actor; returns (the ApiToken, its text, which is nowhere else).

    `rights` are those besides reading, `places` Places, `days` how long it works. `id` is the form's: sent
    twice, it makes one token. Raises NotVisible, NotAllowed (recorded) for a right that the actor lacks, and
    ValidationError.
    """
    tried = line("token_create", kind=KIND, actor=actor, team=team, object_id=id, object_name=name)
    with locked(team, actor, tried, "view"):
        for right in sorted(set(rights) & set(known.WORDS)):
            access.require(actor, right, team)
        mine = known.of(actor, team)
        if ApiToken.objects.filter(pk=id).exists():
            text_ = _("This form was sent before, and made a token, which was shown then. Open a new form.")
            raise ValidationError(text_)
        if ApiToken.objects.filter(user=actor, team=team, **_working()).count() >= MOST:
            text_ = _("You have %(most)s tokens in this team that work. Revoke one that nobody needs.")
            raise ValidationError(text_ % {"most": MOST})
        made = text.made(id)
        row = ApiToken.objects.create(
            pk=id,
            team=team,
            user_id=actor.pk,
            membership=team.memberships.get(user=actor.pk),
            name=name,
            digest=text.digest_of(made),
            rights=sorted(mine & {*rights, *known.READING}),
            places=(places & access.places_in(actor, team)).to_json(),
            addresses=addresses,
            by_sso=by_sso,
            expires_at=_until(days),
        )
        append({**tried, "body": {"after": _told(row)}})
    return row, made


def narrow(token, *, actor, rights, places, addresses, days):
    """Let a token of the actor's own do less from now on; `days` is None where its end stays.

    Raises NotVisible, and ValidationError by field for what would be more than before.
    """
    with transaction.atomic(durable=True):
        row = _row(token)
        if row.user_id != actor.pk or row.is_over:
            raise NotVisible(access.NOT_VISIBLE())
        before = _told(row)
        wanted = {*rights, *known.READING} & {*row.rights}
        until = row.expires_at if days is None else _until(days)
        _require_narrower(row, rights, places, addresses, until)
        row.rights, row.places = sorted(wanted), places.to_json()
        row.addresses, row.expires_at = addresses, until
        row.save(update_fields=["rights", "places", "addresses", "expires_at"])
        after = _told(row)
        if after != before:
            body = {"before": before, "after": after}
            append({**_tried("token_narrow", row, actor), "body": body})
    return row


def _require_narrower(row, rights, places, addresses, until):
    wrong = {}
    if more := set(rights) - set(row.rights):
        wrong["changing"] = _("It never could: %(rights)s.") % {"rights": ", ".join(sorted(more))}
    if not places.within(Places.of(row.places)):
        wrong["place"] = _("These are more places than it has.")
    if not ranges.are_within(addresses, row.addresses):
        wrong["addresses"] = _("These are more addresses than it has.")
    if until > row.expires_at:
        wrong["days"] = _("It would work for longer than now.")
    if wrong:
        raise ValidationError(wrong)


def revoke(token, *, actor):
    """End a token for good: one's own, or one of a team whose tokens the actor runs.

    Raises NotVisible, NotAllowed (recorded). A token that is over already is left as it is.
    """
    tried = _tried("token_revoke", token, actor)
    if token.user_id == actor.pk:
        with transaction.atomic(durable=True):
            _end([_row(token)], actor)
        return
    with locked(token.team, actor, tried, RIGHT):
        _end([_row(token)], actor)


def end_all(person, *, actor, team=None):
    """End all tokens of somebody who leaves; how many."""
    with transaction.atomic(durable=True):
        return _end(list(working(person, team)), actor)


def working(person, team=None):
    """The ApiTokens of a person that nobody revoked and no date ended, in all teams if `team` is None."""
    rows = ApiToken.objects.select_related("team", "user").filter(user=person, **_working())
    return rows.filter(team=team) if team else rows


def working_in(team):
    """The ApiTokens of all members of a team that nobody revoked and no date ended, by name."""
    return ApiToken.objects.filter(team=team, **_working()).order_by("name", "expires_at")


def _working():
    return {"revoked_at": None, "expires_at__gt": timezone.now()}


def _end(rows, actor):
    """Mark these as revoked, each with its entry, in the caller's transaction; how many were not over."""
    now = timezone.now()
    rows = [row for row in rows if row.revoked_at is None]
    ended = ApiToken.objects.filter(pk__in=[row.pk for row in rows], revoked_at=None)
    ended.update(revoked_at=now)
    lines = [{**_tried("token_revoke", row, actor), "body": {"before": _told(row)}} for row in rows]
    if lines:
        append(*lines)
    return len(rows)


def _row(token):
    """The row as it is now, locked with its team: of two who change it at once, one sees the other's work."""
    locked_team(token.team)
    return ApiToken.objects.select_related("team", "user").get(pk=token.pk)


def _until(days):
    if not 1 <= days <= LONGEST.days:
        raise ValidationError({"days": _("From 1 to %(most)s days.") % {"most": LONGEST.days}})
    return timezone.now() + timedelta(days=days)


def _tried(verb, row, actor):
    about = {"object_id": row.pk, "object_name": row.name, "team": row.team}
    return line(verb, kind=KIND, actor=actor, **about)


def _told(row):
    """What the record keeps of a token."""
    return {
        "person": row.user.email,
        "rights": list(row.rights),
        "places": offered.shown(Places.of(row.places), row.team_id),
        "addresses": list(row.addresses),
        "until": row.expires_at.isoformat(),
    }
