"""The list of operations, the page of one operation, and the buttons on that page.

Each button (cancel, try again, check again, show secrets) posts to its own address. The page on which an
owner decides is in portal/operations/decision_page.py.
"""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal.errors import NotRepeatable, OutcomeUnrecorded, PlatformError, WhyMissing
from portal.operations import deciding, settling
from portal.operations.entries import require_for
from portal.operations.listing import is_state, listed, unsettled_counts
from portal.operations.many import Asked
from portal.operations.models import HAPPENED, UNANSWERED, Operation, State
from portal.operations.shown import DOUBT_SECONDS, Shown, list_mark, seconds_to_next
from portal.operations.shown_once import refuse_to_show, show_secrets
from portal.outside import isolated
from portal.sealing import CannotOpen
from portal.teams.access import may
from portal.teams.readers import has_read
from portal.web.following import address, is_unchanged
from portal.web.pages import page, say


@require_safe
def list_(request):
    operations = Operation.objects.visible_to(request.user).filter(team=request.team)
    counts = unsettled_counts(operations)
    batch = Asked.read(operations, request.GET.get("batch", ""))
    operations = batch.operations if batch else operations
    state = request.GET.get("state", "")
    is_filtered = is_state(state)
    shown, next_id = listed(operations, state, request.GET.get("before", ""))
    mark = list_mark(shown, counts)
    if is_unchanged(request, mark):
        return HttpResponse(status=204)
    for each in shown:
        each.may_cancel = each.state == State.INTENT and may(request.user, each.verb.right, each)
    context = {
        "operations": shown,
        "next": next_id,
        "batch": batch,
        "state": state,
        "states": State.choices,
        "counts": counts,
        "mark": mark,
        "address": address(request),
        # A filtered list also changes when operations outside it change their state.
        "seconds": seconds_to_next(shown) or (DOUBT_SECONDS if is_filtered else None),
    }
    return page(request, "operations/list.html", context, partial="rows")


def find(request, id):
    """The operation, if this person may see it; else 404."""
    related = (
        "actor",
        "token",
        "team",
        "connection",
        "decided_by",
        "follows",
        "approval__actor",
        "approval__decided_by",
    )
    return get_object_or_404(Operation.objects.visible_to(request.user).select_related(*related), pk=id)


@require_safe
def detail(request, id):
    operation = find(request, id)
    shown = Shown(operation, request.user)
    if is_unchanged(request, shown.mark):
        return HttpResponse(status=204)
    if shown.may_read and not shown.is_mine:  # the request and the answer belong to the record
        has_read(request.user, operation.team, "operation", {"operation": str(operation.pk)})
    return _show(request, operation, shown=shown)


def _show(request, operation, status=200, **context):
    context["operation"] = operation
    return page(request, "operations/detail.html", context, partial="operation", status=status)


@require_POST
def look_again(request, id):
    """Check on the platform now whether an operation in doubt happened."""
    operation = find(request, id)
    if operation.state not in UNANSWERED:
        return redirect(operation_url(operation))
    try:
        look = settling.look_again(operation, actor=request.user)
    except PlatformError as error:
        text = _("The platform could not be read, so nothing has changed here: %(error)s") % {"error": error}
        messages.warning(request, text)
        if request.htmx:
            return say(_show(request, operation, status=503), text)
    else:
        messages.info(request, look.said)
    return redirect(operation_url(operation))


@require_POST
def cancel(request, id):
    """Cancel an operation that was not sent yet. The list posts `state`, the filter to return to."""
    operation = find(request, id)
    if deciding.cancel(operation, actor=request.user):
        messages.success(request, _("Cancelled. Nothing was sent."))
    else:
        messages.warning(request, _("It was too late to cancel this operation."))
    state = request.POST.get("state")
    if state is None:
        return redirect(operation_url(operation))
    return redirect(f"{reverse('operations:list')}?state={state}" if is_state(state) else "operations:list")


@require_POST
def requeue(request, id):
    """Request the same again, as a new operation."""
    operation = find(request, id)
    if operation.verb.removes:
        return _ask_first(request, operation)
    key = request.POST.get("operation_key", "")[:64]
    if not key:
        messages.error(request, _("The request was incomplete, so nothing was sent. Press the button again."))
        return redirect(operation_url(operation))
    try:
        repeat = deciding.requeue(operation, actor=request.user, key=key)
    except (NotRepeatable, WhyMissing) as error:
        messages.error(request, str(error))
        asks = isinstance(error, WhyMissing) and Shown(operation, request.user).actions.form_url
        return redirect(asks or operation_url(operation))
    except OutcomeUnrecorded as error:
        messages.warning(request, str(error))
        repeat = error.operation
    return go_to(request, repeat)


def _ask_first(request, operation):
    """Redirect to the form that says what a delete removes: one press deletes nothing."""
    require_for(operation, request.user, operation.verb.right, "requeue")
    address = Shown(operation, request.user).actions.form_url
    if not address:
        messages.error(request, _("This cannot be requested again. Nothing was sent."))
        return redirect(operation_url(operation))
    messages.info(request, _("Nothing was sent yet. Confirm it here."))
    return redirect(address)


def go_to(request, operation):
    """Redirect to the page of an operation that was just requested, with a message if it happened."""
    if operation.state in HAPPENED and operation.verb.done:
        messages.success(request, operation.verb.done % {"name": isolated(operation.object_name)})
    return redirect(operation_url(operation))


@require_POST
def secrets(request, id):
    """Show the secrets that the platform returned, once, only to the person who made the request."""
    operation = find(request, id)
    if operation.actor_id != request.user.pk:
        refuse_to_show(operation, actor=request.user)
        raise Http404
    try:
        shown = show_secrets(operation, actor=request.user)
    except CannotOpen as error:
        messages.error(request, str(error))
        return redirect(operation_url(operation))
    return page(request, "operations/secrets.html", {"operation": operation, "secrets": shown})


def operation_url(operation):
    return reverse("operations:detail", args=[operation.pk])
