"""Reserving objects: one change of an object at a time, until no attempt of it can arrive any more.

Otherwise one of two changes would overwrite values that its author never saw. A reservation counts across
connections and teams, because they may use the same account on the platform.

Where an attempt got no answer, the object stays held after the end (late.py).
"""

from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_noop as _

from portal.connections.models import Connection
from portal.errors import Busy
from portal.kinds.identity import or_unknown
from portal.operations import entries, life
from portal.operations.models import ENDED, RUNNING, STATES, Operation, State
from portal.words import Sentence

BUSY_ENDED = Sentence(
    "operation.busy_ended", _("Another change of the same object has just ended. Try again.")
)
BUSY_ELSEWHERE = Sentence(
    "operation.busy_elsewhere",
    _("Another team's change of the same object is not over yet. Try again afterwards."),
)
BUSY_ELSEWHERE_UNTIL = Sentence(
    "operation.busy_elsewhere_until",
    _("Another team's change of the same object may still arrive until %(until)s. Try again afterwards."),
)
BUSY = Sentence(
    "operation.busy",
    _("%(person)s's change of the same object is not over yet: %(state)s. Try again afterwards."),
)
BUSY_UNTIL = Sentence(
    "operation.busy_until",
    _(
        "%(person)s's change of the same object is not over yet: %(state)s. An attempt without an answer may "
        "still arrive until %(until)s. Try again afterwards."
    ),
)
BUSY_LATE = Sentence(
    "operation.busy_late",
    _(
        "%(person)s's change of the same object is %(state)s, but an attempt of it got no answer and may "
        "still arrive until %(until)s. Try again afterwards."
    ),
)


def hold(operation):
    """Reserve the object for this operation. Raises Busy if another operation has it."""
    place = operation.place_on_platform
    try:
        if operation.kind.declared.scope:
            # It may be held by one that knows less of its scope, or more.
            _wait_for_none(operation, operation.object_id)
        if not _held(operation, place):
            _free(operation, place)
            if not _held(operation, place):
                raise _busy(operation, Operation.objects.filter(holds=place))
    except DatabaseError as error:
        raise entries.unavailable() from error


def require_free_id(operation):
    """Raise Busy if a change of an object with the id that a create asks for is not over yet.

    A delete of it could arrive late and delete the new object. And if nobody knows whether it happened, the
    new object would look like the old one. To be called in the transaction that marks it as being sent.
    """
    if id := operation.kind.asked_id(operation.data):
        _wait_for_none(operation, id)


def _wait_for_none(operation, id):
    """Raise Busy if another operation holds what may be the object with this id in the operation's scope."""
    others = Operation.objects.filter(
        connection_id__in=Connection.objects.of_account(operation.connection),
        kind_slug=operation.kind_slug,
        object_id=id,
    ).exclude(holds=None)
    if operation.object_scope:
        others = others.filter(object_scope__in=or_unknown(operation.object_scope))
    for place in others.values_list("holds", flat=True):
        _free(operation, place)
    if others.exists():
        raise _busy(operation, others)


def _held(operation, place):
    try:
        life.keep(operation, states=RUNNING, holds=place, late_until=operation.late_until)
    except IntegrityError:
        return False
    return True


def _free(operation, place):
    """Take the object from an operation that ended, if nothing of it can arrive any more.

    An operation that repeats another one takes over its object, and the time until which it is held.
    """
    over = Q(late_until__lte=Now()) | Q(late_until=None)
    if operation.follows_id:
        over |= Q(pk=operation.follows_id)
    with transaction.atomic():
        other = Operation.objects.select_for_update(of=("self",)).filter(holds=place, state__in=ENDED)
        other = other.filter(over).only("late_until").first()
        if other is None:
            return
        if other.pk == operation.follows_id:
            operation.late_until = other.late_until
        Operation.objects.filter(pk=other.pk).update(holds=None, next_look_at=None)


def _busy(operation, others):
    other = others.select_related("actor").first()
    if other is None:
        return Busy(BUSY_ENDED())
    until = other.late_until if other.state in (*ENDED, State.IN_DOUBT) else None
    if other.team_id != operation.team_id:
        return Busy(BUSY_ELSEWHERE_UNTIL(until=until) if until else BUSY_ELSEWHERE())
    known = {"person": other.actor.email, "state": STATES[other.state]()}
    if until is None:
        return Busy(BUSY(**known))
    return Busy((BUSY_LATE if other.state in ENDED else BUSY_UNTIL)(until=until, **known))
