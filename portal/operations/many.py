"""perform_many(): several creates in one call of the platform.

Each create is an operation of its own: it has its intent, its baseline and its ending, claims its object, and
is looked up by itself if the answer is lost. Only the call is shared. So it is sent for all of them or for
none: if one cannot be looked up first, nothing is sent.
"""

import logging
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from django.db import DatabaseError, IntegrityError
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from portal.connections.gate import reading_once
from portal.errors import (
    KeyReused,
    NeedsApproval,
    NotSent,
    NotVisible,
    OutcomeUnrecorded,
    PortalError,
    RecordUnavailable,
    Rejected,
    Unclear,
)
from portal.kinds.permissions import needing
from portal.operations import approvals, entries, life, rules
from portal.operations.answered import names_of_secrets
from portal.operations.change import Change
from portal.operations.concluding import conclude
from portal.operations.leases import beating
from portal.operations.models import NOTHING_DONE, Operation, State
from portal.operations.service import (
    BUG,
    DATABASE_FAILED,
    KEY_REUSED,
    NOT_VISIBLE,
    marked,
    new_operation,
    ready,
    resend,
)
from portal.platforms import exchanges
from portal.platforms.answers import storable
from portal.words import Sentence

log = logging.getLogger(__name__)

KEY_LENGTH = 56  # characters of the key that the operations of one batch share
LOOK_UP_SECONDS = 20  # for what is looked up before the call; proxies close a request after 60

NOT_TOGETHER = Sentence(
    "operation.not_together",
    _("It was to be sent together with %(name)s, which could not be sent. Nothing was sent."),
)
NO_TIME = Sentence(
    "operation.no_time",
    _("The platform took too long to say what was there before. Nothing was sent. Ask for fewer at once."),
)


def perform_many(change, *, actor, key, via="web", grant=None):
    """Request what the Change of a Batch asks for; the Operations, in the order of its data.

    The same key with the same data is the same batch: its operations are returned in any state. Raises
    NotVisible, NotAllowed (recorded), KeyReused, RecordUnavailable, WhyMissing, and Waits if the team asks
    for approval and there is no `grant` (nothing was sent). An operation whose end cannot be recorded stays
    as it is, and settling takes it up.
    """
    kind, linked = change.kind, change.connection
    if linked.platform != kind.platform:
        raise NotVisible(NOT_VISIBLE())
    entries.admit(change, actor, via)
    create = kind.verb("create")
    why = {"reason": change.reason, "ticket": change.ticket}
    parts = [Change(kind, create, linked, data=each, **why) for each in change.data[change.verb.targets]]
    if there := _there(key, change, parts):
        return there
    operations = [
        new_operation(part, change.request, actor=actor, key=_key(key, number), via=via, grant=grant)
        for number, part in enumerate(parts)
    ]
    bodies = [{"request": each.request, "data": each.data} for each in operations]
    try:
        take = grant and grant.take
        life.begin_all(zip(operations, bodies, strict=True), lambda: rules.admit(parts, grant), take=take)
    except NeedsApproval as error:
        approvals.ask([change], actor=actor, key=key, via=via, demands=error.demands)
    except IntegrityError as error:
        if there := _there(key, change, parts):
            return there  # another press with the key was faster
        raise entries.unavailable() from error
    except DatabaseError as error:
        raise entries.unavailable() from error
    with ExitStack() as stack:
        stack.enter_context(reading_once())
        for operation in operations:
            stack.enter_context(beating(operation))
        _carry_out(list(zip(operations, parts, strict=True)), change)
    return operations


def of_batch(operations, key, most):
    """Those of the operations that were asked for together under this key, in the order of their lines."""
    found = operations.filter(key__in=[_key(key, number) for number in range(most)])
    return sorted(found, key=lambda each: int(each.key.rpartition(".")[2]))


@dataclass(frozen=True)
class Asked:
    """What was asked for together, for the list of operations."""

    key: str
    operations: object
    kind: object
    count: int
    failed: int

    @classmethod
    def read(cls, operations, key):
        """None if nothing was asked for under this key."""
        first = operations.filter(key=_key(key, 0)).first() if key else None
        if first is None or first.kind.batch is None:
            return None
        keys = [_key(key, number) for number in range(first.kind.batch.most)]
        own = operations.filter(key__in=keys)
        failed = own.filter(state__in=NOTHING_DONE, followers=None).count()
        return cls(key, own, first.kind, own.count(), failed)


def _key(key, number):
    return f"{storable(key)[:KEY_LENGTH]}.{number}"


def _there(key, change, parts):
    """The operations that an earlier press with this key made. Raises KeyReused if it asked for others."""
    try:
        found = of_batch(Operation.objects.filter(team=change.connection.team), key, change.verb.most)
    except DatabaseError as error:
        raise entries.unavailable() from error
    if found and [each.body_hash for each in found] != [part.body_hash for part in parts]:
        raise KeyReused(KEY_REUSED(), operation=found[0])
    return found


def _carry_out(pairs, change):
    until = time.monotonic() + LOOK_UP_SECONDS
    for pair in pairs:
        is_late = time.monotonic() > until
        ended = _end(pair[0], State.NOT_SENT, NotSent(NO_TIME())) if is_late else ready(*pair)
        if ended:
            return _leave(pairs, ended)
    for operation, _part in pairs:
        if ended := marked(operation):
            return _leave(pairs, ended)
    return _send(pairs, change)


def _leave(pairs, ended):
    """End the others: one of them ended before anything was sent."""
    for operation, _part in pairs:
        if operation is not ended:
            _end(operation, State.NOT_SENT, NotSent(NOT_TOGETHER(name=ended.object_name)))


def _send(pairs, change):
    answers = {}  # as in service.send

    def again(number, error):
        return all(resend(operation, part, number, answers) for operation, part in pairs)

    def seen(number, result):
        answers[number] = (timezone.now(), result)

    try:
        with _heard_by_all(pairs):
            answer = change.client.send(change.call, again=again, seen=seen)
        results = change.verb.results(change.bound, answer, change.data)
    except (Rejected, NotSent, Unclear) as error:
        results = [error] * len(pairs)
    except DatabaseError:
        log.exception("the database failed while a batch was being sent")
        results = [Unclear(DATABASE_FAILED())] * len(pairs)
    except Exception as bug:
        # It may have been sent: record that before the bug becomes a 500.
        for operation, _part in pairs:
            _end(operation, State.IN_DOUBT, Unclear(BUG(name=type(bug).__name__)), answers=answers)
        raise
    secret, permission = names_of_secrets(change), pairs[0][1].verb.permission
    for (operation, _part), result in zip(pairs, results, strict=True):
        if isinstance(result, Rejected):
            _end(operation, State.REJECTED, needing(result, permission), answers=answers)
        elif isinstance(result, PortalError):
            _end(operation, _state_of(result), result, answers=answers)
        else:
            _end(operation, State.DONE, answer, result, answers=answers, secret_names=secret)


@contextmanager
def _heard_by_all(pairs):
    """Each operation's next entry tells of the HTTP exchanges that are made inside."""
    try:
        with exchanges.listening([]) as heard:
            yield
    finally:
        for operation, _part in pairs:
            operation.heard.extend(heard)


def _state_of(error):
    return State.NOT_SENT if isinstance(error, NotSent) else State.IN_DOUBT


def _end(operation, state, *said, **more):
    """End one operation, whatever becomes of the others; returns it."""
    try:
        conclude(operation, state, *said, **more)
    except (OutcomeUnrecorded, RecordUnavailable):
        log.exception("the end of operation %s could not be recorded", operation.pk)
    return operation
