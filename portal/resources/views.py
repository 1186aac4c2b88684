"""Pages that serve every kind: list, detail, and the form of each verb. No page asks which kind it has."""

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.connections.models import Connection
from portal.errors import KeyReused, OutcomeUnrecorded, PortalError, RecordUnavailable
from portal.operations.models import HAPPENED, UNANSWERED, Cause, Operation, State
from portal.operations.service import admit, perform
from portal.platforms import advice
from portal.record.models import Entry
from portal.resources import reading
from portal.resources.changing import versions
from portal.resources.forms import touched_initial
from portal.resources.starting import starting_values
from portal.teams.access import explain, history_scope, may, require
from portal.web.following import address, is_unchanged, mark, without_mark
from portal.web.pages import is_piece, page, say

PAGE = 50


def connections_of(request, kind):
    """This team's connections to the kind's platform."""
    return Connection.objects.visible_to(request.user).filter(platform=kind.platform, team=request.team)


@require_GET
def list_(request, kind):
    connections = list(connections_of(request, kind))
    reads = [reading.read_list(kind, connection) for connection in connections]
    rows, filters = _narrow(request, kind, connections, reads)
    shown = list(rows[: PAGE + 1])
    columns = [column for column in kind.columns if column.name != "name"]
    seen = mark(
        [(row.pk, str(row), row.state, [getattr(row, each.name) for each in columns]) for row in shown],
        [(str(read.problem), read.is_complete, read.total) for read in reads],
    )
    if is_unchanged(request, seen):
        return HttpResponse(status=204)
    context = {
        "kind": kind,
        "columns": columns,
        "connections": connections,
        "reads": reads,
        "problems": [read for read in reads if read.problem],
        "partial_reads": [read for read in reads if not read.problem and not read.is_complete],
        "rows": shown[:PAGE],
        "next_url": _next_url(request, shown),
        "filters": filters,
        "query": request.GET.get("q", ""),
        "is_filtered": any(request.GET.get(name) for name in ("q", "connection", "after", *kind.filters)),
        "may_create": request.team and may(request.user, "create", request.team.pk),
        "may_connect": request.team and may(request.user, "connections", request.team.pk),
        "is_following": any(row.state in kind.following for row in shown[:PAGE]),
        "mark": seen,
        "address": address(request),
    }
    return page(request, "resources/list.html", context, partial="rows")


def _narrow(request, kind, connections, reads):
    """The mirror rows that the address asks for, in keyset order, and the filters with their choices."""
    rows = kind.model.objects.present().filter(connection__in=connections).select_related("connection")
    if text := request.GET.get("q", "").strip():
        rows = rows.filter(Q(name__icontains=text) | Q(remote_id__icontains=text))
    if (chosen := request.GET.get("connection")) and chosen in {str(each.pk) for each in connections}:
        rows = rows.filter(connection_id=chosen)
    filters = []
    for name in kind.filters:
        value = request.GET.get(name, "")
        values = sorted(
            {str(item.get(name) or "") for read in reads for item in read.items} - {""} | {value} - {""}
        )
        filters.append(
            {"name": name, "label": kind.model._meta.get_field(name).verbose_name, "values": values}
        )
        filters[-1]["value"] = value
        if value:
            rows = rows.filter(**{name: value})
    name, _bar, remote_id = request.GET.get("after", "").rpartition("|")
    if remote_id:
        rows = rows.filter(Q(name__gt=name) | Q(name=name, remote_id__gt=remote_id))
    return rows.order_by("name", "remote_id"), filters


def _next_url(request, shown):
    if len(shown) <= PAGE:
        return ""
    last = shown[PAGE - 1]
    query = without_mark(request)
    query["after"] = f"{last.name}|{last.remote_id}"
    return f"?{query.urlencode()}"


def find(request, kind, id):
    """The mirror row under a portal id, or under a platform's id when only one is visible; else 404."""
    rows = kind.model.objects.visible_to(request.user).select_related("connection__team")
    found = list(rows.filter(remote_id=id)[:2]) if not _is_uuid(id) else []
    found = found or (list(rows.filter(pk=id)) if _is_uuid(id) else []) or list(rows.filter(remote_id=id)[:2])
    if len(found) != 1:
        raise Http404
    return found[0]


def _is_uuid(text):
    return len(text) == 36 and text.count("-") == 4 and all(c in "0123456789abcdefABCDEF-" for c in text)


@require_GET
def detail(request, kind, id):
    row = find(request, kind, id)
    row, problem = reading.read_one(kind, row)
    team = row.connection.team_id
    fields = _fields(kind, row)
    entries = Entry.objects.filter(history_scope(request.user), kind=kind.slug, object_id=row.remote_id)
    entries = entries.filter(connection_id=str(row.connection_id))
    entries = list(entries.exclude(stage="intent")[:10])
    doubts = doubts_about(request, kind, row)
    shown = mark(
        [row.state, row.gone_at, str(problem), [value for _label, value, _field in fields]],
        [entry.seq for entry in entries],
        [(each.pk, each.state) for each in doubts],
    )
    if is_unchanged(request, shown):
        return HttpResponse(status=204)
    context = {
        "kind": kind,
        "row": row,
        "problem": problem,
        "fields": fields,
        "verbs": [(verb, explain(request.user, verb.right, team)) for verb in kind.object_verbs],
        "entries": entries,
        "doubts": doubts,
        "is_following": row.state in kind.following and not problem,
        "mark": shown,
        "address": address(request),
    }
    return page(request, "resources/detail.html", context, partial="resource")


def doubts_about(request, kind, row):
    """Operations on the object of which nobody knows whether they happened."""
    operations = Operation.objects.visible_to(request.user).filter(state__in=UNANSWERED)
    same = {"kind_slug": kind.slug, "object_id": row.remote_id, "connection_id": row.connection_id}
    return list(operations.filter(**same).order_by("created_at"))


def _fields(kind, row):
    return [(field.verbose_name, getattr(row, field.name), field) for field in kind.model.platform_fields()]


@require_http_methods(["GET", "POST"])
def create(request, kind):
    if not kind.creates:
        raise Http404
    return _form(request, kind, kind.verb("create"))


@require_http_methods(["GET", "POST"])
def act(request, kind, id, verb):
    try:
        verb = kind.verb(verb)
    except KeyError as error:
        raise Http404 from error
    row = find(request, kind, id)
    if not verb.on_object:
        raise Http404
    if verb.form is None:
        return _button(request, kind, verb, row)
    return _form(request, kind, verb, row)


@require_POST
def _button(request, kind, verb, row):
    """A verb without fields: the button's form carries only the operation key."""
    key = request.POST.get("operation_key", "")[:64]
    if not key:
        messages.error(request, _("The button's form was incomplete. Nothing was sent; press it again."))
        return redirect("resources:detail", kind, row.pk)
    connection = row.connection
    try:
        operation = perform(
            kind, verb.name, actor=request.user, connection=connection, data={}, key=key, target=row
        )
    except OutcomeUnrecorded as error:
        operation = error.operation
        messages.warning(request, str(error))
    if operation.state == State.DONE:
        messages.success(request, verb.done % {"name": operation.object_name})
        return _go(request, reverse("resources:detail", args=[kind, row.pk]))
    return _go(request, reverse("operations:detail", args=[operation.pk]))


def _go(request, url):
    """To another page: for htmx an empty 200 that names it, else a redirect."""
    if request.htmx:
        return HttpResponse(headers={"HX-Redirect": url, "HX-Trigger": "changed"})
    return redirect(url)


def _form(request, kind, verb, target=None):
    connections = connections_of(request, kind)
    if target:
        connections = Connection.objects.visible_to(request.user).filter(pk=target.connection_id)
    first = connections.first()
    if first is None and request.team is None:
        raise Http404
    team_id = first.team_id if first else request.team.pk
    if request.method == "GET" or "touch" in request.POST or "preview" in request.POST:
        require(request.user, verb.right, team_id)
    if first is None:
        return page(request, "resources/no_connection.html", {"kind": kind, "verb": verb})
    settings = {"kind": kind, "verb": verb, "connections": connections, "target": target}
    if request.method == "GET":
        return _open(request, settings)
    if "touch" in request.POST:
        only = is_piece(request) and request.POST["touch"].partition(":")[0]
        return _show(
            request, verb.form(initial=touched_initial(verb.form, request.POST), only=only, **settings)
        )
    form = verb.form(request.POST, **settings)
    if not form.is_valid():
        # Whoever may not do it at all learns that first, and the attempt is not lost to the record.
        admit(kind, verb, actor=request.user, connection=form.connection, data={}, target=target)
        if "operation_key" in form.errors:
            form.renew_key()
        lost = "expected" in form.errors  # it no longer says what it showed
        return _show(request, form, status=422, **(_as_it_is_now(form) if lost else {}))
    if "preview" in request.POST:
        return _preview(request, form)
    return _perform(request, form, target)


def _open(request, settings):
    """A fresh form; that of a verb on an object starts from the object as the platform has it now."""
    kind, verb, target = settings["kind"], settings["verb"], settings["target"]
    shown = {}
    if target:
        decoded, problem = reading.read_object(kind, target)
        if decoded is None:
            context = {"kind": kind, "verb": verb, "row": target, "problem": problem}
            return page(request, "resources/unreadable.html", context, status=503 if problem else 410)
        shown = verb.form.initial_from(verb, decoded)
    started = starting_values(request, kind, verb, settings["connections"], target)
    return _show(request, verb.form(initial={**shown, **started}, **settings))


def _show(request, form, status=200, **context):
    context |= {"form": form, "kind": form.kind, "verb": form.verb, "target": form.target}
    if form.target:
        context["doubts"] = doubts_about(request, form.kind, form.target)
    if form.verb.removes:
        context |= {"row": form.target, "fields": _fields(form.kind, form.target)}
    return page(request, "resources/form.html", context, partial="form", status=status)


def _preview(request, form):
    try:
        call = form.verb.call(form.client, form.values, form.target)
        preview = form.client.preview(call)
    except PortalError as error:
        return _show(request, form, status=422, refusal=error)
    return _show(request, form, preview=preview)


def _perform(request, form, target):
    key = form.cleaned_data["operation_key"]
    connection = form.cleaned_data["connection"]
    try:
        operation = perform(
            form.kind,
            form.verb.name,
            actor=request.user,
            connection=connection,
            data=form.values,
            key=key,
            target=target,
            expected=form.opened,
            reason=form.reason,
        )
    except KeyReused as error:
        other = (
            error.operation
            if Operation.objects.visible_to(request.user).filter(pk=error.operation.pk)
            else None
        )
        form.renew_key()
        # The object may be as one has made it oneself meanwhile: that shall be no conflict at the next press.
        return _show(request, form, status=409, refusal=error, other=other, **_as_it_is_now(form))
    except RecordUnavailable as error:
        return say(_show(request, form, status=503, refusal=error), error)
    except OutcomeUnrecorded as error:
        operation = error.operation
        operation.state = State.IN_DOUBT
        operation.message = str(error)
    if operation.state in HAPPENED:
        return _done(request, form, operation)
    if operation.state in (State.REJECTED, State.NOT_SENT, State.CANCELLED):
        return _refused(request, form, operation)
    return _wait(request, operation)


def _refused(request, form, operation):
    """It surely did not happen: the form again, with a fresh key and why."""
    form.renew_key()
    hint = advice(operation.platform, operation.platform_code)
    context = {"refused": operation, "hint": hint and _(hint)}
    if form.target and operation.state == State.REJECTED:
        reading.read_one(form.kind, form.target)  # perhaps there is nothing left to change
    if operation.cause == Cause.CONFLICT:
        context |= _as_it_is_now(form, operation.baseline)
    status = 409 if operation.cause in (Cause.CONFLICT, Cause.BUSY) else 422
    return _show(request, form, status=status, **context)


def _as_it_is_now(form, else_as=None):
    """For verbs that edit: the versions side by side; the next press is meant for the object as it is now.

    `else_as` is how it was seen last, for when it cannot be read; without it the form stays as it is then.
    """
    if not form.verb.edits:
        return {}
    decoded, _problem = reading.read_object(form.kind, form.target)
    now = form.verb.settle.shown(decoded) if decoded else else_as
    if now is None:
        return {}
    opened = None if "expected" in form.errors else form.opened
    shown = versions(form, opened, now)
    form.renew_expected(now)
    return {"versions": shown}


def _done(request, form, operation):
    messages.success(request, form.verb.done % {"name": operation.object_name})
    if operation.sealed_secrets:
        return _go(request, reverse("operations:detail", args=[operation.pk]))
    row = operation.target
    if row is None or form.verb.removes:
        return _go(request, reverse("resources:list", args=[form.kind]))
    return _go(request, reverse("resources:detail", args=[form.kind, row.pk]))


def _wait(request, operation):
    """In doubt or still running elsewhere: the operation's own page, which keeps checking."""
    if operation.state == State.IN_DOUBT:
        messages.warning(request, operation.message)  # the row does not have it where it could not be written
    return _go(request, reverse("operations:detail", args=[operation.pk]))
