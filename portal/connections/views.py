"""Pages of a team's connections: list, detail, form, test. None of them shows a stored credential."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.connections import service
from portal.connections.checking import PART_NAMES, mask
from portal.connections.condition import FAILURES, failure_text, opened_or_empty
from portal.connections.forms import CREDENTIAL_LABELS, NAMES_OF_ACCOUNT, SIGN_INS, ConnectionForm, typed
from portal.connections.models import CREDENTIALS, Condition, Connection, Platform
from portal.teams.access import explain, may, require
from portal.teams.signin.confirming import confirmed
from portal.teams.who import OF_CONNECTION, who_page
from portal.web import kept
from portal.web.pages import page


@require_safe
def list_(request):
    visible = Connection.objects.visible_to(request.user).with_condition()
    rows = visible.filter(team=request.team) if request.team else []
    context = {
        "rows": rows,
        "failures_max": FAILURES,
        "is_live": any(_is_live(getattr(row, "condition", None)) for row in rows),
        "may_change": may(request.user, service.RIGHT, request.team),
    }
    return page(request, "connections/list.html", context, partial="rows")


def find(request, id):
    """The connection, in any of the person's teams; else 404."""
    return get_object_or_404(Connection.objects.visible_to(request.user).select_related("team"), pk=id)


@require_safe
def detail(request, id):
    return _detail(request, find(request, id))


@require_safe
def condition(request, id):
    """The detail page; htmx asks for the part of it that changes by itself."""
    return _detail(request, find(request, id), partial="condition")


@require_safe
def who(request, id):
    """Who may do what to the connection and to what is reached through it."""
    connection = find(request, id)
    above = [
        (_("Connections"), reverse("connections:list")),
        (str(connection), reverse("connections:detail", args=[id])),
    ]
    return who_page(request, connection, heading=connection, above=above, rights=OF_CONNECTION)


def _is_live(condition):
    return bool(condition) and condition.state in ("paused", "waiting")


def _detail(request, connection, result=None, partial="connection"):
    condition = Condition.objects.now().filter(pk=connection.pk).first()
    is_manager = may(request.user, service.RIGHT, connection)
    context = {
        "connection": connection,
        "condition": condition,
        "failure": failure_text(condition) if condition else "",
        "failures_max": FAILURES,
        "is_live": _is_live(condition),
        "facts": _facts(connection),
        "is_manager": is_manager,
        "why_not": explain(request.user, service.RIGHT, connection),
        "credentials": _credentials(connection) if is_manager else [],
        "failed_part": PART_NAMES.get(connection.check_part, connection.check_part),
        "result": result,
    }
    return page(request, "connections/detail.html", context, partial=partial)


def _facts(connection):
    names = ("endpoint", "iam_endpoint", "region", "project_id", "instance_id", "org_id")
    facts = [(Connection._meta.get_field(name).verbose_name, getattr(connection, name)) for name in names]
    return [(label, value) for label, value in facts if value]


def _credentials(connection):
    """(label, what may be shown, whether it is stored) of each credential that this sign-in needs."""
    stored = opened_or_empty(connection)
    for name in CREDENTIALS.get(connection.sign_in, ()):
        shown = mask(stored[name]) if stored.get(name) and name in NAMES_OF_ACCOUNT else ""
        yield CREDENTIAL_LABELS[name], shown, bool(stored.get(name))


@sensitive_post_parameters()
@confirmed("GET", "POST")
@require_http_methods(["GET", "POST"])
def new(request):
    team = request.team
    if team is None:
        raise Http404
    _require(request, "connection_create", team)
    wanted = request.POST if request.method == "POST" else kept.take(request) or request.GET
    if wanted.get("platform") not in Platform.values:
        choices = [(platform, [(way, way.label) for way in ways]) for platform, ways in SIGN_INS.items()]
        return page(request, "connections/choose.html", {"choices": choices})
    return _form(request, team, platform=wanted["platform"], sign_in=wanted.get("sign_in"))


@sensitive_post_parameters()
@confirmed("GET", "POST")
@require_http_methods(["GET", "POST"])
def edit(request, id):
    connection = find(request, id)
    _require(request, "connection_update", connection)
    return _form(request, connection.team, platform=connection.platform, connection=connection)


def _require(request, verb, thing):
    """Raise NotAllowed unless the person may run connections of `thing`; recorded when a form was sent."""
    if request.method == "POST":
        service.attempt(verb, actor=request.user, thing=thing)
    else:
        require(request.user, service.RIGHT, thing)


def _form(request, team, **about):
    if request.method == "GET":
        return _show(request, ConnectionForm(team=team, initial=typed(kept.initial(request)), **about))
    if "touch" in request.POST:
        return _show(request, ConnectionForm(team=team, initial=typed(request.POST), **about))
    form = ConnectionForm(request.POST, team=team, **about)
    if not form.is_valid():
        return _show(request, form, status=422)
    try:
        connection = _save(request, form)
    except ValidationError as error:
        form.add_error(None, error)
        return _show(request, form, status=422)
    messages.success(request, _("Connection %(name)s was saved. Test it now.") % {"name": connection.name})
    return _go(request, reverse("connections:detail", args=[connection.pk]))


def _save(request, form):
    given = {"actor": request.user, "values": form.values, "credentials": form.credentials}
    if form.connection:
        return service.change(form.connection, **given)
    return service.create(team=form.team, **given)


def _show(request, form, status=200):
    return page(request, "connections/form.html", {"form": form}, partial="form", status=status)


def _go(request, url):
    """Go to another page: by a header for htmx, else by a redirect."""
    if request.htmx:
        return HttpResponse(headers={"HX-Redirect": url})
    return redirect(url)


@require_POST
def test(request, id):
    connection = find(request, id)
    result = service.probe(connection, actor=request.user)
    return _detail(request, connection, result)


@require_POST
def try_again(request, id):
    connection = find(request, id)
    if service.try_again(connection, actor=request.user):
        messages.success(request, _("The next call finds out whether the platform works again."))
    else:
        messages.info(request, _("Calls to this connection are not paused."))
    if request.htmx:
        return _detail(request, connection, partial="condition")
    return redirect("connections:detail", connection.pk)


@confirmed("POST")
@require_http_methods(["GET", "POST"])
def delete(request, id):
    connection = find(request, id)
    _require(request, "connection_delete", connection)
    if request.method == "GET":
        return page(request, "connections/delete.html", {"connection": connection})
    try:
        service.delete(connection, actor=request.user)
    except ValidationError as error:
        context = {"connection": connection, "problem": error.messages[0]}
        return page(request, "connections/delete.html", context, status=422)
    messages.success(request, _("Connection %(name)s was deleted.") % {"name": connection.name})
    return redirect("connections:list")
