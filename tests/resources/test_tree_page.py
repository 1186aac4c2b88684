"""Objects that are inside each other, as a tree.

Would catch: an object that vanishes because its parent is not there or a circle leads back to it, a page that
never ends, a branch with rows of another one, rows that are skipped or doubled between the parts of a branch,
a hit that is not to be seen, a page that reads a platform or costs a statement for each row, rows of another
team.
"""

import html
import re
from dataclasses import replace

import pytest
from django.db import connection as database
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.kinds.models import Reading
from portal.kinds.registry import KINDS, register
from portal.resources import forest
from portal.teams.models import Role
from tests.resources.forms import HTMX
from tests.resources.test_keyset import another_connection
from tests.resources.test_list_page import asked_again, have_read, running, words
from tests.support.plant import make_plant

pytestmark = pytest.mark.database
IOTDA, ROMA = "iotda/device-groups", "roma/device-groups"
TOP = {IOTDA: "", ROMA: "0"}
LINE = re.compile(
    r'<li role="treeitem" id="(?P<what>\w+)-(?P<key>[^"]*)" tabindex="-1" aria-level="(?P<level>\d+)"'
    r'(?: aria-posinset="(?P<number>\d+)" aria-setsize="(?P<size>\d+)")?(?: aria-expanded="(?P<open>\w+)")?'
    r'.*?<div class="tree-row">(?P<row>.*?)</div>(?P<end>\s*(?:<ul role="group">|</li>)(?:</ul></li>)*)',
    re.DOTALL,
)


def grow(plant, slug, parents, connection=None, **columns):
    """Rows of the mirror by their ids: {id: id of its parent}; a name is the id."""
    kind, place = KINDS[slug], connection or plant.connection(KINDS[slug])
    rows = {}
    for id, parent in parents.items():
        rows[id] = kind.model(connection=place, remote_id=id)
        rows[id].take({"name": id, kind.parent: parent or TOP[slug], **columns})
    kind.model.objects.bulk_create(rows.values())
    have_read(plant, slug, place)
    return rows


class Drawn(list):
    """The lines of a tree: [(indent and id or what it is)], and how to follow them."""

    def __init__(self, browser, slug, response):
        assert response.status_code == 200, response.content[:500]
        self.browser, self.slug, self.response = browser, slug, response
        self.text = response.content.decode()
        self.lines = [found.groupdict() for found in LINE.finditer(self.text)]
        depth = 1
        for line in self.lines:
            id = re.search(r'<code class="tree-id">(.*?)</code>', line["row"])
            line["id"] = html.unescape(re.sub("<[^>]*>", "", id[1])) if id else line["what"]
            assert int(line["level"]) - int(self.lines[0]["level"]) == depth - 1, (
                "levels are not those of the markup"
            )
            depth += line["end"].count("<ul") - line["end"].count("</ul>")
        assert depth == 1, "branches that do not end"
        super().__init__(". " * (int(line["level"]) - 1) + line["id"] for line in self.lines)

    def line(self, id):
        return next(line for line in self.lines if line["id"] == id)

    def follow(self, id, **extra):
        """The page behind the link that opens, closes or goes on."""
        link = re.search(
            r'<a class="(?:tree-toggle|btn btn-sm tree-link)"[^>]*? href="([^"]*)"', self.line(id)["row"]
        )
        address = f"/{self.slug}/tree/{html.unescape(link[1])}"
        return Drawn(self.browser, self.slug, self.browser.get(address, **extra))

    def count(self, id):
        found = re.search(r'<span class="tree-count">([\d,]+) inside<', self.line(id)["row"])
        return found and int(found[1].replace(",", ""))


@pytest.fixture(params=[IOTDA, ROMA])
def slug(request):
    return request.param


@pytest.fixture
def see(plant, emulator, settings):
    """see(slug, **query): the page, past which no platform was called."""
    settings.FRESH_SECONDS = 10**9
    browser = plant.browser()

    def see(slug, query=None, **options):
        return Drawn(browser, slug, browser.get(f"/{slug}/tree/", query, **options))

    before = len(emulator.requests())
    yield see
    assert len(emulator.requests()) == before


FOUR = {"a": "", "a1": "a", "a2": "a", "a11": "a1", "b": ""}


def test_branches_open_with_and_without_script(plant, see, slug):
    rows = grow(plant, slug, FOUR)

    page = see(slug)
    assert page == ["a", "b"]
    assert (page.count("a"), page.count("b")) == (2, None)
    assert (page.line("a")["open"], page.line("b")["open"]) == ("false", None)
    assert (page.line("b")["number"], page.line("b")["size"]) == ("2", "2")

    assert page.follow("a") == ["a", ". a1", ". a2", "b"]
    assert page.follow("a").follow("a1") == ["a", ". a1", ". . a11", ". a2", "b"]
    assert page.follow("a").follow("a1").follow("a") == ["a", "b"]
    assert page.follow("a").follow("a1").follow("a1") == ["a", ". a1", ". a2", "b"]
    piece = page.follow("a", **HTMX)
    assert piece == [". a1", ". a2"]
    assert (piece.line("a1")["number"], piece.line("a1")["size"]) == ("1", "2")
    assert piece.follow("a1", **HTMX) == [". . a11"]
    assert see(slug, {"open": rows["a11"].pk}) == ["a", ". a1", ". . a11", ". a2", "b"]


@pytest.mark.parametrize(
    ("parents", "expected", "inside"),
    [
        ({"a": "gone", "b": "", "a1": "a"}, ["strays", "b"], [". a", ". . a1"]),
        ({"a": "a", "a1": "a"}, ["strays"], [". a", ". . a1"]),
        ({"a": "b", "b": "c", "c": "a", "c1": "c"}, ["strays"], [". a", ". b", ". c", ". . c1"]),
    ],
    ids=["no parent", "its own parent", "a circle"],
)
def test_what_no_way_leads_to_has_a_branch_of_its_own(plant, see, slug, parents, expected, inside):
    rows = grow(plant, slug, parents | {"gone": ""})
    KINDS[slug].model.objects.filter(pk=rows["gone"].pk).update(gone_at=timezone.now())

    page = see(slug)
    assert page == expected
    assert "Parent not in the list" in page.text
    opened = page.follow("strays")
    holder = inside[-2].strip(". ")
    assert opened.count(holder) == 1
    assert opened.follow(holder)[1 : len(inside) + 1] == inside
    assert page.follow("strays", **HTMX) == [each for each in inside if each.count(". ") == 1]
    assert opened.follow(holder, **HTMX) == [inside[-1]]
    found = see(slug, {"q": inside[-1].strip(". ")})
    assert found == ["strays", ". " + holder, inside[-1]]


def test_a_long_branch_comes_in_parts(plant, see, slug, monkeypatch):
    monkeypatch.setattr(forest, "PAGE", 10)
    ids = [f"n{number:02}" for number in range(25)]
    rows = grow(plant, slug, {"p": "", **dict.fromkeys(ids, "p")})
    parts = [see(slug).follow("p", **HTMX)]
    while "more" in [each.strip(". ") for each in parts[-1]]:
        parts.append(parts[-1].follow("more", **HTMX))

    assert [each.strip(". ") for part in parts for each in part if "more" not in each] == ids
    assert [(line["number"], line["size"]) for part in parts for line in part.lines if line["id"] in ids] == [
        (str(number), "25") for number in range(1, 26)
    ]
    second = see(slug).follow("p").follow("more")
    assert second == ["p", ". first", *(f". {id}" for id in ids[10:20]), ". more"]
    assert second.follow("first") == see(slug).follow("p")
    # What is deep in it is seen without all that stands before it.
    there = see(slug, {"open": rows["n24"].pk})
    assert there == ["p", ". n24", ". all"]
    assert there.follow("all", **HTMX)[:10] == [f". {id}" for id in ids[:10]]


def test_a_search_opens_the_way_to_each_match(plant, see, slug):
    grow(plant, slug, FOUR | {f"b{number}": "b" for number in range(3)})

    page = see(slug, {"q": "a11"})
    assert page == ["a", ". a1", ". . a11", ". all", "all"]
    assert [line["id"] for line in page.lines if "<mark>" in line["row"]] == ["a11"]
    assert page.follow("all") != page
    assert "1 match is marked" in page.text
    assert see(slug, {"q": "nothing like it"}) == []


def test_the_first_of_many_matches_are_marked(plant, see):
    grow(plant, ROMA, {"p": ""} | {f"x{number}": "p" for number in range(60)})

    page = see(ROMA, {"q": "x"})

    assert page.text.count("<mark>") == 50
    assert "The first 50 of 60 matches are marked" in page.text


def test_a_tree_of_one_application(plant, see, slug):
    grow(plant, slug, {"a": "", "a1": "a"}, app_id="one")
    grow(plant, slug, {"b": "", "b1": "a"}, app_id="two")

    assert see(slug, {"app_id": "one"}).follow("a") == ["a", ". a1"]
    assert see(slug, {"app_id": "two"}).follow("strays") == ["strays", ". b1", "b"]
    assert see(slug).follow("a") == ["a", ". a1", ". b1", "b"]


def test_several_connections_are_branches(plant, see, slug):
    other = another_connection(plant, slug, "second")
    grow(plant, slug, {"a": "", "a1": "a"})
    grow(plant, slug, {"a": "", "a2": "a", "x": "y"}, connection=other)

    page = see(slug)
    assert page == ["connection", ". a", "connection", ". strays", ". a"]
    row = KINDS[slug].model.objects.get(connection=other, remote_id="a")
    assert see(slug, {"open": row.pk}) == ["connection", "connection", ". strays", ". a", ". . a2"]
    assert see(slug, {"q": "a2"}) == ["connection", ". a", ". . a2"]
    assert page.follow("connection") == ["connection", "connection", ". strays", ". a"]
    assert page.follow("connection").follow("connection", **HTMX) == [". a"]
    assert see(slug, {"connection": other.pk}) == ["strays", "a"]


def test_a_tree_of_any_depth_is_a_page(plant, see, slug):
    rows = grow(plant, slug, {f"d{number}": f"d{number - 1}" if number else "" for number in range(1500)})

    page = see(slug, {"open": rows["d58"].pk})
    assert page[-1] == ". " * 59 + "d59"
    assert page.line("d59")["open"] is None
    assert see(slug, {"open": rows["d1400"].pk}) == ["d0"]
    found = see(slug, {"q": "d1400"})
    assert found == []
    assert "1 match is more than 60 levels deep" in found.text
    assert "No matches" not in found.text


def test_odd_names_and_ids(plant, see, slug):
    name = "‮" + "泵\u200b" * 127 + "<b>"
    kind, id = KINDS[slug], "i" * 160
    grow(plant, slug, {id: "", "inside": id, "beside": "i" * 159 + "j", "0": "", "of nothing": "0"})
    kind.model.objects.update(name=name)

    page = see(slug)
    assert sorted(page) == sorted(["strays", "0", id, "of nothing"])
    assert page.count("0") is None
    assert ". inside" in page.follow(id)
    assert ". beside" not in page.follow(id)
    assert "<b>" not in page.text
    assert "U+202E" in page.text


@pytest.mark.parametrize(
    "query",
    [
        "open=nonsense&branch=1&after=2",
        "branch=top-x",
        "open=top-00000000-0000-4000-8000-000000000000",
        "open=",
    ],
)
def test_whatever_the_address_says_is_a_page(plant, see, query):
    grow(plant, ROMA, FOUR)

    assert see(ROMA, QueryDict(query)) == ["a", "b"]


def test_a_branch_of_strays_that_found_their_parents_and_no_connection(plant, see, slug):
    place = plant.connection(KINDS[slug])
    grow(plant, slug, {"a": ""})
    assert see(slug, {"open": f"strays-{place.pk}"}) == ["a"]
    assert see(slug, {"branch": f"strays-{place.pk}"}, **HTMX) == []

    key = place.pk
    place.delete()
    page = see(slug, {"open": key, "q": "a"})
    assert page == []
    assert "No connection to this platform yet" in page.text


def test_other_teams_see_nothing_of_it(plant, emulator, see):
    harbour = make_plant(emulator.url, name="Harbour")
    theirs = grow(harbour, ROMA, {"theirs": "", "inside": "theirs"})
    grow(plant, ROMA, {"ours": ""})
    browser, place = plant.browser(), harbour.connections["roma"].pk

    for query in (
        {},
        {"q": "theirs"},
        {"open": theirs["theirs"].pk},
        {"connection": place},
        {"branch": f"top-{place}"},
    ):
        assert "theirs" not in "".join(see(ROMA, query))
    for branch in (theirs["theirs"].pk, f"top-{place}", f"strays-{place}", ""):
        assert browser.get(f"/{ROMA}/tree/", {"branch": branch}, **HTMX).status_code == 404
    assert browser.get("/iotda/policies/tree/").status_code == 404


def test_it_says_what_was_read_and_marks_what_is_in_question(plant, see, slug):
    rows = grow(plant, slug, {"a": "", "b": ""})
    KINDS[slug].model.objects.filter(pk=rows["a"].pk).update(unsure_at=timezone.now())
    have_read(plant, slug, generation=1)

    page = see(slug)
    assert "not seen in the last refresh" in page.line("a")["row"]
    assert "not seen" not in page.line("b")["row"]
    assert re.search(r"2 of these, as of \d+ s ago", words(page.response))

    KINDS[slug].model.objects.all().delete()
    have_read(plant, slug, **running())
    assert "not read yet" in see(slug).text
    assert "The platform has no" not in see(slug).text


def test_it_follows_a_refresh(plant, settings):
    settings.FRESH_SECONDS = 10**9
    browser = plant.browser()
    grow(plant, ROMA, {"a": ""})
    have_read(plant, ROMA, **running(progress=1))
    page = browser.get(f"/{ROMA}/tree/")
    assert asked_again(browser, page).status_code == 204

    grow(plant, ROMA, {"b": ""})
    assert Drawn(browser, ROMA, asked_again(browser, page)) == ["a", "b"]


def test_a_tree_that_is_old_is_refreshed_and_refresh_now_comes_back_to_it(plant, emulator):
    browser = plant.browser()
    plant.made_in_the_console(ROMA)
    browser.get(f"/{ROMA}/tree/")
    assert Reading.objects.get(kind=ROMA).at

    text = browser.get(f"/{ROMA}/tree/?q=x").content.decode()
    address = html.unescape(re.search(r'<form id="refresh-form" method="post" action="([^"]*)"', text)[1])
    assert browser.post(address).url == f"/{ROMA}/tree/?q=x"


def test_a_new_one_inside_begins_with_its_parent(plant, emulator, slug):
    made = plant.made_in_the_console(slug)
    plant.refresh(slug)
    row = KINDS[slug].model.objects.get(remote_id=made["id"])
    browser = plant.browser()

    page = browser.get(f"/{slug}/tree/?open={row.pk}").content.decode()
    link = html.unescape(re.search(rf'href="([^"]*={made["id"]}[^"]*)">.*?New inside', page)[1])
    form = browser.get(link).content.decode()

    chosen = re.findall(r'<option value="([^"]*)" selected', form)
    assert {made["id"], row.app_id} <= set(chosen)
    assert "New inside" not in plant.browser(Role.VIEWER).get(f"/{slug}/tree/").content.decode()


@pytest.mark.parametrize("piece", [False, True], ids=["page", "piece"])
def test_it_costs_as_many_statements_whatever_is_open(plant, see, slug, piece):
    rows = grow(plant, slug, {f"t{number}": "" for number in range(20)})
    grow(plant, slug, {f"{top}-{number}": top for top in rows for number in range(5)})
    query = {"open": [row.pk for row in rows.values()], "q": "t1-"}
    options = {}
    if piece:
        query, options = {"branch": rows["t3"].pk}, HTMX
    see(slug)

    with CaptureQueriesContext(database) as captured:
        page = see(slug, query, **options)

    assert len(page) == 5 if piece else len(page) > 30
    statements = [each["sql"] for each in captured if not each["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert len(statements) <= (8 if piece else 12), "\n".join(statements)


def test_a_parent_that_the_mirror_lacks_stops_the_portal():
    with pytest.raises(ValueError, match=r"its mirror has no \['colour', 'colour_key'\]"):
        register(replace(KINDS[IOTDA], slug="iotda/odd-groups", parent="colour"))
