"""What a list says of what it shows: how much that is, as of when, what failed, and what is in question.

Would catch: "none" where nobody has read, a number without its time, rows whose doubts are not shown, a poll
that draws what did not change, a page that reads a platform, rows of another team.
"""

import html
import re
from datetime import timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.kinds.models import Reading
from portal.kinds.registry import KINDS
from portal.record.models import Entry
from portal.teams.models import Role
from tests.resources.forms import HTMX
from tests.resources.listings import EMPTY_TEXT, listed
from tests.support.plant import make_plant

GROUP, DEVICE, BUS = "roma/device-groups", "enos/devices", "iotda/soft-buses"


def mirror(plant, slug, *names, connection=None, **columns):
    """Rows of the mirror, as refreshes left them."""
    kind = KINDS[slug]
    place, rows = connection or plant.connection(kind), []
    for number, name in enumerate(names):
        row = kind.model(connection=place, remote_id=f"id-{number:05}")
        row.take({"name": name, **columns})
        rows.append(row)
    return kind.model.objects.bulk_create(rows)


def have_read(plant, slug, connection=None, **values):
    """The end of a refresh, a moment ago."""
    kind, now = KINDS[slug], timezone.now()
    count = kind.model.objects.present().filter(connection=connection or plant.connection(kind)).count()
    values = {"at": now, "as_of": now, "total": count, "count": count, "is_complete": True} | values
    reading, _made = Reading.objects.update_or_create(
        connection=connection or plant.connection(kind), kind=slug, defaults=values
    )
    return reading


def words(response):
    """The visible text, blanks as one."""
    text = re.sub(r"<script.*?</script>|<[^>]*>", "", response.content.decode(), flags=re.DOTALL)
    return " ".join(html.unescape(text).split())


@pytest.fixture
def quiet(settings):
    """Nothing is refreshed by opening a list that was read once."""
    settings.FRESH_SECONDS = 10**9


def running(**values):
    """Columns of a Reading while a worker refreshes what was never read."""
    now = timezone.now()
    unread = {"at": None, "as_of": None, "total": None, "is_complete": False}
    return {**unread, "started_at": now, "lease_until": now + timedelta(minutes=1), **values}


@pytest.fixture
def browser(plant, quiet):
    return plant.browser()


def test_a_list_reads_no_platform(plant, emulator, browser):
    mirror(plant, GROUP, "north", "south")
    have_read(plant, GROUP)
    before = len(emulator.requests())

    response = browser.get(f"/{GROUP}/")

    assert listed(response) == ["id-00000", "id-00001"]
    assert len(emulator.requests()) == before
    assert re.search(r"roma 2 of these, as of \d+ s ago", words(response))
    assert "1–2 of 2" in words(response)


def test_what_was_never_read_is_not_called_none(plant, browser):
    have_read(plant, BUS, **running())

    text = words(browser.get(f"/{BUS}/"))

    assert "not read yet" in text
    assert EMPTY_TEXT not in text
    assert "none of these" not in text


def test_only_a_whole_reading_says_that_the_platform_has_none(plant, browser):
    have_read(plant, BUS)
    assert EMPTY_TEXT in words(browser.get(f"/{BUS}/"))

    have_read(plant, BUS, is_complete=False, total=50)
    text = words(browser.get(f"/{BUS}/"))
    assert EMPTY_TEXT not in text
    assert "the platform counts 50 of these, 0 were read" in text

    have_read(plant, BUS, is_complete=False, total=None)
    text = words(browser.get(f"/{BUS}/"))
    assert EMPTY_TEXT not in text
    assert "the platform does not say whether that is all" in text


def test_a_refresh_that_failed_says_why_and_as_of_when_the_rows_are(plant, browser):
    mirror(plant, GROUP, "north")
    earlier = timezone.now() - timedelta(hours=3)
    have_read(
        plant, GROUP, at=earlier, as_of=earlier, said={"text": "closed for today"}, failed_at=timezone.now()
    )

    response = browser.get(f"/{GROUP}/")

    assert listed(response) == ["id-00000"]
    assert "roma could not be read. closed for today Showing data from" in words(response)
    assert "as of 3 h ago" in words(response)


def test_doubts_about_a_row_stand_beside_it(plant, browser):
    sure, unsure, changed, shown = mirror(plant, GROUP, "a-sure", "b-unsure", "c-changed", "d-shown")
    in_question = KINDS[GROUP].model.objects.filter(pk__in=[unsure.pk, shown.pk])
    in_question.update(unsure_at=timezone.now())
    KINDS[GROUP].model.objects.exclude(pk=unsure.pk).update(generation=1)
    KINDS[GROUP].model.objects.filter(pk=changed.pk).update(drift={"name": ["x", "c-changed"]})
    have_read(plant, GROUP, generation=1)

    rows = browser.get(f"/{GROUP}/").content.decode().split("<tr ")[1:]

    assert ["not seen in the last refresh" in row for row in rows] == [False, True, False, False]
    assert ["not confirmed yet" in row for row in rows] == [False, False, False, True]
    assert ["changed elsewhere" in row for row in rows] == [False, False, True, False]
    assert listed(browser.get(f"/{GROUP}/?only=unsure")) == [unsure.remote_id, shown.remote_id]
    assert listed(browser.get(f"/{GROUP}/?only=changed")) == [changed.remote_id]
    assert len(listed(browser.get(f"/{GROUP}/?only=nothing"))) == 4


def asked_again(browser, page):
    """What the page's own next request gets."""
    refresh = re.search(r'<a [^>]*id="refresh"[^>]*>', page.content.decode())[0]
    seen = re.search(r'"seen": "(\w+)"', refresh)[1]
    address = html.unescape(re.search(r'hx-get="([^"]*)"', refresh)[1])
    return browser.get(f"{address}{'&' if '?' in address else '?'}seen={seen}", **HTMX)


def test_a_list_follows_a_refresh_and_draws_only_what_changed(plant, browser):
    have_read(plant, GROUP, **running(progress=3400))
    page = browser.get(f"/{GROUP}/")
    assert "not read yet reading now: 3,400 so far" in words(page)

    assert asked_again(browser, page).status_code == 204

    mirror(plant, GROUP, "north")
    later = asked_again(browser, page)
    assert listed(later) == ["id-00000"]
    assert asked_again(browser, later).status_code == 204

    have_read(plant, GROUP, started_at=None, lease_until=None)
    assert 'id="refresh"' not in asked_again(browser, later).content.decode()


def test_refresh_now_is_for_those_who_may(plant, emulator, quiet):
    earlier = have_read(plant, GROUP).at
    refreshed = Reading.objects.filter(kind=GROUP, at__gt=earlier)

    viewer = plant.browser(Role.VIEWER)
    assert "Viewers can&#x27;t do this" in viewer.get(f"/{GROUP}/").content.decode()
    assert viewer.post(f"/{GROUP}/refresh/").status_code == 403
    assert not refreshed.exists()

    response = plant.browser().post(f"/{GROUP}/refresh/?q=pump&sort=-name")
    assert (response.status_code, response.url) == (302, f"/{GROUP}/?q=pump&sort=-name")
    assert refreshed.exists()
    assert plant.browser().get(f"/{GROUP}/refresh/").status_code == 405


def test_rows_of_other_teams_are_in_no_list(plant, emulator, browser):
    harbour = make_plant(emulator.url, name="Harbour")
    mirror(harbour, DEVICE, "their pump", product_key="theirs")
    mirror(plant, DEVICE, "our pump", product_key="ours")
    have_read(plant, DEVICE)
    theirs = harbour.connections["enos"].pk

    for query in (
        "",
        "?q=pump",
        "?q=pu",
        "?product_key=theirs",
        f"?connection={theirs}",
        "?q=pump&exactly=1",
    ):
        text = browser.get(f"/{DEVICE}/{query}").content.decode()
        assert "their pump" not in text, query
        assert text.count('<option value="theirs"') == (query == "?product_key=theirs"), query


def test_a_filter_offers_each_value_once_and_in_full(plant, browser):
    long = "x" * 150
    for number, value in enumerate(("one", "two", "two", long, long + "y", "")):
        (row,) = mirror(plant, DEVICE, f"pump-{number}")
        KINDS[DEVICE].model.objects.filter(pk=row.pk).update(remote_id=f"d{number}", product_key=value)
    have_read(plant, DEVICE)

    text = browser.get(f"/{DEVICE}/").content.decode()

    offered = re.findall(
        r'<option value="([^"]+)"', text.partition('name="product_key"')[2].partition("</select>")[0]
    )
    assert {"one", "two"} < set(offered) <= {"one", "two", long, long + "y"}
    assert listed(browser.get(f"/{DEVICE}/", {"product_key": long})) == ["d3"]
    assert listed(browser.get(f"/{DEVICE}/", {"product_key": long + "y"})) == ["d4"]
    assert listed(browser.get(f"/{DEVICE}/", {"product_key": "tw"})) == []


# A search that finds nothing in the mirror


def test_a_search_that_finds_nothing_asks_the_platform_for_exactly_that(plant, emulator, browser):
    made = plant.made_in_the_console(GROUP)
    have_read(plant, GROUP, is_complete=False, total=1000)

    response = browser.get(f"/{GROUP}/", {"q": made["id"]})

    assert listed(response) == [made["id"]]
    before = len(emulator.requests())
    assert listed(browser.get(f"/{GROUP}/", {"q": made["id"]})) == [made["id"]]
    assert len(emulator.requests()) == before  # now the mirror has it
    text = words(browser.get(f"/{GROUP}/", {"q": "99999"}))
    assert "No matches among what was read" in text
    assert "The platform was asked for exactly this id" in text


def test_what_could_not_be_asked_is_said(plant, emulator, browser):
    have_read(plant, GROUP)
    emulator.faults([{"match": {"method": "GET"}, "fault": "answer", "status": 503, "body": "no"}])

    assert "roma could not be asked:" in words(browser.get(f"/{GROUP}/", {"q": "12345"}))


def test_exactly_asks_also_where_others_match(plant, emulator, browser):
    made = plant.made_in_the_console(GROUP)
    mirror(plant, GROUP, f"not {made['id']} but longer")
    have_read(plant, GROUP)
    first = browser.get(f"/{GROUP}/", {"q": made["id"]})
    assert listed(first) == ["id-00000"]
    link = html.unescape(re.search(r'id="exactly" href="([^"]*)"', first.content.decode())[1])

    assert listed(browser.get(f"/{GROUP}/{link}")) == [made["id"]]


def test_a_page_that_asks_again_does_not_ask_platforms_again(plant, emulator, browser):
    have_read(plant, GROUP, **running())
    page = browser.get(f"/{GROUP}/?q=777")
    before = len(emulator.requests())

    assert asked_again(browser, page).status_code == 204
    assert len(emulator.requests()) == before


@pytest.mark.parametrize(
    "text", ['"', "a OR b", "%%%", "___", "\\", "泵", "x" * 6000, "()*", "NEAR(a b, 2)", "-a", "'"]
)
def test_whatever_is_typed_is_a_page(plant, browser, text):
    mirror(plant, GROUP, f"before {text} after", "other")
    have_read(plant, GROUP)

    response = browser.get(f"/{GROUP}/", {"q": text})

    assert response.status_code == 200
    assert listed(response) == (["id-00000"] if len(text) < 5000 else [])


# Cost


@pytest.mark.parametrize(
    "query",
    ["", "?q=pump", "?q=pu", "?status=online", "?product_key=p&status=online", "?sort=-name", "?only=unsure"],
)
@pytest.mark.parametrize("piece", [{}, HTMX], ids=["page", "piece"])
def test_a_page_costs_at_most_eight_statements_and_one_for_names(plant, browser, query, piece):
    """Devices refer to one other kind."""
    mirror(plant, DEVICE, *(f"pump-{number:03}" for number in range(120)), product_key="p", status="online")
    KINDS[DEVICE].model.objects.update(unsure_at=timezone.now())
    have_read(plant, DEVICE)
    browser.get(f"/{DEVICE}/?q=pump")

    with CaptureQueriesContext(database) as captured:
        response = browser.get(f"/{DEVICE}/{query}", **piece)

    assert len(listed(response)) == 50
    statements = [each["sql"] for each in captured if not each["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert len(statements) <= 9, "\n".join(statements)


def test_who_may_not_refresh_is_refused_and_the_denial_is_recorded(plant):
    response = plant.browser(Role.VIEWER).post(f"/{GROUP}/refresh/")

    assert response.status_code == 403
    assert Entry.objects.get(verb="refresh").stage == "denied"
    assert plant.browser(Role.OPERATOR).post(f"/{GROUP}/refresh/").status_code == 302
    told = Entry.objects.filter(verb="refresh").order_by("seq").values_list("outcome", flat=True)
    assert list(told) == ["denied", "asked"]  # what becomes of it stands beside the list


def test_a_quota_that_is_nearly_used_up_is_told(plant, settings):
    """50 policies fit into an instance: 45 are nine tenths of that."""
    settings.FRESH_SECONDS = 10**9
    for count, is_told in ((44, False), (45, True), (50, True)):
        have_read(plant, "iotda/policies", count=count, total=count)
        page = plant.browser().get("/iotda/policies/").text
        assert ("up to 50 by default" in page) is is_told
