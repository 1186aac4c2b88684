"""approve(): a second person lets a change happen, which is requested there and then.

That it is approved is written in the transaction that commits its operation, its batch or its job: so nothing
is approved that does not begin, and nothing begins twice. A process that dies after that leaves an operation
that was never sent; a worker requests it again (`resume`), without another approval.
"""

import logging
from datetime import timedelta
from functools import partial

from django.utils import timezone
from django.utils.translation import gettext_noop as _

from portal.errors import (
    KeyReused,
    Missing,
    NotAllowed,
    NotDecidable,
    NotRepeatable,
    NotVisible,
    OutcomeUnrecorded,
    PortalError,
    WhyMissing,
)
from portal.kinds.registry import Batch
from portal.operations import approvals, deciding, keeping, reach, together
from portal.operations.approval import Approval, ApprovalState, Grant
from portal.operations.many import perform_many
from portal.operations.models import Cause, Operation, State
from portal.operations.rules import RULES_CHANGED
from portal.operations.service import perform
from portal.teams.access import forget, may
from portal.teams.locking import locked_team
from portal.teams.models import ApiToken, User
from portal.teams.recording import require_recorded
from portal.teams.tokens.using import bound_later
from portal.words import Sentence

APPROVED = Sentence("approval.approved", _("%(person)s approved what %(author)s asked for."))
AUTHOR_MAY_NOT = Sentence(
    "approval.author_may_not", _("%(person)s, who asked for it, may not do this any more. Nothing was sent.")
)
APPROVER_MAY_NOT = Sentence(
    "approval.approver_may_not", _("You may not approve this any more. Nothing was sent.")
)
CHANGED = Sentence(
    "approval.changed",
    _("The object changed after this was asked for: %(names)s. Nothing was sent. It has to be asked again."),
)
GONE = Sentence("approval.gone", _("The object does not exist any more. Nothing was sent."))
ELSEWISE = Sentence(
    "approval.elsewise", _("The same was requested meanwhile without an approval, so it is not sent twice.")
)


log = logging.getLogger(__name__)
RESUMED = timedelta(hours=1)  # what the portal did not send for so long is left to people


class _Void(Exception):
    def __init__(self, said):
        super().__init__(said)
        self.said = said


def approve(approval, *, actor, reason="", look=None):
    """Approve what somebody else asked for, and request it. Returns the Operations or the Job, None if it is
    void: then `approval.said` says why.

    `look(approval, changes)` may find one more reason, as a Said, why it is not what was asked for any more.
    Raises NotVisible and NotAllowed (recorded), NotDecidable if it does not wait any more, PlatformError if
    the object cannot be read, and RecordUnavailable: it waits on.
    """
    approvals.require_to_decide(approval, actor, "approval_give")
    if not approval.is_waiting:
        raise NotDecidable(approvals.NO_LONGER())
    with approvals.told_as(approval):
        try:
            changes = _changes(approval)
            about = approvals.tried(approval, "approval_give", actor)
            for right, thing in rights_for(actor, changes):
                require_recorded(actor, right, thing, about)
            _hold_against(approval, changes, look)
            return _request(approval, changes, actor, reason)
        except _Void as void:
            if not approvals.end(approval, ApprovalState.VOID, "approval_void", actor, said=void.said):
                raise NotDecidable(approvals.NO_LONGER()) from void
            return None


def rights_for(person, changes):
    """Yield (right, thing) of all that the person needs to request the changes and what is to follow them."""
    for change in changes:
        following = [reach.following(each, change, person) for each in change.then]
        for part in (change, *following):
            for thing in reach.things(part, person):
                yield part.verb.right, thing


def _changes(approval):
    try:
        return keeping.changes_of(approval)
    except NotRepeatable as error:
        raise _Void(error.message) from error


def _hold_against(approval, changes, look):
    """Raise _Void if an object is not what it was, or its author may not do this any more."""
    forget(approval.actor)
    bound_later(approval.actor, approval.token)
    if not _has_rights(approval.actor, changes):
        raise _Void(AUTHOR_MAY_NOT(person=approval.actor.email))
    for change, kept in zip(changes, approval.changes, strict=True):
        try:
            # Steps of a job are read one by one, just before each is sent.
            now = keeping.seen_in_mirror(change) if approval.purpose else keeping.seen_live(change)
        except Missing as error:
            raise _Void(GONE()) from error
        seen = {name: was for name, was in kept["seen"].items() if name in now or not approval.purpose}
        if names := keeping.changed_since(seen, now):
            raise _Void(CHANGED(names=", ".join(names)))
    if said := look and look(approval, changes):
        raise _Void(said)


def _has_rights(person, changes):
    return all(may(person, right, thing) for right, thing in rights_for(person, changes))


def _request(approval, changes, actor, reason):
    """Request the changes as their author, with the approval; what came of it."""
    said = APPROVED(person=actor.email, author=approval.actor.email)
    body = {"decision_reason": reason} if reason else {}
    noted = approvals.entry(approval, "approval_give", actor, body, said)
    grant = Grant(approval, actor, take=partial(_take, approval, changes, actor, reason, noted))
    who = {"actor": approval.actor, "key": approval.key, "via": approval.via, "grant": grant}
    try:
        if approval.purpose:
            why = {name: getattr(approval, name) for name in ("purpose", "reason", "ticket")}
            waits_for = {index: tuple(before) for index, before in approval.waits_for}
            made = together.request(changes, name=approval.object_name, waits_for=waits_for, **why, **who)
        elif isinstance(changes[0].verb, Batch):
            made = perform_many(changes[0], **who)
        else:
            made = [perform(changes[0], follows=approval.follows, **who)]
    except OutcomeUnrecorded as error:
        made = [error.operation]
    except WhyMissing as error:
        raise _Void(RULES_CHANGED()) from error
    except NotAllowed as error:
        raise _Void(AUTHOR_MAY_NOT(person=approval.actor.email)) from error
    except (KeyReused, NotDecidable, NotVisible, NotRepeatable) as error:
        if Approval.objects.filter(pk=approval.pk, state=ApprovalState.WAITING):
            raise _Void(error.message) from error
        raise NotDecidable(approvals.NO_LONGER()) from error
    if Approval.objects.filter(pk=approval.pk, state=ApprovalState.WAITING):
        raise _Void(ELSEWISE())  # its key was used without it, after a rule was taken away
    approval.refresh_from_db()
    return made


def stopped():
    """Yield (operation id,) of each that was approved and not sent, because the portal stopped before."""
    since = timezone.now() - RESUMED
    found = Operation.objects.filter(
        approval__state=ApprovalState.APPROVED,
        approval__decided_at__gt=since,
        state=State.NOT_SENT,
        cause=Cause.STOPPED,
        followers=None,
        step=None,  # a job begins its steps again by itself
    )
    for id in list(found.values_list("pk", flat=True)[: approvals.DUE_MAX]):
        yield (str(id),)


def resume(id):
    """Request such an operation again for its author; once, however often this is called."""
    related = ("actor", "token", "team", "approval", "connection")
    operation = Operation.objects.select_related(*related).get(pk=id)
    bound_later(operation.actor, operation.token)
    is_due = operation.state == State.NOT_SENT and operation.cause == Cause.STOPPED and operation.can_requeue
    if not is_due or not may(operation.actor, operation.verb.right, operation):
        return
    with approvals.told_as(operation.approval):
        try:
            deciding.requeue(operation, actor=operation.actor, key=operation.pk.hex)
        except PortalError as error:
            log.warning("operation %s was approved and is not resumed: %s", id, error)


def _take(approval, changes, actor, reason, noted):
    """Note the approval, in the transaction that commits what comes of it; returns the entry's Line.

    Roles of the team do not change meanwhile: who changes them waits for its row.
    """
    locked_team(approval.team)
    author, approver = (User.objects.get(pk=each.pk) for each in (approval.actor, actor))
    bound_later(author, ApiToken.objects.filter(pk=approval.token_id).first())
    if not _has_rights(author, changes):
        raise NotDecidable(AUTHOR_MAY_NOT(person=author.email))
    if not (may(approver, "approve", approval) and _has_rights(approver, changes)):
        raise NotDecidable(APPROVER_MAY_NOT())
    if not approvals.close(approval, ApprovalState.APPROVED, by=approver, decision_reason=reason):
        raise NotDecidable(approvals.NO_LONGER())
    return noted
