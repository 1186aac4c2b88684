"""The page of one entry: first what changed, then what was asked and answered, and last the proof."""

import json
from functools import cached_property

from django.db.models import OuterRef, Subquery
from django.shortcuts import get_object_or_404
from django.urls import NoReverseMatch, reverse
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_safe

from portal.audit import changes, naming
from portal.audit.finding import STEPS
from portal.audit.proof import proof
from portal.audit.rights import require_reader
from portal.audit.statements import Statement, sees_all
from portal.audit.views import team_read
from portal.kinds.registry import KINDS
from portal.kinds.saying import plain, sentence, verb_label
from portal.record import dropping
from portal.record.models import Body, Entry, Facet
from portal.teams import readers
from portal.teams.access import role_in, visible_to
from portal.web.pages import page
from portal.web.zones import zone_of

RELATED_MAX = 100  # entries of one request, and of one operation
# Members of a body that have a place of their own on the page.
PLACED = {
    "request",
    "data",
    "answer",
    "attempts",
    "before",
    "after",
    "changed",
    "changes",
    "endings",
    "object",
    "through",
}


@require_safe
def detail(request, seq):
    require_reader(request)
    shown = Shown(request.user, seq)
    readers.has_read(request.user, team_read(request), "entry", {"entry": str(seq)})
    return page(request, "audit/detail.html", {"shown": shown, "entry": shown.entry, "zone": shown.zone})


class Shown:
    """An entry with what belongs to it, as one person may read it."""

    def __init__(self, user, seq):
        self.user, self.zone = user, zone_of(user)
        body = Body.objects.filter(seq=OuterRef("seq"))
        before = Entry.objects.filter(seq=OuterRef("seq") - 1)
        found = visible_to(user, Entry.objects.all(), "read_record").annotate(
            body_salt=Subquery(body.values("salt")),
            body_text=Subquery(body.values("text")),
            hash_before=Subquery(before.values("hash")),
        )
        self.entry = get_object_or_404(found, seq=seq)

    @cached_property
    def body(self):
        return _read(self.entry.body_text)

    @cached_property
    def related(self):
        """[Entry] of the same operation or the same request, in their order, with bodies of the former."""
        entry = self.entry
        if not (entry.operation or entry.correlation):
            return [entry]
        statement = Statement()
        visible = statement.visible(self.user, Entry, "seq", "operation", "correlation")
        each = [
            f"SELECT seq FROM (SELECT seq FROM ({visible}) v WHERE {name} = {statement.value(value)}"
            f" ORDER BY seq LIMIT {RELATED_MAX + 1}) {name}"
            for name in ("operation", "correlation")
            if (value := getattr(entry, name))
        ]
        body = f"CASE WHEN e.operation = {statement.value(entry.operation)} THEN b.text END AS body_text"
        text = f"SELECT e.*, {body} FROM record_entry e LEFT JOIN record_body b ON b.seq = e.seq"
        text += f" WHERE e.seq IN ({' UNION '.join(each)}) ORDER BY e.seq"
        return list(Entry.objects.raw(text, statement.values))

    @cached_property
    def steps(self):
        """The steps of this act, if the entry is one of an operation."""
        entry = self.entry
        if not entry.operation:
            return [entry]
        return [each for each in self.related if each.operation == entry.operation][:RELATED_MAX]

    @property
    def others(self):
        """What else the same request, command or task caused: the latest step of each act."""
        own = {each.seq for each in self.steps}
        latest = {each.operation or each.seq: each for each in self.related if each.seq not in own}
        return list(latest.values())[:RELATED_MAX]

    @property
    def is_more(self):
        return len(self.related) > RELATED_MAX

    @cached_property
    def bodies(self):
        of_story = [each for each in self.steps if each.stage in STEPS] or [self.entry]
        if self.entry.stage not in STEPS:
            of_story = [self.entry]
        return [_read(each.body_text) for each in of_story]

    @cached_property
    def _sides(self):
        return changes.sides(self.bodies)

    @cached_property
    def changes(self):
        before, after = self._sides
        entry = self.entry
        return changes.changes(
            entry.kind, before, after, self._places.names, is_create=self._is_create(entry.verb)
        )

    @property
    def is_create(self):
        return self._is_create(self.entry.verb)

    @staticmethod
    def _is_create(verb):
        return verb == "create" or verb.endswith(("_create", "_add"))

    @property
    def is_wish(self):
        """Whether it says what was asked for, not what happened."""
        return self.outcome not in ("done", "partly", "found", "noted", "ok")

    @property
    def outcome(self):
        """That of the operation so far; a denial or a note has its own."""
        steps = [each for each in self.steps if each.stage in STEPS]
        return steps[-1].outcome if self.entry.stage in STEPS and steps else self.entry.outcome

    @property
    def text(self):
        """What was said about the outcome."""
        return self.entry.text or next((each.text for each in reversed(self.steps) if each.text), "")

    @cached_property
    def object_id(self):
        return next((each.object_id for each in reversed(self.steps) if each.object_id), "")

    @cached_property
    def object_name(self):
        return next((each.object_name for each in reversed(self.steps) if each.object_name), "")

    @property
    def sentence(self):
        return sentence(self.entry, outcome=self.outcome, name=self.object_name, id=self.object_id)

    @property
    def title(self):
        return plain(self.entry, outcome=self.outcome, name=self.object_name, id=self.object_id)

    @property
    def verb(self):
        return verb_label(self.entry.verb, self.entry.kind)

    @cached_property
    def request(self):
        return next((body["request"] for body in self.bodies if isinstance(body.get("request"), dict)), None)

    @property
    def data(self):
        return next((body["data"] for body in self.bodies if body.get("data")), None)

    @property
    def answer(self):
        return next((body["answer"] for body in reversed(self.bodies) if body.get("answer")), None)

    @property
    def endings(self):
        found = [body["endings"] for body in self.bodies if isinstance(body.get("endings"), list)]
        return [each for each in found[-1] if isinstance(each, dict)] if found else []

    @property
    def attempts(self):
        """[dict] of each HTTP exchange that the steps tell of."""
        found = [body["attempts"] for body in self.bodies if isinstance(body.get("attempts"), list)]
        each = [each for some in found for each in some if isinstance(each, dict)]
        return [{**exchange, "moment": _moment(exchange.get("at"))} for exchange in each]

    @property
    def answered(self):
        """The step with the platform's answer: status, code, request id, duration."""
        steps = [each for each in self.steps if each.http_status or each.platform_code or each.duration_ms]
        return steps[-1] if steps else None

    @property
    def rest(self):
        """Members of this entry's own body that stand nowhere else on the page."""
        return {name: value for name, value in self.body.items() if name not in PLACED and value}

    @property
    def is_dropped(self):
        return not self.entry.body_text

    @cached_property
    def dropped_by(self):
        """The entry that says that a rule of the team dropped the body, or None."""
        return dropping.dropper(self.entry) if self.is_dropped else None

    @cached_property
    def proof(self):
        entry = self.entry
        body = None if entry.body_salt is None else (entry.body_salt, entry.body_text)
        return proof(entry, body, entry.hash_before)

    @cached_property
    def _is_member(self):
        """Whether the person may open pages of the team: reading its record alone opens none of them."""
        return role_in(self.user, self.entry) is not None

    @property
    def operation_url(self):
        operation = self.entry.operation
        return reverse("operations:detail", args=[operation]) if operation and self._is_member else ""

    @cached_property
    def _places(self):
        refers, ids = changes.referred(self.entry.kind, *self._sides)
        return naming.named(self.user, self.entry, self.object_id, refers, ids)

    @property
    def object_url(self):
        """The page of the object, if there is one that this person may open."""
        if not self._is_member or self._places.row is None or self.entry.kind not in KINDS:
            return ""
        try:
            return reverse("resources:detail", args=[KINDS[self.entry.kind], self._places.row])
        except NoReverseMatch:
            return ""

    @cached_property
    def neighbours(self):
        """(earlier, later): the acts beside this one that the person may read, by their first entries."""
        return neighbours(self.user, self.steps[0].seq, self.entry.seq)


def neighbours(user, first, last):
    """The Entry with which the nearest story begins before number `first`, and after `last`; `ended` is how
    it ended. None where there is none."""
    statement = Statement()
    facets = statement.visible(user, Facet, "id")
    stories = "record_story s INDEXED BY story_facet" if statement.is_sqlite else "record_story s"
    sides = []
    for end, side, place in (("max", "<", statement.value(first)), ("min", ">", statement.value(last))):
        if sees_all(user, Facet):
            sides.append(f"SELECT {end}(first_seq) FROM record_story WHERE first_seq {side} {place}")
            continue
        own = (
            f"SELECT {end}(s.first_seq) FROM {stories} WHERE s.facet_id = f.id AND s.first_seq {side} {place}"
        )
        sides.append(f"SELECT {end}(({own})) FROM ({facets}) f")
    text = "SELECT e.*, g.outcome AS ended FROM record_entry e JOIN record_story s ON s.first_seq = e.seq"
    text += f" JOIN record_facet g ON g.id = s.facet_id WHERE e.seq IN (({sides[0]}), ({sides[1]}))"
    found = list(Entry.objects.raw(text, statement.values))
    earlier = next((entry for entry in found if entry.seq < first), None)
    return earlier, next((entry for entry in found if entry.seq > last), None)


def _read(text):
    try:
        body = json.loads(text or "{}")
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {"body": body}


def _moment(text):
    try:
        moment = parse_datetime(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None
