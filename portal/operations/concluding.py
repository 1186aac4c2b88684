"""conclude(): how an operation ends with the platform's answer, or with the error that came instead."""

import logging
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, DataError, IntegrityError, OperationalError, connection
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from portal.errors import OutcomeUnrecorded
from portal.operations import entries, late, life
from portal.operations.answered import take_answer
from portal.operations.attempts import completed
from portal.operations.authorship import take_back
from portal.operations.models import UNANSWERED, Operation, State
from portal.record.models import Stage
from portal.words import Sentence, to_json

log = logging.getLogger(__name__)

UNRECORDED = Sentence(
    "operation.unrecorded", _("The answer could not be recorded. The portal will find out what happened.")
)
MAY_ARRIVE = Sentence(
    "operation.may_arrive",
    _(
        "It was sent again because an attempt got no answer, and that attempt may still arrive until "
        "%(until)s. Until then the portal lets nobody else change the object."
    ),
)
TAKEN_OVER = Sentence("operation.taken_over", _("Another process took this operation over."))


def conclude(operation, state, answer, decoded=None, *, answers=(), secret_names=(), endings=(), said=None):
    """Commit mirror row, state and entry together. `answer` is an Answer or a PlatformError.

    Raises RecordUnavailable if nothing was sent and the end cannot be written; OutcomeUnrecorded if it was.
    """
    is_sent = operation.sent_at is not None
    columns, body = take_answer(operation, state, answer, decoded, secret_names, endings, said)
    attempts = completed(operation, dict(answers))
    columns["attempts"] = [each.to_json() for each in attempts]
    has_happened = state in (State.DONE, State.PARTLY)
    says_more = said or not operation.verb.on_object
    if state == State.DONE and not says_more and late.may_arrive(operation, state, attempts):
        until = timezone.now() + timedelta(seconds=settings.SETTLE_SECONDS)
        columns["words"] = to_json(MAY_ARRIVE(until=until))
    ending = {
        "columns": columns,
        "entry": lambda: entries.line(operation, Stage.OUTCOME, state, body),
        "happened": (lambda: operation.bring_mirror_in_line(decoded)) if has_happened else None,
    }
    try:
        try:
            is_mine = _end_claiming(operation, state, ending, decoded)
        except (IntegrityError, DataError, ValueError, TypeError):
            # The connection was deleted, or a value fits no column. The operation still ends, without mirror.
            log.exception("the mirror of operation %s could not be written", operation.pk)
            is_mine = _end(operation, state, {**ending, "happened": None})
    except (DatabaseError, ValueError, TypeError) as error:
        if not is_sent:
            raise entries.unavailable() from error
        raise OutcomeUnrecorded(UNRECORDED(), operation=operation) from error
    if is_mine:
        return operation
    if not is_sent:
        return Operation.objects.get(pk=operation.pk)  # cancelled or swept: nothing was sent
    raise OutcomeUnrecorded(TAKEN_OVER(), operation=operation)


def _end_claiming(operation, state, ending, decoded):
    """End the operation. If another create has claimed its object, the platform's clear answer counts."""

    def end():
        return _end(operation, state, ending)

    try:
        return twice(end)
    except IntegrityError:
        if operation.verb.on_object or not decoded or not take_back(operation, decoded):
            raise
        return twice(end)


def twice(write):
    """Write something; if the database connection is dead, once more with a new one.

    This happens when the database server was restarted during the call.
    """
    try:
        return write()
    except OperationalError as error:
        if connection.in_atomic_block or not _is_lost(error):
            raise
        connection.close()
        return write()


def _is_lost(error):
    """Whether PostgreSQL closed the connection: no SQL state at all, a connection exception or a shutdown."""
    state = getattr(error.__cause__, "sqlstate", "")
    return state is None or state.startswith(("08", "57P"))


def _end(operation, state, ending):
    """End the operation if this process still has it. A clear answer also counts after a sweep took it."""
    came_from = State.INTENT if operation.sent_at is None else State.SENDING
    if life.move(operation, state, was=(came_from,), **ending):
        return True
    if state not in (State.DONE, State.PARTLY, State.REJECTED) or came_from == State.INTENT:
        return False
    return life.move(operation, state, was=UNANSWERED, behind=1, **ending)
