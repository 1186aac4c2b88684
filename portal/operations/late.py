"""What may still arrive after an operation has ended: an attempt that got no answer.

An update that was repeated is done when the repeat is answered, but its first attempt may be carried out
later and overwrite what a colleague saved meanwhile. So the object stays held until `late_until`, which is
PORTAL_SETTLE_SECONDS after the operation got no answer. An absent change counts as absent after the same
time: the portal assumes one thing about how late a platform can be. Then last_look.py looks at the object.
"""

from datetime import timedelta

from django.conf import settings
from django.db.models import Case, CharField, DateTimeField, F, When
from django.db.models.functions import Now

from portal.operations.models import ENDED, HAPPENED, State

# An object that was not released by late_until stays held.
AS_LONG = {
    "holds": Case(When(late_until__gt=Now(), then=F("holds")), output_field=CharField()),
    "next_look_at": Case(When(late_until__gt=Now(), then=F("late_until")), output_field=DateTimeField()),
}


def until():
    """When an attempt that gets no answer now can no longer arrive, by the database's clock."""
    return Now() + timedelta(seconds=settings.SETTLE_SECONDS)


def held_after(operation, to, was, attempts):
    """The columns that keep the object held when an operation goes from `was` to its end; {} if none do."""
    if to not in ENDED or not operation.verb.on_object:
        return {}
    if may_arrive(operation, to, attempts):
        if State.SENDING not in was:
            return AS_LONG
        if settings.SETTLE_SECONDS:
            return {"holds": F("holds"), "late_until": until(), "next_look_at": until()}
    # What this operation repeats may arrive late as well.
    return AS_LONG if operation.follows_id and not _is_gone_for_good(operation, to) else {}


def may_arrive(operation, to, attempts):
    """Whether one of the HttpAttempts may still change the object of an operation that ends in `to`."""
    if _is_gone_for_good(operation, to):
        return False  # there is nothing left to delete
    unanswered = sum(each.is_unanswered for each in attempts)
    return unanswered > (to == State.FOUND and _changed_something(operation))


def _is_gone_for_good(operation, to):
    """Whether it deleted its object, and no new one can have the same id."""
    return operation.verb.removes and to in HAPPENED and not operation.kind.ids_return


def _changed_something(operation):
    """Whether one attempt must have arrived, as the object shows what it did not show before."""
    return not operation.verb.evidence.showed(operation.data or {}, operation.baseline)
