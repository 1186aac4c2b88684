"""The page on which a team owner decides whether an operation happened that the portal cannot resolve."""

from django.contrib import messages
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.errors import NotDecidable, OutcomeUnrecorded, PlatformError, RecordUnavailable, WhyMissing
from portal.kinds.evidence import FOUND, UNDECIDED
from portal.operations import deciding, settling
from portal.operations.entries import require_for
from portal.operations.forms import DecisionForm, say_missing
from portal.operations.models import Decision, State
from portal.operations.shown import Shown
from portal.operations.views import find, go_to, operation_url
from portal.platforms.answers import storable
from portal.teams.access import require
from portal.web import kept
from portal.web.pages import page


@require_http_methods(["GET", "POST"])
def decide(request, id):
    operation = find(request, id)
    if request.method == "POST":
        require_for(operation, request.user, "settle", "decide")
        if "look" in request.POST:
            return _look(request, operation)
        return _take(request, operation, _form(operation, request.POST))
    require(request.user, "settle", operation)
    if operation.state != State.NEEDS_HUMAN:
        messages.info(request, _("This operation no longer needs a decision."))
        return redirect(operation_url(operation))
    return _show(request, _form(operation, initial=kept.initial(request)))


def _form(operation, data=None, initial=None):
    return DecisionForm(data, operation=operation, candidates=candidates(operation), initial=initial)


def candidates(operation):
    """The objects in the last look that did not fail. Each may be the one that this operation made."""
    looks = [look for look in operation.looks or [] if look["verdict"] != "failed"]
    if not looks or looks[-1]["verdict"] not in (UNDECIDED, FOUND):
        return []
    return [each["object"] for each in looks[-1]["candidates"]]


def _look(request, operation):
    """The button "Check again first": look on the platform and draw the form again with what was typed."""
    if operation.state != State.NEEDS_HUMAN:
        return _decided_before(request, operation)
    status = 200
    try:
        look = settling.look_again(operation, actor=request.user)
    except PlatformError as error:
        text = _("The platform could not be read, so nothing has changed here: %(error)s") % {"error": error}
        messages.warning(request, text)
        status = 503
    else:
        messages.info(request, look.said)
    operation = find(request, operation.pk)  # the look may have settled it, or someone else decided
    if operation.state != State.NEEDS_HUMAN:
        return redirect(operation_url(operation))
    typed = {name: value for name, value in request.POST.items() if value}
    return _show(request, _form(operation, initial=typed), status)


def _take(request, operation, form):
    if operation.state != State.NEEDS_HUMAN:
        return _decided_before(request, operation)
    if not form.is_valid():
        return _show(request, form, status=422)
    values = form.cleaned_data
    decision = values["decision"]
    given = {name: values[name] for name in ("candidate", "reason", "ticket")}
    try:
        result = deciding.decide(
            operation, actor=request.user, decision=decision, key=values["operation_key"], **given
        )
    except WhyMissing as error:
        say_missing(form, error)
        return _show(request, form, status=422)
    except NotDecidable as error:
        operation.refresh_from_db()
        if operation.state != State.NEEDS_HUMAN:
            return _decided_before(request, operation)
        form.add_error(None, str(error))
        return _show(request, form, status=422)
    except PlatformError as error:
        text = _("The platform could not be read, so your decision was not saved: %(error)s") % {
            "error": error
        }
        form.add_error(None, text)
        return _show(request, form, status=503)
    except RecordUnavailable as error:
        # "Send again" is decided and recorded, but the new operation is not. The page offers "Try again".
        messages.warning(request, str(error))
        return redirect(operation_url(operation))
    except OutcomeUnrecorded as error:
        messages.warning(request, str(error))
        result = error.operation
    messages.success(request, _("Your decision was saved."))
    return redirect(operation_url(result)) if result.pk == operation.pk else go_to(request, result)


def _decided_before(request, operation):
    """The answer if it is already decided: the button was pressed twice, or someone else was faster."""
    chosen = request.POST.get("decision")
    if operation.decision != chosen or operation.decided_by_id != request.user.pk:
        messages.warning(request, _("This operation no longer needs a decision."))
        return redirect(operation_url(operation))
    messages.success(request, _("Your decision was saved."))
    key = storable(request.POST.get("operation_key", ""))[:64]
    again = operation.followers.filter(key=key).first()
    return redirect(operation_url(again or operation))


def _show(request, form, status=200):
    operation = form.operation
    shown = Shown(operation, request.user)
    context = {
        "operation": operation,
        "shown": shown,
        "form": form,
        "before": before(operation),
        "choices": choices(form),
        "chosen": form["decision"].value(),
    }
    return page(request, "operations/decide.html", context, status=status)


def before(operation):
    """What the platform showed just before sending: {"text": a sentence, "ids": [...]}."""
    if operation.baseline is None:
        return {"text": _("It is not known what the platform showed before sending.")}
    said, ids = operation.verb.evidence.before(operation.baseline)
    return {"text": said, "ids": ids}


def choices(form):
    """[(decision, label, explanation, why it cannot be chosen or "")]."""
    words = _about_a_new_object() if form.is_create else _about_an_object()
    why_not = {
        Decision.OURS: _("The last check found no object that fits this operation. Check again first."),
        Decision.SEND_AGAIN: (
            _("It was already requested again. See the operation that repeats it.")
            if form.operation.repeated_by
            else _("Its connection was deleted, so it cannot be sent again.")
        ),
    }
    return [
        (decision, label, text, "" if decision in form.possible else why_not[decision])
        for decision, (label, text) in words.items()
    ]


def _about_a_new_object():
    return {
        Decision.OURS: (
            _("It is ours"),
            _(
                "This operation created the object on the platform. It is marked as found and appears in "
                "lists. Nothing is sent. The portal reads the object once more to make sure that it exists."
            ),
        ),
        Decision.NOT_OURS: (
            _("It is not ours"),
            _(
                "This operation created nothing and is marked as absent. Nothing is sent, and nothing "
                "changes on the platform. You can request the same again later."
            ),
        ),
        Decision.SEND_AGAIN: (
            _("Send again"),
            _(
                "This operation is marked as absent, and the same request is sent as a new operation. If the "
                "first request happened after all, or still happens late, there will be two objects."
            ),
        ),
    }


def _about_an_object():
    return {
        Decision.OURS: (
            _("It happened"),
            _("The platform carried out the change. It is marked as found. Nothing is sent."),
        ),
        Decision.NOT_OURS: (
            _("It did not happen"),
            _(
                "The platform did not carry out the change. It is marked as absent. Nothing is sent, and the "
                "object stays as it is. You can request the same again later."
            ),
        ),
        Decision.SEND_AGAIN: (
            _("Send again"),
            _(
                "This operation is marked as absent, and the same request is sent as a new operation, "
                "whatever the object looks like now."
            ),
        ),
    }
