"""Who reads the record, and who takes lists away, is in the record.

Would catch: a reader nobody finds out about, readers who fill the record, a count or a filter that is lost.
"""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from portal.record.models import Body, Entry
from portal.teams.gathering import FILTERS_MAX
from portal.teams.models import Repeated, Role
from portal.teams.recording import write_folded
from tests.audit.test_pages import reviewer, shown, write
from tests.support.plant import make_plant

BUS = "iotda/soft-buses"


@pytest.fixture
def team(db):
    return make_plant("http://127.0.0.1:9")


def bodies(verb="read_record"):
    found = Entry.objects.filter(verb=verb).order_by("seq")
    return [json.loads(Body.objects.get(seq=entry.seq).text) for entry in found]


def end_the_hour():
    Repeated.objects.update(began_at=timezone.now() - timedelta(minutes=61))


def test_the_first_reading_of_an_hour_is_an_entry_at_once_and_the_others_become_one(team):
    auditor = team.browser(Role.AUDITOR)
    auditor.get("/audit/", {"verb": "create"})
    (first,) = bodies()
    assert first == {"page": "list", "filter": {"verb": "create"}}
    seq = Entry.objects.get(verb="read_record").seq

    for verb in ("delete", "delete", "update"):
        auditor.get("/audit/", {"verb": verb})
    auditor.get(f"/audit/{seq}/")
    assert len(bodies()) == 1
    assert write_folded() == 0  # the hour is not over
    row = Repeated.objects.get()
    end_the_hour()
    assert write_folded() == 1

    later = bodies()[1]
    assert later["count"] == 4
    assert later["pages"] == {"list": 3, "entry": 1}
    assert later["filters"] == [{"verb": "delete"}, {"verb": "update"}, {"entry": str(seq)}]
    assert (later["first"], later["last"]) == (row.first_at.isoformat(), row.last_at.isoformat())
    entry = Entry.objects.filter(verb="read_record").latest("seq")
    assert entry.actor == team.people[Role.AUDITOR].email
    assert (entry.kind, entry.team_id) == ("portal/record", str(team.team.pk))
    assert "read 4 more times" in entry.text


def test_the_next_visit_writes_what_was_folded_and_begins_an_hour(team):
    auditor = team.browser(Role.AUDITOR)
    for _time in range(3):
        auditor.get("/audit/")
    end_the_hour()
    auditor.get("/audit/")
    assert [body.get("count", 1) for body in bodies()] == [1, 2, 1]


def test_a_single_reading_is_one_entry(team):
    team.browser(Role.AUDITOR).get("/audit/")
    end_the_hour()
    assert write_folded() == 0
    assert len(bodies()) == 1


def test_each_reader_has_an_own_entry(team):
    for role in (Role.AUDITOR, Role.MANAGER, Role.OWNER, Role.OPERATOR):
        team.browser(role).get("/audit/")
    assert len(bodies()) == 4


def test_many_filters_are_counted_beyond_the_first(team):
    auditor = team.browser(Role.AUDITOR)
    for number in range(FILTERS_MAX + 4):
        auditor.get("/audit/", {"object": f"bus-{number}"})
    end_the_hour()
    write_folded()
    later = bodies()[1]
    assert len(later["filters"]) == FILTERS_MAX
    assert later["other_filters"] == 3
    assert later["count"] == FILTERS_MAX + 3


def test_a_secret_that_was_searched_for_is_not_kept(team):
    token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abc"
    auditor = team.browser(Role.AUDITOR)
    for _time in range(2):
        auditor.get("/audit/", {"object": token})
    assert token not in Repeated.objects.get().line
    assert token not in json.dumps(bodies())


def test_who_may_not_read_is_recorded(team):
    assert team.browser(Role.VIEWER).get("/audit/").status_code == 403
    entry = Entry.objects.get(verb="read_record")
    assert (entry.stage, entry.outcome) == ("denied", "denied")


def test_the_page_of_a_colleagues_operation_counts_as_reading(plant):
    operation = plant.perform(BUS)
    plant.browser(Role.OPERATOR).get(f"/operations/{operation.pk}/")
    assert bodies() == []
    plant.browser(Role.MANAGER).get(f"/operations/{operation.pk}/")
    assert bodies() == [{"page": "operation", "filter": {"operation": str(operation.pk)}}]


@pytest.mark.parametrize("format", ["csv", "jsonl"])
@pytest.mark.parametrize(("query", "rows"), [({}, 3), ({"q": "BusB"}, 1)])
def test_an_export_tells_how_many_rows_of_what(plant, format, query, rows):
    for name in ("BusA", "BusB", "BusC"):
        plant.make(BUS, bus_name=name)
    plant.browser(Role.VIEWER).get(f"/{BUS}/export.{format}", query)
    entry = Entry.objects.get(verb="export_list")
    (body,) = bodies("export_list")
    assert (entry.actor, entry.kind) == (plant.people[Role.VIEWER].email, BUS)
    assert (body["format"], body["rows"], body["filter"]) == (format, rows, query)


def test_a_refresh_that_a_person_asks_for_is_recorded(plant):
    plant.browser(Role.OPERATOR).post(f"/{BUS}/refresh/")
    assert Entry.objects.get(verb="refresh").actor == plant.people[Role.OPERATOR].email


def test_a_portal_administrator_reads_what_happens_to_accounts_and_nothing_of_a_team(team):
    (entry,) = write(team)
    browser = reviewer(is_portal_auditor=False, is_portal_admin=True)
    made = Entry.objects.get(verb="account_create")
    team.browser(Role.OWNER).get("/audit/")  # whoever reads a team's record is of that team

    assert shown(browser.get("/audit/")) == [made.seq]
    assert browser.get(f"/audit/{made.seq}/").status_code == 200
    assert browser.get(f"/audit/{entry.seq}/").status_code == 404
