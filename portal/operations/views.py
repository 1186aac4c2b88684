"""Pages of operations: what is running, in doubt or needs a human, and one operation with its evidence."""

import uuid

from django.contrib import messages
from django.db.models import Q
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from portal.connections.sealing import CannotOpen
from portal.errors import PlatformError
from portal.operations import settling
from portal.operations.models import UNSETTLED, Operation, State
from portal.platforms import advice
from portal.record.models import Entry
from portal.teams.access import history_scope, may
from portal.web.pages import page, say

PAGE = 50


@require_GET
def list_(request):
    operations = Operation.objects.visible_to(request.user).filter(team=request.team)
    state = request.GET.get("state", "")
    if state == "unsettled":
        operations = operations.filter(state__in=UNSETTLED)
    elif state in State.values:
        operations = operations.filter(state=state)
    if before := request.GET.get("before", ""):
        operations = _older(operations, before)
    shown = list(operations.select_related("actor").order_by("-created_at", "-pk")[: PAGE + 1])
    context = {
        "operations": shown[:PAGE],
        "next": shown[PAGE - 1].pk if len(shown) > PAGE else "",
        "state": state,
        "states": State.choices,
        "is_running": any(each.is_running for each in shown[:PAGE]),
    }
    return page(request, "operations/list.html", context, partial="rows")


def _older(operations, before):
    """Those behind the operation with this id, in the list's order; nothing when there is no such one."""
    anchor = operations.filter(pk=before).first() if _is_uuid(before) else None
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


def _find(request, id):
    operations = Operation.objects.visible_to(request.user).select_related("actor", "team", "connection")
    return get_object_or_404(operations, pk=id)


@require_GET
def detail(request, id):
    return _show(request, _find(request, id))


def _show(request, operation, status=200, **context):
    entries = Entry.objects.filter(history_scope(request.user), operation=str(operation.pk)).order_by("seq")
    hint = advice(operation.platform, operation.platform_code)
    context |= {
        "operation": operation,
        "entries": entries,
        "may_look": may(request.user, operation.verb.right, operation.team_id),
        "is_mine": operation.actor_id == request.user.pk,
        "hint": hint and _(hint),
        "may_read": _reads_bodies(request.user, operation),
    }
    return page(request, "operations/detail.html", context, partial="operation", status=status)


def _reads_bodies(user, operation):
    """Requests and answers are part of the record; a viewer sees its one line."""
    own = operation.actor_id == user.pk and may(user, "read_own_record", operation.team_id)
    return own or may(user, "read_record", operation.team_id)


@require_POST
def look_again(request, id):
    """Ask the platform now what became of an operation in doubt."""
    operation = _find(request, id)
    if operation.state not in (State.IN_DOUBT, State.NEEDS_HUMAN):
        return redirect("operations:detail", operation.pk)
    try:
        look = settling.look_again(operation, actor=request.user)
    except PlatformError as error:
        text = _("The platform could not be read, so nothing is concluded: %(error)s") % {"error": error}
        messages.warning(request, text)
        return (
            say(_show(request, operation, status=503), text)
            if request.htmx
            else redirect(operation_url(operation))
        )
    messages.info(request, look.text)
    return redirect(operation_url(operation))


@require_POST
def secrets(request, id):
    """Show, once, the secrets that the platform answered with; only to the person who asked for them."""
    operation = _find(request, id)
    if operation.actor_id != request.user.pk:
        raise Http404
    try:
        shown = settling.show_secrets(operation, actor=request.user)
    except CannotOpen as error:
        messages.error(request, str(error))
        return redirect(operation_url(operation))
    return page(request, "operations/secrets.html", {"operation": operation, "secrets": shown})


def operation_url(operation):
    return reverse("operations:detail", args=[operation.pk])
