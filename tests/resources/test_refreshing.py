"""Refreshes: what they call gone, back or unknown, how they go on, and that one process at a time does one.

Would catch: live rows called gone and deleted ones called present because a listing lags or shifts, a walk
that begins again or skips after a kill, and two processes that write one refresh.
"""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from portal.connections import service
from portal.kinds.models import Reading
from portal.kinds.registry import KINDS
from portal.platforms.enos import searching
from portal.resources import asking, refreshing
from portal.resources.refreshing import LAG, _claim
from portal.teams.models import Role
from portal.web.stopping import stopping
from tests.examples import EVERY_CREATE, EVERY_KIND, creating, match, updating
from tests.resources.refreshes import long_ago, made, numbered, reading_of, so_far, stale
from tests.support.account import APP
from tests.support.plant import ids, mirrored, received

DEVICES = "enos/devices"


@pytest.fixture
def small_pages(monkeypatch):
    monkeypatch.setattr(searching, "PAGE_SIZE", 3)


@EVERY_KIND
def test_a_refresh_adopts_what_was_made_elsewhere(plant, emulator, slug):
    if slug in creating():
        made(plant, slug, 3)

    reading = plant.refresh(slug)

    assert ids(emulator, slug) <= mirrored(slug)
    assert reading.is_complete
    assert reading.count == len(mirrored(slug))
    assert reading.total in (None, reading.count)
    assert reading.as_of <= reading.at


@pytest.mark.every_kind
@EVERY_CREATE
def test_live_objects_that_a_lagging_list_lacks_are_looked_at(plant, emulator, slug):
    """V1: 25 creates, then a list from before them."""
    plant.refresh(slug)
    emulator.faults([stale(slug)])
    new = {plant.make(slug, **numbered(slug, n)).remote_id for n in range(25)}

    reading = plant.refresh(slug)

    assert new <= mirrored(slug)
    assert reading.at
    assert not KINDS[slug].model.objects.exclude(unsure_at=None).exists()


@pytest.mark.every_kind
@EVERY_CREATE
def test_deleted_objects_that_a_lagging_list_shows_stay_gone(plant, emulator, slug):
    """V1: 15 deleted, then a list from before."""
    rows = [plant.make(slug, **numbered(slug, n)) for n in range(15)]
    plant.refresh(slug)
    emulator.faults([stale(slug)])
    for row in rows:
        plant.perform(slug, "delete", {}, target=row)

    plant.refresh(slug)

    assert mirrored(slug).isdisjoint({row.remote_id for row in rows})


@EVERY_CREATE
def test_what_nobody_could_look_at_is_unsure_and_not_gone(plant, emulator, slug):
    (remote_id,) = made(plant, slug, 1)
    plant.refresh(slug)
    plant.collection(slug).delete(remote_id)
    emulator.faults([{"match": match(slug, "get"), "fault": "answer", "status": 503, "body": "no"}])

    plant.refresh(slug)

    row = KINDS[slug].model.objects.get(remote_id=remote_id)
    assert row.gone_at is None
    assert row.unsure_at
    emulator.faults([])
    plant.refresh(slug)
    assert remote_id not in mirrored(slug)


@EVERY_CREATE
def test_a_whole_list_that_began_long_after_proves_that_rows_are_gone(plant, emulator, slug):
    gone = made(plant, slug, 3)
    plant.refresh(slug)
    long_ago(slug)
    for remote_id in gone:
        plant.collection(slug).delete(remote_id)
    before = so_far(emulator)

    reading = plant.refresh(slug)
    if KINDS[slug].declared.pages_shift:  # one list may have lost them between two pages
        assert gone <= mirrored(slug) or received(emulator, slug, "get", before)
        return

    assert mirrored(slug).isdisjoint(gone)
    if reading.total is not None:  # a list that counts nothing proves nothing: each row is looked at
        assert not received(emulator, slug, "get", before)


@EVERY_CREATE
def test_more_rows_than_one_refresh_looks_at_are_shown_as_unsure(plant, emulator, slug, monkeypatch):
    monkeypatch.setattr(refreshing, "LOOKS", 2)
    monkeypatch.setattr(refreshing, "BURST", 2)
    gone = made(plant, slug, 5)
    plant.refresh(slug)
    for remote_id in gone:
        plant.collection(slug).delete(remote_id)

    plant.refresh(slug)

    rows = KINDS[slug].model.objects.filter(remote_id__in=gone)
    assert rows.exclude(gone_at=None).count() == 2
    assert rows.filter(gone_at=None).exclude(unsure_at=None).count() == 3

    plant.refresh(slug)
    plant.refresh(slug)

    assert mirrored(slug).isdisjoint(gone)


@pytest.mark.parametrize("slug", ["iotda/policies", "enos/products"])
def test_an_empty_page_below_the_count_calls_nothing_gone(plant, emulator, slug):
    plant.refresh(slug)
    long_ago(slug)
    before = mirrored(slug)
    counts = {"page": {"count": 50, "marker": "0" * 24}, "pagination": {"totalSize": 50}, "code": 0}
    body = {**counts, "policies": [], "data": [], "msg": "OK", "requestId": "r"}
    emulator.faults([{"match": match(slug, "list"), "fault": "answer", "status": 200, "body": body}])

    reading = plant.refresh(slug)

    assert mirrored(slug) == before
    assert not reading.is_complete
    assert reading.total == 50


@pytest.mark.parametrize("slug", updating())
def test_an_own_change_is_not_undone_by_a_list_from_before_it(plant, emulator, slug):
    row = plant.make(slug)
    plant.refresh(slug)
    emulator.faults([stale(slug)])
    plant.perform(slug, "update", plant.theirs(slug, "after"), target=row)

    plant.refresh(slug)

    row.refresh_from_db()
    assert row.name == plant.seen(slug, row)["name"]
    assert row.drift is None


# Going on


def test_a_walk_goes_on_after_its_last_page_in_another_process(plant, emulator, small_pages):
    made(plant, DEVICES, 8)
    kind, connection = KINDS[DEVICES], plant.connection(KINDS[DEVICES])
    asking.mark_asked(kind, connection)
    stopping.set()  # each slice ends after one page
    try:
        slices = 0
        while refreshing.run(connection.pk, DEVICES):
            slices += 1
    finally:
        stopping.clear()

    calls = received(emulator, DEVICES, "list")
    pages = [json.loads(each["body"])["pagination"]["pageNo"] for each in calls]
    assert pages == sorted(set(pages)) == list(range(1, len(pages) + 1))
    assert slices >= len(pages) - 1
    assert ids(emulator, DEVICES) == mirrored(DEVICES)
    assert reading_of(plant, DEVICES).is_complete


def test_a_failed_page_keeps_the_place_and_is_asked_for_again(plant, emulator, small_pages):
    made(plant, DEVICES, 8)
    page = {"match": match(DEVICES, "list"), "fault": "answer", "status": 503, "body": "no"}
    kind, connection = KINDS[DEVICES], plant.connection(KINDS[DEVICES])
    asking.mark_asked(kind, connection)
    stopping.set()
    try:
        assert refreshing.run(connection.pk, DEVICES)
        emulator.faults([page])
        assert not refreshing.run(connection.pk, DEVICES)
    finally:
        stopping.clear()
    failed = reading_of(plant, DEVICES)
    assert failed.problem
    assert failed.place
    assert failed.at is None
    emulator.faults([])

    reading = plant.refresh(DEVICES)

    assert reading.is_complete
    assert not reading.problem
    assert ids(emulator, DEVICES) == mirrored(DEVICES)


def test_one_process_at_a_time_has_a_refresh_and_the_slower_one_writes_nothing(plant, emulator):
    kind, connection = KINDS[DEVICES], plant.connection(KINDS[DEVICES])
    asking.mark_asked(kind, connection)
    slower = _claim(connection.pk, DEVICES)
    assert _claim(connection.pk, DEVICES) is None
    assert not refreshing.run(connection.pk, DEVICES)
    Reading.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    faster = _claim(connection.pk, DEVICES)

    with pytest.raises(refreshing.Lost):
        slower.go_on()
    assert not mirrored(DEVICES)

    assert not faster.go_on()
    assert ids(emulator, DEVICES) == mirrored(DEVICES)


def test_what_is_asked_for_while_a_refresh_runs_is_done_afterwards(plant):
    kind, connection = KINDS[DEVICES], plant.connection(KINDS[DEVICES])
    asking.mark_asked(kind, connection)
    work = _claim(connection.pk, DEVICES)
    work._begin()
    asking.mark_asked(kind, connection)

    assert not work.go_on()

    assert list(refreshing.due()) == [(str(connection.pk), DEVICES)]
    assert list(refreshing.due()) == []


def test_nothing_is_refreshed_that_nobody_asked_for(plant, emulator):
    before = so_far(emulator)
    assert not refreshing.run(plant.connection(KINDS[DEVICES]).pk, DEVICES)
    assert so_far(emulator) == before


def test_the_schedule_makes_a_reading_of_each_kind_and_asks_for_each_once(plant, settings):
    settings.REFRESH_SECONDS = 300
    asking.make_missing()
    asking.make_missing()

    wanted = list(refreshing.due())

    assert sorted(slug for _connection, slug in wanted) == sorted(KINDS)
    assert list(refreshing.due()) == []
    for connection, slug in wanted:
        assert not refreshing.run(connection, slug)
    readings = Reading.objects.all()
    assert {each.kind for each in readings if each.at} == set(KINDS)
    soonest, latest = timezone.now() + timedelta(seconds=200), timezone.now() + timedelta(seconds=340)
    assert all(soonest < each.due_at < latest for each in readings)


def test_a_deleted_connection_ends_its_refresh(plant):
    kind, connection = KINDS[DEVICES], plant.connection(KINDS[DEVICES])
    asking.mark_asked(kind, connection)
    work = _claim(connection.pk, DEVICES)
    Reading.objects.all().delete()

    with pytest.raises(refreshing.Lost):
        work.go_on()


def test_lists_may_lag_for_some_minutes():
    assert timedelta(minutes=1) <= LAG <= timedelta(minutes=10)


@pytest.mark.parametrize("field", ["org_id", "name"])
def test_a_connection_that_leads_to_another_account_shows_nothing_of_the_old_one(plant, field):
    made(plant, DEVICES, 2)
    plant.refresh(DEVICES)
    kind, connection = KINDS[DEVICES], plant.connection(KINDS[DEVICES])
    asking.mark_asked(kind, connection)
    work = _claim(connection.pk, DEVICES)
    values = {name: getattr(connection, name) for name in (*service.DESTINATION, "name")}
    owner = plant.people[Role.OWNER]

    service.change(connection, actor=owner, values={**values, field: "another"}, credentials=APP)

    moved = field == "org_id"
    assert kind.model.objects.filter(connection=connection).exists() is not moved
    assert Reading.objects.filter(connection=connection).exists() is not moved
    if moved:
        with pytest.raises(refreshing.Lost):
            work.go_on()
