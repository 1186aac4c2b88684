"""Reviewers' pages over the record: find entries, read one with its request and answer."""

import json
from datetime import UTC, datetime, timedelta

from django.shortcuts import get_object_or_404
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from portal.errors import NotAllowed
from portal.kinds.registry import KINDS
from portal.operations.models import State
from portal.record.models import Body, Entry
from portal.teams.access import explain, granters, may, record_scope
from portal.teams.models import User
from portal.web.pages import page

PAGE = 50
COUNT_LIMIT = 10_000
FILTERS = ("actor", "verb", "kind", "outcome", "since", "until", "object")
OUTCOMES = (
    "asked",
    *(state for state in State.values if state not in ("intent", "sending")),
    "denied",
    "shown",
    "ok",
    "failed",
)
# What people do in the portal itself, beside the verbs of the kinds.
OWN_VERBS = (
    *("connection_create", "connection_update", "connection_delete", "connection_test", "connection_try"),
    *("team_create", "member_add", "member_role", "member_remove"),
)
OTHER_KINDS = ("portal/connections", "portal/members", "portal/teams")


@require_GET
def list_(request):
    _require_reader(request)
    entries, problems = _narrow(request)
    before = request.GET.get("before", "")
    page_rows = entries.filter(seq__lt=int(before)) if before.isdecimal() and len(before) < 19 else entries
    shown = list(page_rows.order_by("-seq")[: PAGE + 1])
    count = entries.order_by()[: COUNT_LIMIT + 1].count()
    query = request.GET.copy()
    query.pop("before", None)
    context = {
        "entries": shown[:PAGE],
        "count": count,
        "is_more": count > COUNT_LIMIT,
        "limit": COUNT_LIMIT,
        "next": shown[PAGE - 1].seq if len(shown) > PAGE else "",
        "query": query.urlencode(),
        "problems": problems,
        "values": {name: request.GET.get(name, "") for name in FILTERS},
        "is_filtered": any(request.GET.get(name) for name in FILTERS),
        "kinds": [(kind.slug, f"{kind.plural} ({kind.platform})") for kind in KINDS.values()]
        + [(slug, slug) for slug in OTHER_KINDS],
        "outcomes": OUTCOMES,
        "verbs": _verbs(),
        "own_only": bool(request.team) and not _reads_all(request),
    }
    return page(request, "audit/list.html", context, partial="entries")


def _verbs():
    """Every verb that an entry may have, in the order in which kinds name theirs."""
    return list(dict.fromkeys(verb.name for kind in KINDS.values() for verb in kind.verbs)) + [*OWN_VERBS]


def _reads_all(request):
    return request.user.is_portal_auditor or may(request.user, "read_record", request.team.pk)


def _require_reader(request):
    """A viewer sees the history of each resource, but not the record."""
    if request.user.is_portal_auditor:
        return
    if request.team is None:
        raise NotAllowed(_("You are in no team, so there is no record for you to read."))
    if not may(request.user, "read_own_record", request.team.pk):
        text = explain(request.user, "read_own_record", request.team.pk)
        raise NotAllowed(text, right="read_own_record", granted_by=granters())


def _scope(request):
    entries = Entry.objects.filter(record_scope(request.user))
    if request.user.is_portal_auditor:
        return entries
    return entries.filter(team_id=str(request.team.pk))


def _narrow(request):
    """The entries that the address asks for, and sentences about filters that cannot be read."""
    entries, problems = _scope(request), []
    for name in ("verb", "kind", "outcome"):
        if value := request.GET.get(name):
            entries = entries.filter(**{name: value})
    if actor := request.GET.get("actor", "").strip():
        person = User.objects.filter(email__iexact=actor).first()
        entries = entries.filter(actor_id=str(person.pk)) if person else entries.filter(actor=actor)
    if text := request.GET.get("object", "").strip():
        entries = (
            entries.filter(object_id=text) | entries.filter(object_name=text) | entries.filter(operation=text)
        )
    for name, lookup, days in (("since", "at__gte", 0), ("until", "at__lt", 1)):
        text = request.GET.get(name, "").strip()
        if not text:
            continue
        day = _day(text)
        if day is None:
            problems.append(_("%(text)s is not a date; write it like 2026-11-20.") % {"text": text})
            continue
        entries = entries.filter(**{lookup: day + timedelta(days=days)})
    return entries, problems


def _day(text):
    """Midnight UTC of a date like 2026-11-20; None when it is none."""
    try:
        day = parse_date(text)
    except ValueError:
        return None
    return datetime(day.year, day.month, day.day, tzinfo=UTC) if day and day.year < 9999 else None


@require_GET
def detail(request, seq):
    _require_reader(request)
    entry = get_object_or_404(_scope(request), seq=seq)
    body = Body.objects.filter(seq=entry.seq).first()
    related = _scope(request).filter(operation=entry.operation).order_by("seq") if entry.operation else []
    context = {"entry": entry, "body": json.loads(body.text) if body else None, "related": related}
    return page(request, "audit/detail.html", context)
