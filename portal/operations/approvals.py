"""Asking for approval, and every end of it but the approval itself (approving.py)."""

import uuid
from contextlib import contextmanager
from datetime import timedelta

from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from portal.errors import Conflict, KeyReused, NotAllowed, NotDecidable, Waits
from portal.kinds.comparing import differing
from portal.kinds.registry import Batch
from portal.operations import entries, keeping
from portal.operations.approval import LASTS, Approval, ApprovalPlace, ApprovalState
from portal.operations.change import keyed_hash
from portal.outside import NAME_MAX, shortened
from portal.platforms.answers import storable
from portal.record import correlation, store
from portal.record.models import Stage
from portal.record.redaction import redact
from portal.record.store import append
from portal.teams import access
from portal.teams.recording import denials_recorded, line, require_recorded, through
from portal.words import Sentence, to_json

KEY_REUSED = Sentence(
    "approval.key_reused", _("This form was sent before with other content. Nothing was asked for this time.")
)
WAITS = Sentence(
    "approval.waits",
    _("Your team asks for approval of this. It was asked for, and nothing is sent before somebody approves."),
)
CONFLICT = Sentence(
    "approval.conflict",
    _("It was changed on the platform since this form was opened. Nothing was asked for."),
)
NO_LONGER = Sentence("approval.no_longer", _("This does not wait for approval any more."))
OWN = Sentence(
    "approval.own", _("You asked for this, so somebody else has to approve it: a manager or an owner.")
)
ONLY_OWN = Sentence(
    "approval.only_own", _("Only who asked for this can withdraw it. You can refuse it, if you may decide.")
)
EXPIRED = Sentence("approval.expired", _("Nobody decided within %(days)s days."))
DUE_MAX = 50  # that one round of a worker ends


def ask(changes, *, actor, key, via, demands, purpose="", name="", waits_for=None, follows=None):
    """Ask for approval of Changes, and record that. Always raises Waits, with the Approval.

    The same key with the same changes is the same approval. Of a single change its object is read, so that
    the approver decides about what the author saw. Raises KeyReused, PlatformError if it could not be read,
    and RecordUnavailable; then nothing was asked for.
    """
    last, waits_for = changes[-1], sorted((waits_for or {}).items())
    purpose = str(purpose)
    body_hash = keyed_hash([[each.body_hash for each in changes], purpose, waits_for])
    if existing := _earlier(last.connection.team_id, key, body_hash):
        raise Waits(WAITS(), approval=existing)
    seen = [keeping.seen_in_mirror(each) if purpose else _look(each, actor, via) for each in changes]
    approval = Approval(
        team=last.connection.team,
        key=storable(key)[:64],
        body_hash=body_hash,
        actor=actor,
        token=getattr(actor, "token", None),
        via=via,
        reason=last.reason,
        ticket=last.ticket,
        correlation=correlation.current() or str(uuid.uuid4()),
        connection=last.connection,
        connection_name=last.connection.name,
        platform=last.kind.platform,
        kind_slug=last.kind.slug,
        verb_name=last.verb.name,
        object_id="" if purpose else last.object_id,
        object_scope="" if purpose else last.object_scope,
        object_name=shortened(name, NAME_MAX) if purpose else last.object_name,
        follows=follows,
        purpose=purpose,
        waits_for=waits_for,
        demands=list(demands),
        expires_at=timezone.now() + LASTS,
    )
    approval.keep([keeping.kept(*each) for each in zip(changes, seen, strict=True)])
    body = {"demands": approval.demands, **_shown(approval), **through(approval.token)}
    asked = entry(approval, "approval_ask", actor, body)
    try:
        with transaction.atomic(durable=True):
            approval.save(force_insert=True)
            ApprovalPlace.objects.bulk_create(_places(approval, changes))
            append(asked)
    except IntegrityError as error:
        existing = _earlier(approval.team_id, key, body_hash)
        if existing is None:
            raise entries.unavailable() from error
        raise Waits(WAITS(), approval=existing) from error
    except DatabaseError as error:
        raise entries.unavailable() from error
    raise Waits(WAITS(), approval=approval)


def _places(approval, changes):
    """Where its changes are, and what is to follow them."""
    found = set()
    for change in changes:
        if isinstance(change.verb, Batch):
            spaces = {change.kind.space_of(each) for each in change.data[change.verb.targets]}
        else:
            spaces = {change.space, *(each.of(change).space for each in change.then)}
        found |= {(change.connection.pk, space) for space in spaces}
    places = sorted(found, key=str)
    return [ApprovalPlace(approval=approval, connection_id=pk, space=space) for pk, space in places]


def _look(change, actor, via):
    """What its object shows (keeping.seen_in), held against what its form had shown and the rights it takes.

    Raises Conflict, NotAllowed (recorded) and PlatformError.
    """
    if change.target is None:
        return {}
    verb, decoded = change.verb, change.bound.get()
    if change.expected is not None and differing(
        redact(change.expected), redact(verb.evidence.shown(decoded))
    ):
        raise Conflict(CONFLICT())
    if verb.check_again:
        entries.admit(change, actor, via, verb.check(change.bound).right)
    return keeping.seen_in(change, decoded)


def _earlier(team, key, body_hash):
    """The approval that has this key already. Raises KeyReused if something else was asked for by it."""
    try:
        existing = Approval.objects.filter(team_id=team, key=storable(key)[:64]).first()
    except DatabaseError as error:
        raise entries.unavailable() from error
    if existing and existing.body_hash != body_hash:
        raise KeyReused(KEY_REUSED())
    return existing


def _shown(approval):
    """What identifies its changes, for the record: the exact requests, without secrets."""
    names = ("kind", "verb", "object_id", "object_name", "data", "then", "request")
    return {"changes": [{name: each[name] for name in names} for each in approval.changes]}


def tried(approval, verb, by, via="web", **body):
    """The values of an entry about what somebody wants to do with an approval."""
    about = {"object_id": approval.object_id, "object_name": approval.object_name}
    return {
        **line(verb, kind=approval.kind_slug, actor=by, team=approval.team, via=via, **about),
        "connection_id": str(approval.connection_id or ""),
        "connection": approval.connection_name,
        "platform": approval.platform,
        "object_scope": approval.object_scope,
        "reason": approval.reason,
        "ticket": approval.ticket,
        "body": {"approval": str(approval.pk), "asked": approval.verb_name, **body},
    }


def entry(approval, verb, by, body, said=None, via=""):
    """The Line of an entry about an approval: what happened to it."""
    via = via or (approval.via if by == approval.actor else "web")
    told = {"stage": Stage.NOTE, "outcome": "done", "said": said, "correlation": approval.correlation}
    return store.line(**{**tried(approval, verb, by, via, **body), **told})


def require_to_decide(approval, actor, verb):
    """Raise NotAllowed, recorded, for all but those who may decide about it."""
    about = tried(approval, verb, actor)
    require_recorded(actor, "approve", approval, about)
    if approval.actor_id == actor.pk:
        with denials_recorded(about):
            raise NotAllowed(OWN(), right="approve", granted_by=_approvers())


def _approvers():
    return [str(access.ROLES[role]()) for role in access.Role if access.role_may(role, "approve")]


def refuse(approval, *, actor, reason):
    """Decide that it is not to happen. Raises NotVisible, NotAllowed (recorded) and NotDecidable."""
    require_to_decide(approval, actor, "approval_refuse")
    _end_or_raise(approval, ApprovalState.REFUSED, "approval_refuse", actor, reason=reason)


def withdraw(approval, *, actor):
    """Who asked wants it no more. Raises NotVisible, NotAllowed (recorded) and NotDecidable."""
    about = tried(approval, "approval_withdraw", actor)
    require_recorded(actor, "view", approval, about)
    if approval.actor_id != actor.pk:
        with denials_recorded(about):
            raise NotAllowed(ONLY_OWN(), granted_by=[])
    _end_or_raise(approval, ApprovalState.WITHDRAWN, "approval_withdraw", actor)


def withdraw_whatever_the_rights(approval, *, actor):
    """For whoever takes its person off the team or the portal (leaving.py). False if it was over already."""
    return end(approval, ApprovalState.WITHDRAWN, "approval_withdraw", actor)


def _end_or_raise(approval, state, verb, actor, **more):
    if not approval.is_waiting or not end(approval, state, verb, actor, **more):
        raise NotDecidable(NO_LONGER())


def end(approval, state, verb, by, *, said=None, reason="", via=""):
    """End one that waits, with an entry. Returns False if somebody else was faster."""
    body = {"decision_reason": reason} if reason else {}
    noted = entry(approval, verb, by, body, said, via)
    try:
        with transaction.atomic(durable=True):
            if not close(approval, state, by=by, words=to_json(said), decision_reason=reason):
                return False
            append(noted)
    except DatabaseError as error:
        raise entries.unavailable() from error
    return True


def close(approval, state, *, by, **columns):
    """Write its end, in a transaction that also writes an entry. Returns False if it was over already."""
    values = {"state": state, "decided_at": timezone.now(), "decided_by": by, "sealed_data": "", **columns}
    rows = Approval.objects.filter(pk=approval.pk, state=ApprovalState.WAITING)
    if not rows.update(**values):
        return False
    for name, value in values.items():
        setattr(approval, name, value)
    return True


def expire():
    """End those that nobody decided in time; a worker calls it. How many."""
    over = Approval.objects.filter(state=ApprovalState.WAITING, expires_at__lte=timezone.now())
    over = list(over.select_related("team", "actor").order_by("expires_at")[:DUE_MAX])
    for approval in over:
        said = EXPIRED(days=LASTS // timedelta(days=1))
        with told_as(approval):
            end(approval, ApprovalState.EXPIRED, "approval_expire", approval.actor, said=said, via="system")
    return len(over)


@contextmanager
def told_as(approval):
    """What is recorded inside belongs to the approval's story."""
    with correlation.begin(approval.correlation):
        yield
