"""A few pages that stand on the shell, so that it is tested without the rest of the portal."""

from types import SimpleNamespace

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db import OperationalError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import include, path

from portal.errors import KeyReused, NotAllowed, NotVisible, RecordUnavailable, Rejected
from portal.web import errors, kept
from portal.web.pages import page, say

handler400 = errors.bad_request
handler403 = errors.forbidden
handler404 = errors.not_found
handler500 = errors.server_error


def shell(request):
    """Stands in for portal.home.context.shell."""
    team = SimpleNamespace(pk="1", name="Plant 3")
    item = {"label": "Buses", "url": "/rows/", "icon": "topology-star-3", "active": True, "count": 3}
    return {"menu": [{"label": "Cloud", "items": [item]}], "team": team, "teams": [team], "demo": True}


@login_not_required
def rows(request):
    return page(request, "tests_web/rows.html", {"rows": ["north", "south"]}, partial="rows")


@login_not_required
def whole(request):
    return page(request, "tests_web/rows.html", {"rows": ["north"]})


class NameForm(forms.Form):
    name = forms.CharField(label="Bus name", max_length=64)


@login_not_required
def form(request):
    bound = NameForm(request.POST)
    messages.warning(request, "The form needs you.")
    return page(
        request, "tests_web/form.html", {"form": bound}, partial="form", status=int(request.POST["status"])
    )


@login_not_required
def done(request, way):
    messages.success(request, "Bus “nörth” was created.")
    match way:
        case "empty":
            return HttpResponse(headers={"HX-Trigger": "changed"})
        case "json":
            return HttpResponse(headers={"HX-Trigger": '{"changed": {"id": 7}}'})
        case "hx-redirect":
            return HttpResponse(headers={"HX-Redirect": "/rows/"})
        case "redirect":
            return redirect("/rows/")
    return HttpResponse(status=500)


ERRORS = {
    "allowed": NotAllowed("You may not create.", right="create", granted_by=["Owner"]),
    "visible": NotVisible("No such thing."),
    "key": KeyReused("This was sent before."),
    "record": RecordUnavailable("The record cannot be written.\nNothing was sent — größte Vorsicht."),
    "rejected": Rejected("Refused.", status=400, code="IOTDA.001", request_id="req-77"),
    "outage": OperationalError("database is locked"),
    "missing": Http404(),
    "bug": RuntimeError("details that nobody may see"),
}


@login_not_required
def fails(request, name):
    raise ERRORS[name]


@login_not_required
def message(request):
    return say(HttpResponse(status=503), "100 % größer\nzweite Zeile")


def guarded(request):
    return HttpResponse("inside")


sent = []  # what reached the form's own view


def note(request, action="/note/"):
    """A form behind sign-in; with `action` one that posts elsewhere."""
    if request.method == "POST":
        sent.append(request.POST.dict())
        return redirect("/rows/")
    return page(request, "tests_web/note.html", {"typed": kept.initial(request, action), "action": action})


urlpatterns = [
    path("", login_not_required(lambda request: HttpResponse("start")), name="start"),
    path("rows/", rows),
    path("whole/", whole),
    path("form/", form),
    path("done/<way>/", done),
    path("fails/<name>/", fails),
    path("message/", message),
    path("guarded/", guarded),
    path("note/", note),
    path("board/", note, {"action": "/board/pin/"}),
    path("board/pin/", note),
    path("accounts/", include("portal.teams.account_urls")),
    path("profile/", include("portal.teams.profile_urls")),
    path("", include("portal.web.urls")),
    path("teams/", include(([path("switch/", rows, name="switch")], "teams"))),
]
