"""Every address of the portal, by every method, as everybody: own, another team's and missing objects.

What is expected is typed by hand (table.py); an address that is not there fails. A kind has the addresses of
all kinds: one is enough for `make test`. Would catch: an address that nobody thought about, a right that one
role too many has, a form that is judged before the right is, a denial that changes something or leaves no
entry, a GET that changes something, a name that another team can read.
"""

import re
import uuid

import pytest

from portal.kinds.registry import KINDS
from portal.operations.job import Job
from portal.operations.models import Operation, State
from portal.record.models import Entry
from portal.resources.drift_page import _mark
from tests.proofs import table
from tests.proofs.town import THEIRS, Writes, every_address, undone

pytestmark = pytest.mark.anywhere

ROWS = table.read()
KIND = "iotda/device-groups"
AREAS = "accounts profile teams people connections operations jobs approvals audit api".split()
METHODS = ("GET", "POST", "PUT", "DELETE")
STRONGEST = ("owner", "admin", "reviewer", "stranger")
# A page reads a platform: what it learns about the platform, and about objects that are there anyway.
LEARNED = {"connections_condition", "connections_storedtoken", "kinds_reading", "portal_cache"} | {
    kind.model._meta.db_table for kind in KINDS.values()
}
RECORD = {"record_entry", "record_body", "teams_repeated"}  # who read, who was refused
USED = {"teams_apitoken", "teams_calls"}  # when a token was last used, and how often
MAY_WRITE = {"django_session", *LEARNED, *RECORD, *USED}
READING = {("outcome", "read_record"), ("outcome", "export_list"), ("note", "found"), ("denied", None)}
READING |= {("outcome", "token_failed")}
EVERYBODYS = {"demo/mails/"}  # the demo's mails
ID = re.compile(r"<(?:str|uuid|int):\w+>")


def row_of(method, address):
    """The row of the table; None if the address does not take the method."""
    slug = next((slug for slug in KINDS if f"/{slug}/" in f"/{address}"), None)
    typed = address.replace(slug, "<kind>", 1) if slug else address or "(home)"
    found = ROWS.get((method, typed))
    if found is None and method == "GET" and "/bulk/" in typed:
        found = ROWS["GET", "<kind>/bulk/(anything)/"]
    if found and found[3] and slug not in found[3]:
        return (table.NOT_OF_KIND, ".", ".", [])
    return found


def area_of(address):
    first = address.partition("/")[0]
    if first in AREAS:
        return first
    return "kinds" if address.startswith(tuple(KINDS)) else "others"


def addresses_in(area, slugs):
    return [address for address in every_address(slugs) if area_of(address) == area]


def post_of(address, side):
    """(data, options) of a POST that is complete enough to be asked for; it need not be right."""
    if address.startswith("api/"):
        return "{}", {"content_type": "application/json", "HTTP_IDEMPOTENCY_KEY": str(uuid.uuid4())}
    slug = next((slug for slug in KINDS if address.startswith(slug)), None)
    data = {"operation_key": str(uuid.uuid4()), "team": str(side.plant.team.pk), "decision": "approve"}
    if slug:
        row = side.rows[slug]
        data |= {"pick": str(row.pk), "shown": _mark(row), "theme": "dark"}
    return data, {}


def prepare(address, side):
    """Let what is asked about be in a state in which it can be asked for."""
    states = {"cancel/": State.INTENT, "requeue/": State.REJECTED}
    for end, state in states.items():
        if address.startswith("operations/") and address.endswith(end):
            Operation.objects.filter(pk=side.operation.pk).update(state=state)
    if address == "jobs/<uuid:id>/again/":
        Job.objects.filter(pk=side.job.pk).update(state="stopped", due_at=None)
    if address.endswith("accept-found/"):
        for row in side.rows.values():
            type(row).objects.filter(pk=row.pk).update(drift={"name": ["was", "is"]})


def mark_of(response):
    status, to = response.status_code, response.get("Location", "")
    if status == 401 or (status == 302 and to.startswith("/accounts/login/")):
        return ">"
    if status >= 500 and response.request["PATH_INFO"] != "/readyz":  # no worker runs here
        return "!"
    return {403: "-", 404: ".", 405: "m"}.get(status, "x")


class Cell:
    """One request, and what is wrong with its answer."""

    def __init__(self, town, who, method, address, which):
        side = town.own if which == "missing" else getattr(town, which)
        self.name = f"{method} {address} {which} {who}"
        with undone():
            prepare(address, side)
            data, options = post_of(address, side) if method == "POST" else (None, {})
            last = Entry.objects.order_by("-seq").values_list("seq", flat=True).first() or 0
            with Writes() as writes:
                response = town.ask(who, method, town.path(address, which), data, **options)
                self.text = response.getvalue().decode("utf-8", "replace")
            self.tables, self.mark = writes.tables - {"django_session"}, mark_of(response)
            self.new = [(each.stage, each.verb) for each in Entry.objects.filter(seq__gt=last)]
        self.who, self.method, self.address = who, method, address

    def wrong(self, expected):
        if self.mark != expected:
            yield f"{self.name}: {self.mark}, not {expected}"
        if self.method == "GET" or self.mark in ".-":
            yield from (f"{self.name} writes to {each}" for each in sorted(self.tables - MAY_WRITE))
            odd = {each for each in self.new if {each, (each[0], None)}.isdisjoint(READING)}
            yield from (f"{self.name} records {each}" for each in sorted(odd))
        if (
            self.method == "POST"
            and self.mark == "-"
            and not self.tables & {"record_entry", "teams_repeated"}
        ):
            yield f"{self.name} is denied and not recorded"
        sees_them = self.who in ("elsewhere", "admin", "reviewer") or self.address in EVERYBODYS
        if THEIRS in self.text and not sees_them:
            at = self.text.index(THEIRS)
            yield f"{self.name} tells of another team: {self.text[max(at - 60, 0) : at + 30]}"


def walk(town, area, slugs, everybody=False):
    for address in addresses_in(area, slugs):
        declared = [method for method in METHODS if row_of(method, address)]
        if not declared:
            yield f"{address} stands in no row of the table"
        for method in METHODS:
            if method not in declared:
                cell = Cell(town, "owner", method, address, "own")
                if cell.mark != "m":
                    yield f"{cell.name}: {cell.mark}, though the table does not have this method"
                continue
            people, other, missing, _kinds = row_of(method, address)
            for who in people:
                if who == "outside" and "enos/" in address:
                    continue  # that is where they are
                if who in table.TOKENS and not address.startswith("api/") and method != "GET":
                    continue  # they have no form, and no token of one
                yield from Cell(town, who, method, address, "own").wrong(people[who])
            for which, mark in (("other", other), ("missing", missing)):
                told = table.expected(people, mark, which)
                for who in [who for who in told if mark and (everybody or who in STRONGEST)]:
                    yield from Cell(town, who, method, address, which).wrong(told[who])


@pytest.mark.parametrize(
    "areas",
    ["accounts profile others", "teams people audit", "connections operations jobs approvals api", "kinds"],
)
def test_everybody_gets_what_the_table_says(town, areas):
    assert "\n".join(each for area in areas.split() for each in walk(town, area, [KIND])) == ""


@pytest.mark.full
@pytest.mark.every_kind
@pytest.mark.parametrize("slug", KINDS)
def test_every_kind_and_everybody_at_every_object(town, slug):
    for area in ("kinds", "api"):
        assert "\n".join(walk(town, area, [slug], everybody=True)) == ""


@pytest.mark.full
@pytest.mark.parametrize("area", [*AREAS[:-1], "others"])
def test_everybody_at_every_object(town, area):
    assert "\n".join(walk(town, area, [], everybody=True)) == ""


def test_no_row_of_the_table_is_about_an_address_that_is_not_there():
    there = {
        row and id(row)
        for method in METHODS
        for address in every_address()
        for row in [row_of(method, address)]
    }
    assert [key for key, row in ROWS.items() if id(row) not in there] == []
