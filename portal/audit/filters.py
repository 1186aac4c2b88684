"""What reviewers narrow the record to. The address of a page is the query: all of it is read here.

Rows are stories: all steps that one person's one act left (record.models.Story). What they have in common
(FACETED) is looked up among the facets, of which there are few; so such a filter counts exactly at once, and
its pages cost the same however long the record is. What single entries say (ANCHORED) is looked up in an
index of entries. Who may see what is decided by teams.access, over facets and entries alike.
"""

from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from portal.audit import anchors, finding, moments, survey
from portal.audit.walking import walked
from portal.bounds import LINE_MAX
from portal.record import searching
from portal.web.zones import zone_of

FACETED = ("actor", "verb", "kind", "connection", "outcome", "team")
DATES = ("since", "until")
ANCHORED = ("request", "ticket", "object", "q")
NAMES = (*FACETED, *DATES, *ANCHORED)
SEQ_MAX = 2**62


@dataclass(frozen=True)
class Filters:
    """The filters of one address for one person.

    `values` are as they were typed, without blanks around them; `problems` says what is wrong with those that
    cannot be used, which narrow nothing. `since` and `until` are moments: the first one, and the first after.
    """

    user: object
    zone: object
    values: dict = field(default_factory=dict)
    problems: dict = field(default_factory=dict)
    since: object = None
    until: object = None

    @classmethod
    def of(cls, data, user, zone=None):
        """From the query of an address, a QueryDict or a dict."""
        zone = zone or zone_of(user)
        values = {name: data.get(name, "").strip() for name in NAMES}
        for name in DATES:  # a form has an input for the day and one for the time
            if values[name] and (time := data.get(f"{name}_time", "").strip()):
                values[name] += f"T{time}"
        problems = {name: problem for name in NAMES if (problem := _problem(name, values[name], zone))}
        spans = {
            name: moments.span(values[name], zone) if values[name] and name not in problems else None
            for name in DATES
        }
        since = spans["since"] and spans["since"][0]
        until = spans["until"] and spans["until"][1]
        return cls(user, zone, values, problems, since, until)

    @property
    def used(self):
        """{name: value} of those that narrow the record."""
        return {name: text for name, text in self.values.items() if text and name not in self.problems}

    @property
    def faceted(self):
        return {name: text for name, text in self.used.items() if name in FACETED}

    @property
    def anchored(self):
        return {name: text for name, text in self.used.items() if name in ANCHORED}

    @property
    def is_narrowed(self):
        return any(self.values.values())

    @property
    def query(self):
        """The address's query with these filters, also those that cannot be used."""
        return urlencode({name: text for name, text in self.values.items() if text})

    def without(self, name):
        return urlencode({each: text for each, text in self.values.items() if text and each != name})

    @cached_property
    def anchors(self):
        """Those of anchors.py that are set, in the order in which they are looked up."""
        return anchors.anchors(self)

    @cached_property
    def survey(self):
        """What the facets say: which fit, and how many stories they have."""
        return survey.survey(self)

    def page(self, *, before=None, after=None, size=50):
        """A finding.Page of the stories, newest first: the newest before that story, or the next after it."""
        return finding.page(self, before=before, after=after, size=size)

    def count(self, limit=finding.COUNT_LIMIT):
        """(number of stories, whether there may be more); with `limit` None exactly."""
        return finding.count(self, limit)

    def stories(self):
        """Yield all Story rows, oldest first, in constant memory."""
        for some in walked(self):
            yield from some

    def entries(self):
        """Yield all steps of the stories that the person may read, as Entry rows in their order, each once.

        In constant memory, whatever their number.
        """
        return finding.entries(self, walked(self))


def _problem(name, text, zone):
    """Why this value of a filter cannot be used; "" if it can."""
    if not text:
        return ""
    if len(text) > LINE_MAX or "\0" in text:
        return (
            _("This is too long.") if len(text) > LINE_MAX else _("This holds a character that nothing has.")
        )
    if name in DATES and not moments.span(text, zone):
        return _("%(text)s is not a date. Write it like 2026-11-20, or 2026-11-20 14:30.") % {
            "text": text[:40]
        }
    if name == "q" and len(searching.written(text)) < searching.SHORTEST:
        return _("Type at least %(count)s letters.") % {"count": searching.SHORTEST}
    return ""
