"""The page on which an owner says what became of an operation that the portal cannot tell by itself."""

from django.contrib import messages
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.errors import NotDecidable, OutcomeUnrecorded, PlatformError, RecordUnavailable
from portal.kinds.settling import FOUND, UNDECIDED
from portal.operations import deciding, settling
from portal.operations.entries import require_for
from portal.operations.forms import DecisionForm
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
    require(request.user, "settle", operation.team_id)
    if operation.state != State.NEEDS_HUMAN:
        messages.info(request, _("There is nothing to decide about this operation any more."))
        return redirect(operation_url(operation))
    return _show(request, _form(operation, initial=kept.initial(request)))


def _form(operation, data=None, initial=None):
    return DecisionForm(data, operation=operation, candidates=candidates(operation), initial=initial)


def candidates(operation):
    """Objects of the last look that could be read: each may be what this operation made."""
    looks = [look for look in operation.looks or [] if look["verdict"] != "failed"]
    if not looks or looks[-1]["verdict"] not in (UNDECIDED, FOUND):
        return []
    return [each["object"] for each in looks[-1]["candidates"]]


def _look(request, operation):
    """The platform once more before anything is decided; what was typed stays."""
    if operation.state != State.NEEDS_HUMAN:
        return _decided_before(request, operation)
    status = 200
    try:
        look = settling.look_again(operation, actor=request.user)
    except PlatformError as error:
        text = _("The platform could not be read, so nothing is concluded: %(error)s") % {"error": error}
        messages.warning(request, text)
        status = 503
    else:
        messages.info(request, look.text)
    operation = find(request, operation.pk)  # the look may have settled it, or somebody else decided it
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
    given = {"candidate": values["candidate"], "reason": values["reason"], "key": values["operation_key"]}
    try:
        result = deciding.decide(operation, actor=request.user, decision=decision, **given)
    except NotDecidable as error:
        operation.refresh_from_db()
        if operation.state != State.NEEDS_HUMAN:
            return _decided_before(request, operation)
        form.add_error(None, str(error))
        return _show(request, form, status=422)
    except PlatformError as error:
        text = _("The platform could not be read, so nothing was decided: %(error)s") % {"error": error}
        form.add_error(None, text)
        return _show(request, form, status=503)
    except RecordUnavailable as error:
        # "Send again" was decided and recorded, but the new operation was not: its page offers "Try again".
        messages.warning(request, str(error))
        return redirect(operation_url(operation))
    except OutcomeUnrecorded as error:
        messages.warning(request, str(error))
        result = error.operation
    messages.success(request, _("Your decision was recorded."))
    return redirect(operation_url(result)) if result.pk == operation.pk else go_to(request, result)


def _decided_before(request, operation):
    """The button was pressed twice, or somebody else was faster."""
    chosen = request.POST.get("decision")
    if operation.decision != chosen or operation.decided_by_id != request.user.pk:
        messages.warning(request, _("There is nothing to decide about this operation any more."))
        return redirect(operation_url(operation))
    messages.success(request, _("Your decision was recorded."))
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
    """What was seen just before it was sent: {"text": a sentence, "ids": [...]}."""
    seen = operation.baseline
    if isinstance(seen, list):
        if not seen:
            return {"text": _("Nothing on the platform had this name just before it was sent.")}
        return {"text": _("These objects had this name already just before it was sent:"), "ids": seen}
    if isinstance(seen, bool):
        return {"text": _was_there(operation, seen)}
    if isinstance(seen, dict):
        return {"text": _("What the object was just before it was sent stands beside each field below.")}
    if seen:
        return {"text": _("Just before it was sent, its status was “%(status)s”.") % {"status": seen}}
    return {"text": _("Nothing is known of the time before it was sent.")}


def _was_there(operation, seen):
    if operation.verb.on_object:
        return _("Just before it was sent, the object was there.")
    if seen:
        return _("Just before it was sent, the platform had an object with this id already.")
    return _("Just before it was sent, the platform had no object with this id.")


def choices(form):
    """[(decision, what it says, what follows from it, why it cannot be taken or "")]."""
    words = _about_a_new_object() if form.is_create else _about_an_object()
    why_not = {
        Decision.OURS: _("The last look showed no object that could be it. Look again first."),
        Decision.SEND_AGAIN: (
            _("It was asked for again already: see the operation that did.")
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
                "The object on the platform was made by this operation. It counts as found, stands in the "
                "lists, and nothing is sent. The portal reads the object once more before it believes this."
            ),
        ),
        Decision.NOT_OURS: (
            _("It is not ours"),
            _(
                "This operation made nothing: it ends as absent. Nothing is sent, and what stands on the "
                "platform is left alone. The same can be asked for again later."
            ),
        ),
        Decision.SEND_AGAIN: (
            _("Send again"),
            _(
                "This operation ends as absent, and the same request is sent once more as a new operation. "
                "Should the first one have happened after all, or happen late, there will be two objects."
            ),
        ),
    }


def _about_an_object():
    return {
        Decision.OURS: (
            _("It happened"),
            _("The change reached the platform. It counts as found, and nothing is sent."),
        ),
        Decision.NOT_OURS: (
            _("It did not happen"),
            _(
                "The change did not reach the platform: it ends as absent. Nothing is sent, and the object "
                "is left as it is. The same can be asked for again later."
            ),
        ),
        Decision.SEND_AGAIN: (
            _("Send again"),
            _(
                "This operation ends as absent, and the same request is sent once more as a new operation, "
                "whatever the object looks like now."
            ),
        ),
    }
