"""Pages for all kinds: detail, and the form of each verb. None of them asks which kind it shows."""

import json
from dataclasses import replace

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.errors import (
    Conflict,
    KeyReused,
    OutcomeUnrecorded,
    PlatformError,
    PortalError,
    RecordUnavailable,
    WhyMissing,
)
from portal.kinds.effects import as_shown
from portal.kinds.identity import or_unknown
from portal.kinds.masking import masked
from portal.kinds.parts import Check
from portal.kinds.registry import Batch
from portal.operations import rules, stepping
from portal.operations.answered import ALREADY_GONE, ALREADY_SO
from portal.operations.change import WHY_FIELDS, Change
from portal.operations.entries import admit
from portal.operations.forms import WhyForm, say_missing
from portal.operations.job import JobState
from portal.operations.many import perform_many
from portal.operations.models import HAPPENED, Cause, Operation, State
from portal.operations.service import perform
from portal.outside import isolated
from portal.platforms import advice
from portal.record.models import Entry
from portal.resources import drift_page, impact, pages, reading
from portal.resources.changing import versions
from portal.resources.facts import facts_of
from portal.resources.forms import touched_initial, unread
from portal.resources.reading import REACH_SECONDS
from portal.resources.shown import doubts_about, reads_secrets
from portal.resources.starting import starting_values, without_secrets
from portal.resources.used_by import used_by
from portal.teams.access import explain, may, require, visible_to
from portal.teams.who import who_page
from portal.web.following import address, is_unchanged, mark
from portal.web.pages import is_piece, page, say

# For the choices of a form whose change was not sent: the platform may not be there, or asked to wait.
HURRIED_SECONDS = 1
TOGETHER_SECONDS = 8  # for what is to follow a change, while the person waits


@require_safe
def detail(request, kind, id):
    row = pages.find(request, kind, id)
    _decoded, problem = pages.look(request, kind, row)
    fields = facts_of(request.user, kind, row)
    users = used_by(request, kind, row)
    entries = Entry.objects.filter(kind=kind.slug, object_id=row.remote_id)
    entries = entries.filter(object_scope__in=or_unknown(row.scope))
    entries = visible_to(request.user, entries.filter(connection_id=str(row.connection_id)))
    entries = list(entries.exclude(stage="intent")[:10])
    doubts = doubts_about(request.user, kind, row)
    is_read = kind.facts and not problem and not row.gone_at
    facts, no_facts = reading.read_facts(kind, row) if is_read else ([], None)
    shown = mark(
        [
            row.state,
            row.gone_at,
            str(problem),
            row.drift,
            [(each.value, str(each.refers)) for each in fields],
        ],
        [each.shown for each in users],
        [entry.seq for entry in entries],
        [(each.pk, each.state) for each in doubts],
        [value for _label, value in facts],
    )
    if is_unchanged(request, shown):
        return HttpResponse(status=204)
    found = drift_page.shown(request, kind, row, reads_secrets=reads_secrets(request.user, kind, row))
    context = {
        "kind": kind,
        "row": row,
        "problem": problem,
        "found": found,
        "fields": fields,
        "users": users,
        "facts": facts,
        "no_facts": no_facts,
        "verbs": [(verb, pages.why_not(request.user, verb, row)) for verb in kind.object_verbs],
        "entries": entries,
        "reads_record": may(request.user, "read_own_record", row),
        "doubts": doubts,
        "is_following": row.state in kind.following and not problem,
        "mark": shown,
        "address": address(request),
    }
    return page(request, "resources/detail.html", context, partial="resource")


@require_safe
def who(request, kind, id):
    """Who may do what to the object."""
    row = pages.find(request, kind, id)
    rights = {"view", "read_record", "approve", "settle", *(verb.right for verb in kind.object_verbs)}
    above = [
        (kind.plural, reverse("resources:list", args=[kind])),
        (str(row), reverse("resources:detail", args=[kind, row.pk])),
    ]
    return who_page(request, row, heading=row, above=above, rights=rights)


@require_http_methods(["GET", "POST"])
def create(request, kind):
    if not kind.creates:
        raise Http404
    return _form(request, kind, kind.verb("create"))


@require_http_methods(["GET", "POST"])
def create_many(request, kind):
    if kind.batch is None:
        raise Http404
    return _form(request, kind, kind.batch)


@require_http_methods(["GET", "POST"])
def act(request, kind, id, verb):
    try:
        verb = kind.verb(verb)
    except KeyError as error:
        raise Http404 from error
    row = pages.find(request, kind, id)
    if not verb.on_object:
        raise Http404
    if verb.form is None:
        return _button(request, kind, verb, row)
    return _form(request, kind, verb, row)


@require_POST
def _button(request, kind, verb, row):
    """Perform a verb that has no form: its button posts only the operation key."""
    key = request.POST.get("operation_key", "")[:64]
    if not key:
        messages.error(request, _("The request was incomplete, so nothing was sent. Press the button again."))
        return redirect("resources:detail", kind, row.pk)
    asked = rules.possible(rules.of_team(row.connection.team), kind, verb)
    why = WhyForm(request.POST if set(WHY_FIELDS) & set(request.POST) else {}, asked=asked)
    given = {name: why.cleaned_data.get(name, "") for name in WHY_FIELDS} if why.is_valid() else {}
    change = Change(kind=kind, verb=verb, connection=row.connection, target=row, **given)
    try:
        operation = perform(change, actor=request.user, key=key)
    except WhyMissing as error:
        return _ask_why(request, change, why, key, error)
    except OutcomeUnrecorded as error:
        operation = error.operation
        messages.warning(request, str(error))
    if operation.state == State.DONE:
        messages.success(request, _success(verb, operation))
        return _go(request, reverse("resources:detail", args=[kind, row.pk]))
    return _go(request, reverse("operations:detail", args=[operation.pk]))


def _ask_why(request, change, form, key, error):
    """The page that asks why for a verb without a form; it keeps the operation key."""
    say_missing(form, error)
    context = {"kind": change.kind, "verb": change.verb, "row": change.target, "form": form, "key": key}
    return page(request, "resources/why.html", context, status=422)


def _success(verb, operation):
    said = operation.said
    if said and said.is_from(ALREADY_GONE, ALREADY_SO):
        return said
    return verb.done % {"name": isolated(operation.object_name)}


def _go(request, url):
    """Go to another page: for htmx an empty 200 with HX-Redirect, else a redirect."""
    if request.htmx:
        return HttpResponse(headers={"HX-Redirect": url, "HX-Trigger": "changed"})
    return redirect(url)


def _form(request, kind, verb, target=None):
    connections = pages.connections_of(request, kind)
    if target:
        connections = [target.connection]
    if not connections and request.team is None:
        raise Http404
    thing = target or (connections[0] if connections else request.team)
    asks = request.method == "POST" and not {"touch", "preview"} & set(request.POST)
    if not asks:
        require(request.user, verb.right, thing)
    if not connections:
        return page(
            request,
            "resources/no_connection.html",
            {"kind": kind, "verb": verb, **pages.no_connection(request)},
        )
    if asks:
        admit(unread(kind, verb, connections, target, request.POST), request.user, is_read=False)
    settings = {"kind": kind, "verb": verb, "connections": connections, "target": target}
    if request.method == "GET":
        return _open(request, settings)
    if "touch" in request.POST:
        only = is_piece(request) and request.POST["touch"].partition(":")[0]
        form = verb.form(initial=touched_initial(verb.form, request.POST), **settings)
        return _show(request, form, only=only)
    form = verb.form(request.POST, **settings)
    if not form.is_valid():
        if "operation_key" in form.errors:
            form.renew_key()
        lost = "expected" in form.errors  # then it is unknown what the form showed
        return _show(request, form, status=422, **(_as_it_is_now(request, form) if lost else {}))
    if "preview" in request.POST:
        return _preview(request, form)
    return _perform(request, form)


def _open(request, settings):
    """A new form. For an existing object it is filled with the values that the platform has now."""
    kind, verb, target = settings["kind"], settings["verb"], settings["target"]
    shown = {}
    if target:
        decoded, problem = pages.look(request, kind, target)
        if decoded is None:
            context = {"kind": kind, "verb": verb, "row": target, "problem": problem}
            return page(request, "resources/unreadable.html", context, status=503 if problem else 410)
        shown = verb.form.initial_from(verb, decoded)
    started = starting_values(request, kind, verb, settings["connections"], target)
    return _show(
        request, verb.form(initial={**shown, **started}, **settings), **_checked(request, kind, verb, target)
    )


def _checked(request, kind, verb, target):
    """Context: what the object's present state adds to the verb, and who can grant what is missing for it."""
    if target is None:
        return {}
    if said := verb.why_not(target):
        return {"check": Check(said)}
    if verb.check is None:
        return {}
    check = reading.checked(kind, verb, target)
    is_read = verb.reaches and check and check.said
    reach, unread = reading.reach_of(kind, verb, target) if is_read else (None, None)
    return {
        "check": check,
        "reach": reach,
        "reach_unread": unread,
        "why_not_now": check and check.right and explain(request.user, check.right, target),
    }


def _show(request, form, status=200, only=None, **context):
    form.draw(only)
    context |= {"form": form, "kind": form.kind, "verb": form.verb, "target": form.target}
    if form.target:
        context["doubts"] = doubts_about(request.user, form.kind, form.target)
    if form.verb.removes:
        context |= {"row": form.target, "fields": facts_of(request.user, form.kind, form.target)}
        if form.kind.held and not only:
            context["impact"] = impact.read(form.kind, [form.target], REACH_SECONDS)
    return page(request, "resources/form.html", context, partial="form", status=status)


def _preview(request, form):
    try:
        change = form.change
        preview = change.client.preview(change.call)
    except PortalError as error:
        return _show(request, form, status=422, refusal=error)
    return _show(request, form, preview=replace(preview, body=_without_secrets(preview.body)))


def _without_secrets(body):
    """A JSON body byte for byte; if it holds secrets, rewritten with marks in their places."""
    value = json.loads(body) if body else None
    shown = masked(value)
    return body if shown == value else json.dumps(shown, ensure_ascii=False, separators=(",", ":"))


def _perform(request, form):
    is_batch, key, change = isinstance(form.verb, Batch), form.cleaned_data["operation_key"], form.change
    try:
        operation = (perform_many if is_batch else perform)(change, actor=request.user, key=key)
    except KeyReused as error:
        other = error.operation  # None if a job has the key
        if other and not Operation.objects.visible_to(request.user).filter(pk=other.pk):
            other = None
        form.renew_key()
        # The first submit may have changed the object. That must not be a conflict at the next submit.
        return _show(request, form, status=409, refusal=error, other=other, **_as_it_is_now(request, form))
    except RecordUnavailable as error:
        return say(_show(request, form, status=503, refusal=error), error)
    except WhyMissing as error:
        say_missing(form, error)
        return _show(request, form, status=422)
    except Conflict as error:  # what is to be approved
        return _show(request, form, status=409, refusal=error, **_as_it_is_now(request, form))
    except PlatformError as error:  # it could not be read
        return _show(request, form, status=422, refusal=error)
    except OutcomeUnrecorded as error:
        operation = error.operation
        operation.state = State.IN_DOUBT
        operation.say(error.message)
    if is_batch:
        return _go(request, f"{reverse('operations:list')}?{urlencode({'batch': key})}")
    job = _carried_on(operation) if change.then else None
    if operation.state in HAPPENED:
        return _done(request, form, operation, job)
    if operation.state in (State.REJECTED, State.NOT_SENT, State.CANCELLED):
        return _refused(request, form, operation)
    return _wait(request, operation)


def _carried_on(operation):
    """The operation's job, as far as it came while the person waits; a worker does the rest."""
    job = stepping.job_of(operation)
    stepping.carry_on(job.pk, seconds=TOGETHER_SECONDS)
    job.refresh_from_db()
    return job


def _refused(request, form, operation):
    """Show the form again with the reason and a new key: the change certainly did not happen."""
    form.renew_key()
    hint = advice(operation.platform, operation.platform_code, operation.platform_message)
    context = {"refused": operation, "hint": hint and _(hint)}
    if operation.state == State.NOT_SENT:
        form.read_seconds = HURRIED_SECONDS
    if form.target and operation.state == State.REJECTED:
        reading.read_one(form.kind, form.target)  # the object may be gone: then its row is marked so
    if operation.cause == Cause.CONFLICT:
        context |= _as_it_is_now(request, form, operation.baseline)
    status = 409 if operation.cause in (Cause.CONFLICT, Cause.BUSY) else 422
    return _show(request, form, status=status, **context)


def _as_it_is_now(request, form, else_as=None):
    """Context for a form that edits: the versions to compare. The form then expects the current values.

    `else_as` are the values to use if the object cannot be read. Without them, or if the record hides some of
    them, the form stays as it is.
    """
    if not form.verb.fields:
        return {}
    decoded, _problem = pages.look(request, form.kind, form.target)
    if decoded is None and (else_as is None or without_secrets(else_as) != else_as):
        return {}
    now = form.verb.evidence.shown(decoded) if decoded else else_as
    opened = None if "expected" in form.errors else form.opened
    shown = versions(form, opened, now)
    form.open_again(as_shown(decoded, now) if decoded else now)
    return {"versions": shown}


def _done(request, form, operation, job=None):
    messages.success(request, _success(form.verb, operation))
    if operation.sealed_secrets:
        return _go(request, reverse("operations:detail", args=[operation.pk]))
    if job and job.state == JobState.DONE:
        messages.success(request, _("What was to follow is done, too."))
    elif job:
        return _go(request, reverse("jobs:detail", args=[job.pk]))
    row = operation.target
    if row is None or form.verb.removes:
        return _go(request, reverse("resources:list", args=[form.kind]))
    return _go(request, reverse("resources:detail", args=[form.kind, row.pk]))


def _wait(request, operation):
    """Go to the operation's page, which updates automatically: it is in doubt or still runs elsewhere."""
    if operation.state == State.IN_DOUBT:
        messages.warning(request, operation.message)  # the page lacks it if the row could not be written
    return _go(request, reverse("operations:detail", args=[operation.pk]))
