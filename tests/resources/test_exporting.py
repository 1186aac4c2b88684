"""Exports of a list: exactly the rows that it is narrowed to, whole, and honest about what they may lack.

Would catch: an export of one page, rows of another team, a formula that a spreadsheet runs, a secret, a file
that looks complete although nobody read all, a mirror that is held in memory as a whole.
"""

import csv
import io
import json

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from portal.kinds.registry import KINDS
from portal.resources.exporting import BATCH
from portal.teams.models import Role
from tests.examples import EVERY_KIND, creating
from tests.resources.listings import listed
from tests.resources.test_list_page import have_read, mirror, quiet, words  # noqa: F401 - a fixture
from tests.support.drawn import ODD
from tests.support.plant import make_plant

POLICY, DEVICE, PUMP = "iotda/policies", "iotda/devices", "enos/devices"


def text_of(response):
    assert response.status_code == 200
    return b"".join(response.streaming_content).decode()


def as_csv(response):
    """[{column: text}]"""
    text = text_of(response)
    assert text.startswith("\ufeffconnection,id,name,state,")
    return list(csv.DictReader(io.StringIO(text[1:], newline="")))


def as_json(response):
    return [json.loads(line) for line in text_of(response).split("\n")[:-1]]


def get(browser, slug, format="csv", query=""):
    return browser.get(f"/{slug}/export.{format}{query}")


@EVERY_KIND
def test_it_has_every_column_of_every_row(plant, slug):
    if slug in creating():
        plant.perform(slug)
    plant.refresh(slug)
    browser, model = plant.browser(Role.VIEWER), KINDS[slug].model

    rows, objects = as_csv(get(browser, slug)), as_json(get(browser, slug, "jsonl"))

    fields = [field.name for field in model.platform_fields()]
    assert list(rows[0]) == ["connection", "id", "name", "state", *fields, "read_at"]
    assert len(set(rows[0])) == len(fields) + 5
    shown = listed(browser.get(f"/{slug}/"))
    assert [row["id"] for row in rows] == [each["id"] for each in objects] == shown
    for row, each in zip(rows, objects, strict=True):
        assert {
            name: value for name, value in each.items() if isinstance(value, str) and value[:1] not in "=+-@"
        } == {
            name: row[name]
            for name, value in each.items()
            if isinstance(value, str) and value[:1] not in "=+-@"
        }
        lists = {name: value for name, value in each.items() if isinstance(value, dict | list)}
        assert {name: json.loads(row[name]) for name in lists} == lists


def test_2500_rows_are_read_in_batches_and_in_the_order_of_the_list(plant, quiet):  # noqa: F811
    mirror(plant, DEVICE, *(f"{number * 7 % 2500:05}" for number in range(2500)), status="ONLINE")
    have_read(plant, DEVICE)
    browser = plant.browser(Role.VIEWER)
    response = get(browser, DEVICE, query="?sort=-name&status=ONLINE&after=nonsense")

    with CaptureQueriesContext(database) as made:
        names = [row["name"] for row in as_csv(response)]

    assert names == sorted(names, reverse=True)
    assert (len(names), len(set(names))) == (2500, 2500)
    assert len(made) <= 2500 // BATCH + 2
    assert response.streaming


def test_it_follows_filters_search_and_marks(plant, quiet):  # noqa: F811
    mirror(plant, DEVICE, *(f"pump {number:03}" for number in range(700)), status="ONLINE")
    others = KINDS[DEVICE].model.objects.order_by("name")[:60]
    KINDS[DEVICE].model.objects.filter(pk__in=[each.pk for each in others]).update(status="OFFLINE")
    have_read(plant, DEVICE)
    browser = plant.browser()
    for query, count in (
        ("?status=OFFLINE", 60),
        ("?q=pump", 700),
        ("?q=PUMP+00&sort=-name", 10),
        ("?q=pump+005&exactly=1", 1),
        ("?only=unsure", 0),
        ("?q=nothing", 0),
    ):
        rows = as_csv(get(browser, DEVICE, query=query))
        assert len(rows) == count, query
        assert [row["id"] for row in rows][:50] == listed(browser.get(f"/{DEVICE}/{query}")), query


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d"])
def test_no_cell_is_a_formula(plant, start, quiet):  # noqa: F811
    name = f'{start}HYPERLINK("http://x.test"),1'
    mirror(plant, DEVICE, name, description=name)
    have_read(plant, DEVICE)
    (row,) = as_csv(get(plant.browser(), DEVICE))
    assert (row["name"], row["description"]) == (f"'{name}", f"'{name}")
    (whole,) = as_json(get(plant.browser(), DEVICE, "jsonl"))
    assert whole["name"] == name


@pytest.mark.parametrize(
    "name", [ODD, 'two\r\nlines, "quoted"', "a;b\tc", "\u2028 end", "x" * 5000, "  blanks  "]
)
def test_odd_names_come_back_as_they_are(plant, name, quiet):  # noqa: F811
    mirror(plant, POLICY, name, statement=[{"effect": name}])
    have_read(plant, POLICY)
    (row,) = as_csv(get(plant.browser(), POLICY))
    assert (row["name"], json.loads(row["statement"])) == (name, [{"effect": name}])
    (whole,) = as_json(get(plant.browser(), POLICY, "jsonl"))
    assert (whole["name"], whole["statement"]) == (name, [{"effect": name}])


def test_what_was_not_shown_yet_is_not_told_as_empty(plant, quiet):  # noqa: F811
    (row,) = mirror(plant, POLICY, "p")
    KINDS[POLICY].model.objects.update(unshown=["statement"])
    (told,) = as_csv(get(plant.browser(), POLICY))
    assert told["statement"] == ""
    assert "statement" not in as_json(get(plant.browser(), POLICY, "jsonl"))[0]


def test_secrets_are_hidden_from_those_who_may_not_change_the_object(plant, quiet):  # noqa: F811
    mirror(plant, PUMP, "pump", device_tags={"wifi_password": "hunter2-x", "hall": "2"})
    for format in ("csv", "jsonl"):
        hidden = text_of(get(plant.browser(Role.VIEWER), PUMP, format))
        assert "hunter2-x" not in hidden
        assert "hall" in hidden
        assert "hunter2-x" in text_of(get(plant.browser(Role.OPERATOR), PUMP, format))


@pytest.mark.parametrize(
    ("read", "told", "text"),
    [
        (None, "unread", "never read"),
        ({}, "whole", "Contains what the portal has read, as of"),
        ({"is_complete": False, "total": 9}, "incomplete", "that may not be all."),
        ({"said": {"text": "closed"}, "failed": True}, "incomplete", "that may not be all."),
    ],
    ids=["never", "whole", "partly", "failed since"],
)
def test_what_may_lack_rows_says_so(plant, emulator, quiet, read, told, text):  # noqa: F811
    mirror(plant, POLICY, "p")
    if read is not None:
        reading = have_read(plant, POLICY)
        failed = {"failed_at": reading.at} if read.pop("failed", False) else {}
        have_read(plant, POLICY, **read, **failed)
    browser, before = plant.browser(), len(emulator.requests())

    response = get(browser, POLICY)

    assert (response["X-Portal-Coverage"], "X-Portal-As-Of" in response) == (told, read is not None)
    assert ("iotda-policies-2" in response["Content-Disposition"]) is (told == "whole")
    assert (told in response["Content-Disposition"]) is (told != "whole")
    assert len(as_csv(response)) == 1
    assert len(emulator.requests()) == before
    if read is not None:
        assert text in words(browser.get(f"/{POLICY}/"))


def test_a_search_that_finds_more_than_lists_show_is_not_called_whole(plant, quiet):  # noqa: F811
    mirror(plant, DEVICE, *(f"pump {number:04}" for number in range(1001)))
    have_read(plant, DEVICE)
    response = get(plant.browser(), DEVICE, query="?q=pump")
    assert (response["X-Portal-Coverage"], len(as_csv(response))) == ("incomplete", 1000)


def test_rows_of_another_team_are_in_no_export(plant, emulator, quiet):  # noqa: F811
    harbour = make_plant(emulator.url, "Harbour")
    mirror(harbour, POLICY, "theirs")
    mirror(plant, POLICY, "mine")
    query = f"?connection={harbour.connections['iotda'].pk}"
    assert [row["name"] for row in as_csv(get(plant.browser(), POLICY, query=query))] == ["mine"]
    plant.team.connections.all().delete()
    assert get(plant.browser(), POLICY).status_code == 404
