"""The list of operations, newest first, page by page: what pages and the API show of it."""

import uuid

from django.db.models import Count, Q

from portal.operations.models import RUNNING, UNANSWERED, UNSETTLED, State

PAGE = 50
# Filters of the list that stand for several states. A single state is a filter, too.
GROUPS = {"running": RUNNING, "unsettled": UNSETTLED}


def is_state(text):
    """Whether the list can be filtered by it."""
    return text in GROUPS or text in State.values


def listed(operations, state="", before=""):
    """(operations of one page, the id behind which the next page begins or "").

    `before` is such an id. A `state` that is none filters nothing.
    """
    chosen = operations
    if is_state(state):
        chosen = operations.filter(state__in=GROUPS.get(state, [state]))
    if before:
        chosen = _older(chosen, anchor(operations, before))
    found = list(chosen.select_related("actor", "token", "step").order_by("-created_at", "-pk")[: PAGE + 1])
    return found[:PAGE], found[PAGE - 1].pk if len(found) > PAGE else ""


def unsettled_counts(operations):
    """{filter of the list: number of operations} for those that have not ended."""
    found = operations.filter(state__in=UNSETTLED).order_by().values_list("state").annotate(Count("pk"))
    by_state = dict(found)
    return {
        "running": sum(by_state.get(state, 0) for state in RUNNING),
        **{str(state): by_state.get(state, 0) for state in UNANSWERED},
    }


def anchor(operations, id):
    """The operation with this id, whatever its state is by now; None if there is none."""
    return operations.filter(pk=id).first() if _is_uuid(id) else None


def _older(operations, anchor):
    """The operations after that one, in the list's order; none without one."""
    if anchor is None:
        return operations.none()
    same_time = Q(created_at=anchor.created_at, pk__lt=anchor.pk)
    return operations.filter(Q(created_at__lt=anchor.created_at) | same_time)


def _is_uuid(text):
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
