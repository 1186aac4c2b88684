"""The pages of the audit log: find entries of the record, and read one with its request and answer."""

import json
from datetime import UTC, datetime, timedelta
from unicodedata import normalize

from django.db.models import Q
from django.shortcuts import get_object_or_404
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_safe

from portal.bounds import LINE_MAX
from portal.errors import NotAllowed
from portal.kinds import search
from portal.kinds.identity import or_unknown
from portal.kinds.registry import KINDS
from portal.operations.models import State
from portal.outside import shows_nothing
from portal.record import dropping
from portal.record.models import Body, Entry
from portal.teams.access import may, require, visible_to
from portal.teams.models import User
from portal.web.pages import page
from portal.words import Sentence

NO_TEAM = Sentence(
    "audit.no_team", gettext_noop("You are not in a team, so there is no audit log for you to read.")
)
PAGE = 50
COUNT_LIMIT = 10_000
OBJECTS = 200  # of one kind whose entries a search collects
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
    *("found", "accept_found", "refresh"),
    *("team_create", "member_add", "member_role", "member_remove"),
)
OTHER_KINDS = ("portal/connections", "portal/members", "portal/teams")


@require_safe
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
    """Every verb that an entry can have: those of the kinds first, in their order."""
    return list(dict.fromkeys(verb.name for kind in KINDS.values() for verb in kind.verbs)) + [*OWN_VERBS]


def _reads_all(request):
    return request.user.is_portal_auditor or may(request.user, "read_record", request.team)


def _require_reader(request):
    """Viewers see the history of each resource, but not the record."""
    if request.user.is_portal_auditor:
        return
    if request.team is None:
        raise NotAllowed(NO_TEAM())
    require(request.user, "read_own_record", request.team)


def _scope(request):
    entries = visible_to(request.user, Entry.objects.all(), "read_record")
    if request.user.is_portal_auditor:
        return entries
    return entries.filter(team_id=str(request.team.pk))


def _narrow(request):
    """The entries that the filters in the address ask for, and what is wrong with unreadable filters."""
    entries, problems = _scope(request), []
    if any(len(request.GET.get(name, "")) > LINE_MAX for name in FILTERS if name not in ("since", "until")):
        return entries.none(), problems  # no value is as long, and SQLite refuses to look for it
    for name in ("verb", "kind", "outcome"):
        if value := request.GET.get(name):
            entries = entries.filter(**{name: value})
    if actor := request.GET.get("actor", "").strip():
        person = User.objects.filter(email__iexact=actor).first()
        entries = entries.filter(actor_id=str(person.pk)) if person else entries.filter(actor=actor)
    if text := request.GET.get("object", "").strip():
        entries = entries.filter(_about(request.user, text))
    for name, lookup, days in (("since", "at__gte", 0), ("until", "at__lt", 1)):
        text = request.GET.get(name, "").strip()
        if not text:
            continue
        day = _day(text)
        if day is None:
            problems.append(_("%(text)s is not a date. Write it like 2026-11-20.") % {"text": text[:40]})
            continue
        entries = entries.filter(**{lookup: day + timedelta(days=days)})
    return entries, problems


def _about(user, text):
    """Of what goes by this text: as it was recorded, in either form of its letters (UAX 15), or an object
    that the search of its list finds by it, whatever it was called then."""
    written = {text, normalize("NFC", text), normalize("NFD", text)}
    found = Q(object_id=text) | Q(operation=text) | Q(object_name__in=written)
    for kind in () if shows_nothing(text) else KINDS.values():
        rows = search.matching(kind.model.objects.visible_to(user), text)
        for scope, ids in _by_scope(rows.values_list("scope", "remote_id").distinct()[:OBJECTS]).items():
            found |= Q(kind=kind.slug, object_id__in=ids, object_scope__in=or_unknown(scope))
    return found


def _by_scope(identities):
    ids = {}
    for scope, id in identities:
        ids.setdefault(scope, []).append(id)
    return ids


def _day(text):
    """Midnight UTC of a date like 2026-11-20; None for a text that is not a date."""
    try:
        day = parse_date(text)
    except ValueError:
        return None
    return datetime(day.year, day.month, day.day, tzinfo=UTC) if day and day.year < 9999 else None


@require_safe
def detail(request, seq):
    _require_reader(request)
    entry = get_object_or_404(_scope(request), seq=seq)
    body = Body.objects.filter(seq=entry.seq).first()
    related = _scope(request).filter(operation=entry.operation).order_by("seq") if entry.operation else []
    context = {
        "entry": entry,
        "body": json.loads(body.text) if body and body.text else None,
        "related": related,
    }
    if body and not body.text:
        context["dropped"] = dropping.dropper(entry)
    return page(request, "audit/detail.html", context)
