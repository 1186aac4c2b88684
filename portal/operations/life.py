"""The life of an operation. Only this file writes its state.

    intent -> sending -> done | partly | rejected | not_sent
                      -> in_doubt -> found | absent | needs_human
    absent -> found: a create that the platform committed late
    found -> needs_human: a create whose object turned out to be another one's

`begin` commits the operation before anything is sent. `move` changes its state: in one transaction it checks
the fence, updates the columns, writes the mirror and the record entry, and releases what the operation held.
"""

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from portal import statements
from portal.operations import late, leases
from portal.operations.attempts import HttpAttempt
from portal.operations.entries import line
from portal.operations.models import ENDED, Operation, State
from portal.record import store
from portal.record.models import Stage
from portal.record.store import append

MOVES = {
    # Rejected: the platform may refuse the read before sending. Cancelled: by a person.
    State.INTENT: {State.SENDING, State.REJECTED, State.NOT_SENT, State.CANCELLED},
    State.SENDING: {State.DONE, State.PARTLY, State.REJECTED, State.NOT_SENT, State.IN_DOUBT},
    # To itself: one more look showed nothing new. To done, partly or rejected: the clear answer came late.
    State.IN_DOUBT: {
        *(State.IN_DOUBT, State.FOUND, State.ABSENT, State.NEEDS_HUMAN),
        *(State.DONE, State.PARTLY, State.REJECTED),
    },
    State.NEEDS_HUMAN: {
        *(State.NEEDS_HUMAN, State.FOUND, State.ABSENT),
        *(State.DONE, State.PARTLY, State.REJECTED),
    },
    # An absent create is watched for one more day.
    State.ABSENT: {State.ABSENT, State.FOUND, State.NEEDS_HUMAN},
    # The platform answered another create that it made the object (authorship.take_back).
    State.FOUND: {State.NEEDS_HUMAN},
}

# What changes at an end: others may change the object (but see late.py), no more looks are due, the secrets
# are deleted.
OVER = {"holds": None, "next_look_at": None, "watch_until": None, "sealed_data": ""}


def begin(operation, body, *checks, take=None):
    """Commit a new operation and its first entry; see `begin_all`."""
    begin_all([(operation, body)], *checks, take=take)


def begin_all(begun, *checks, take=None):
    """Commit new operations, each with its first entry: all or none. `begun` are pairs of an operation and
    the body of its entry. `checks` are functions that run first, in the transaction. `take` then takes up the
    approval that they have, and returns the entry of that (approval.Grant).

    Raises what a check raises, IntegrityError if the key is used or the followed operation was already
    repeated, and DatabaseError if the record cannot be written.
    """
    begun, lines = list(begun), []
    for operation, body in begun:
        operation.state, operation.lease_until = State.INTENT, leases.until()
        operation.created_at = timezone.now()
        lines.append(store.line(**line(operation, Stage.INTENT, "asked", body)))
    with transaction.atomic(durable=True):
        for check in checks:
            check()
        lines = [take(), *lines] if take else lines
        for operation, _body in begun:
            statements.insert(operation)
        append(*lines)


def move(
    operation,
    to,
    *,
    was=None,
    only=None,
    guard=None,
    columns=None,
    happened=None,
    entry=None,
    takes_over=False,
    behind=0,
):
    """Change an operation's state to `to`. Returns False and writes nothing if someone else was faster.

    - `was` are the states it may come from; by default the operation's current one. MOVES must allow each.
    - `only` is one more condition on the row (a Q). `guard` is called first in the transaction; if it returns
      False, nothing is written.
    - `columns` is {column: value} that changes too. `happened` is a function that writes the mirror. `entry`
      is a function that makes the record entry; it is called when the operation has its new values.
    - `takes_over` raises the fence (`attempt`), so that the process that works on the operation can write
      nothing any more. `behind=1` accepts a fence that was raised once since: a clear answer that came late.
    """
    was = was or (operation.state,)
    if unknown := [state for state in was if to not in MOVES.get(state, ())]:
        raise ValueError(f"no operation goes from {', '.join(unknown)} to {to}")
    changes = _following(operation, to, was, columns or {})
    mine = {"id": operation.pk, "attempt": operation.attempt + behind, "state": tuple(was)}
    if takes_over:
        changes["attempt"] = operation.attempt + 1
    before = dict(vars(operation))
    for name, value in changes.items():
        if not hasattr(value, "resolve_expression"):  # Now() and such have no value in Python
            setattr(operation, name, value)
    # The entry is made before the transaction, which on SQLite blocks all other writers.
    lines = [store.line(**entry())] if entry else []
    is_written = False
    try:
        with transaction.atomic(durable=True):
            is_moved = _move(changes, mine, only, guard, happened, lines)
            if not is_moved:
                transaction.set_rollback(True)
        is_written = is_moved
    finally:
        if not is_written:
            vars(operation).update(before)  # no page may show a state that was not written
    return is_written


def _move(changes, mine, only, guard, happened, lines):
    if guard and not guard():
        return False
    if happened:
        happened()
    if not _write(changes, mine, only):
        return False
    if lines:
        append(*lines)
    return True


def keep(operation, *, states, only=None, happened=None, entry=None, **columns):
    """Change columns, not the state. Returns False if this process no longer has the operation.

    The other options are those of `move`.
    """
    mine = {"id": operation.pk, "attempt": operation.attempt, "state": tuple(states)}
    lines = [store.line(**entry())] if entry else []
    with transaction.atomic(durable=True):
        is_kept = _move(columns, mine, only, None, happened, lines)
        if not is_kept:
            transaction.set_rollback(True)
    return is_kept


def _write(columns, mine, only=None):
    """How many rows were written, 0 or 1; `mine` is the fence, `only` a further condition (a Q)."""
    # An expression in a text column, such as late.py's, is more than statements.update can write.
    if only is None and not hasattr(columns.get("holds"), "resolve_expression"):
        return statements.update(Operation, columns, **mine)
    rows = Operation.objects.filter(pk=mine["id"], attempt=mine["attempt"], state__in=mine["state"])
    return rows.filter(only or Q()).update(**columns)


def _following(operation, to, was, columns):
    """All columns that change when an operation goes from `was` to `to`."""
    changes = {"state": to}
    if to == State.SENDING:
        changes |= {"sent_at": timezone.now(), "lease_until": leases.until()}
    if to == State.IN_DOUBT:
        changes["next_look_at"] = Now()
        if to not in was:
            changes["late_until"] = late.until()
    if to in ENDED:
        if to not in was:
            changes["ended_at"] = timezone.now()
        # A watched create keeps its data: a late commit is recognised by it.
        changes |= {} if columns.get("watch_until") else OVER
    attempts = columns.get("attempts", operation.attempts) or []
    attempts = [HttpAttempt.from_json(each) for each in attempts]
    return changes | columns | late.held_after(operation, to, was, attempts)
