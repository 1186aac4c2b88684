"""Refreshes that meet other processes, other accounts and platforms that answer oddly.

Where two processes meet, the second one's step is played at the point of the first one where it falls. Would
catch: newer knowledge that an older answer overwrites, a proof that a kill left half, and a refresh that is
lost, never ends or is queued without end.
"""

from datetime import timedelta

import pytest
from django.utils import timezone

from portal.kinds.models import Reading
from portal.kinds.registry import KINDS
from portal.platforms.enos import searching
from portal.resources import asking, batches, refreshing
from portal.resources.freshness import Freshness
from tests.resources.refreshes import (
    DEVICES,
    GROUPS,
    answered,
    enos_page,
    fresh,
    long_ago,
    made,
    meanwhile,
    move,
    numbered,
    reading_of,
)
from tests.resources.test_drift import change_elsewhere
from tests.support.plant import mirrored


@pytest.mark.parametrize("slug", [DEVICES, "iotda/policies"])
def test_an_empty_page_without_any_count_calls_nothing_gone(plant, emulator, slug):
    """The platform's own count is documented for these lists; one answer without it and without objects
    proves nothing, yet everything is called gone without a look and the list says "none"."""
    plant.refresh(slug)
    long_ago(slug)
    before = mirrored(slug)
    body = {"code": 0, "msg": "OK", "requestId": "r", "data": [], "policies": []}
    emulator.faults([answered(slug, "list", body)])

    shown = plant.refresh(slug)

    assert before
    assert mirrored(slug) == before
    assert not Freshness(shown.connection, shown).is_empty


def test_a_refresh_that_runs_while_the_connection_moves_writes_nothing_more(plant, emulator, monkeypatch):
    """The slice goes on with the old account's client: its rows arrive after the move, and are called the
    whole of the new account."""
    monkeypatch.setattr(searching, "PAGE_SIZE", 3)
    made(plant, DEVICES, 8)

    with meanwhile(monkeypatch, refreshing._Work, "_pace", lambda: move(plant, org_id="another-org")):
        asking.ask(KINDS[DEVICES], plant.connection(KINDS[DEVICES]))

    assert not Reading.objects.filter(kind=DEVICES).exists()
    assert not mirrored(DEVICES)


def test_a_process_killed_after_the_last_page_leaves_no_false_proof(plant, emulator, monkeypatch):
    """The last page is written as whole; only afterwards the number of different objects is compared. Killed
    in between, the next process calls live rows gone on the ground of a list that repeated a page."""
    plant.refresh(DEVICES)
    long_ago(DEVICES)
    before = mirrored(DEVICES)
    first, second = ["a1", "a2", "a3"], ["b1", "b2", "b3"]
    emulator.faults([{**enos_page(each, 9), "times": 1} for each in (first, second, first)])

    def killed(work):
        raise KeyboardInterrupt

    asking.mark_asked(KINDS[DEVICES], plant.connection(KINDS[DEVICES]))
    with monkeypatch.context() as patched:
        patched.setattr(refreshing._Work, "_judge_missed", killed)
        with pytest.raises(KeyboardInterrupt):
            refreshing.run(plant.connection(KINDS[DEVICES]).pk, DEVICES)
    Reading.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    refreshing.run(plant.connection(KINDS[DEVICES]).pk, DEVICES)

    assert before
    assert before <= mirrored(DEVICES)
    assert not reading_of(plant, DEVICES).is_complete


def test_a_page_of_a_list_does_not_bring_back_what_was_deleted_meanwhile(plant, monkeypatch):
    """A page that was read shows other values; before it is written, a person deletes the object here. A
    deletion leaves `known_at` as it was, so the page overwrites it, and nothing marks the row."""
    row = plant.make(DEVICES)
    plant.refresh(DEVICES)
    long_ago(DEVICES)
    change_elsewhere(plant, DEVICES, row)

    with meanwhile(
        monkeypatch, batches, "_take", lambda: plant.perform(DEVICES, "delete", {}, target=fresh(row))
    ):
        plant.refresh(DEVICES)

    assert fresh(row).gone_at or fresh(row).unsure_at


def test_one_object_that_cannot_be_read_does_not_stop_all_refreshes(plant, emulator):
    """One object answers with garbage: each refresh of the kind fails at it, for ever, although the list can
    be read; what waits behind it is never looked at."""
    bad, good = sorted(made(plant, DEVICES, 2))
    plant.refresh(DEVICES)
    plant.collection(DEVICES).delete(good)
    now = timezone.now()
    rows = KINDS[DEVICES].model.objects
    rows.filter(remote_id=bad).update(unsure_at=now - timedelta(minutes=1))
    rows.filter(remote_id=good).update(unsure_at=now)
    emulator.faults([answered(DEVICES, "get", "<html>", query=f"assetId={bad}")])
    before = reading_of(plant, DEVICES).at

    for _again in range(3):
        plant.refresh(DEVICES)

    assert good not in mirrored(DEVICES)
    assert reading_of(plant, DEVICES).at > before
    assert not reading_of(plant, DEVICES).problem


def test_looks_that_are_refused_end_with_the_refresh(plant, emulator, monkeypatch):
    """More rows in question than one slice looks at, and the platform refuses each look. Every slice begins
    with the same rows again: the refresh never ends, calls for ever, and LOOKS bounds nothing."""
    gone = made(plant, DEVICES, 12)
    plant.refresh(DEVICES)
    for id in gone:
        plant.collection(DEVICES).delete(id)
    emulator.faults([answered(DEVICES, "get", {"code": 99403, "msg": "not for you"})])
    monkeypatch.setattr(refreshing, "BURST", 1)
    monkeypatch.setattr(refreshing, "CALLS_PER_SECOND", 10)
    monkeypatch.setattr(refreshing, "SLICE_SECONDS", 0.4)
    monkeypatch.setattr(refreshing, "LOOKS", 10)
    connection = plant.connection(KINDS[DEVICES])
    asking.mark_asked(KINDS[DEVICES], connection)

    slices = 1
    while refreshing.run(connection.pk, DEVICES) and slices < 30:
        slices += 1

    assert slices < 30


def test_what_is_asked_for_at_the_very_end_is_not_lost(plant, monkeypatch):
    """`_end` reads `asked_at` and overwrites it in a second statement."""
    kind, connection = KINDS[DEVICES], plant.connection(KINDS[DEVICES])
    asking.mark_asked(kind, connection)
    whole, asked = refreshing.hold, []

    def hold(reading, **columns):
        if "at" in columns:
            asked.append(asking.mark_asked(kind, connection))
        return whole(reading, **columns)

    monkeypatch.setattr(refreshing, "hold", hold)
    refreshing.run(connection.pk, DEVICES)

    assert asked
    assert reading_of(plant, DEVICES).asked_at


def test_what_is_asked_for_during_a_refresh_that_fails_is_not_lost(plant, emulator, monkeypatch):
    """`_fail` takes every wish with it, also one from after the mistake was mended: nothing happens before
    the back-off is over, up to an hour where the platform asked for that."""
    kind, connection = KINDS[DEVICES], plant.connection(KINDS[DEVICES])
    asking.mark_asked(kind, connection)
    emulator.faults([answered(DEVICES, "list", {"code": 99403, "msg": "not for you"})])
    with meanwhile(monkeypatch, refreshing._Work, "_fail", lambda: asking.mark_asked(kind, connection)):
        refreshing.run(connection.pk, DEVICES)

    assert reading_of(plant, DEVICES).failures
    assert reading_of(plant, DEVICES).asked_at


def test_a_list_does_not_ask_for_ever_where_no_worker_runs(plant, settings, monkeypatch):
    """Each piece that an open page asks for is late enough to ask for a new refresh, so the page is "being
    read" again, and one more task waits in the queue, every 30 s for ever."""
    asked = []

    class Queue:
        using = staticmethod(lambda **_options: Queue)
        enqueue = staticmethod(lambda *arguments: asked.append(arguments))

    monkeypatch.setattr(asking, "refresh", Queue)
    settings.FRESH_SECONDS = 30
    browser = plant.browser()
    browser.get(f"/{DEVICES}/")
    for _half_a_minute in range(5):
        Reading.objects.update(due_at=timezone.now() - timedelta(seconds=1))
        browser.get(f"/{DEVICES}/?seen=0", headers={"HX-Request": "true"})

    assert len(asked) == 1


def test_a_walk_that_gets_on_is_not_begun_anew_after_one_mishap(plant, emulator, monkeypatch):
    """A page that failed once has long been read, and the walk gets on. `failed_at` stays until the end, so
    15 minutes after the beginning each walk that ever failed begins anew: a long one never ends."""
    monkeypatch.setattr(searching, "PAGE_SIZE", 2)
    made(plant, DEVICES, 8)
    connection = plant.connection(KINDS[DEVICES])
    asking.mark_asked(KINDS[DEVICES], connection)
    monkeypatch.setattr(refreshing, "SLICE_SECONDS", 0)
    assert refreshing.run(connection.pk, DEVICES)
    emulator.faults([answered(DEVICES, "list", "no", status=503)])
    assert not refreshing.run(connection.pk, DEVICES)
    emulator.faults([])
    assert refreshing.run(connection.pk, DEVICES)
    before = timezone.now() - timedelta(minutes=16)
    Reading.objects.update(started_at=before, failed_at=before + timedelta(minutes=1))
    was = reading_of(plant, DEVICES)

    refreshing.run(connection.pk, DEVICES)

    now = reading_of(plant, DEVICES)
    assert now.generation == was.generation
    assert now.progress > was.progress


def test_an_address_opens_what_two_connections_of_a_team_have(plant):
    """A team may have two connections to one account. Then the address says that nothing is there."""
    connection = plant.connection(KINDS[GROUPS])
    values = {name: getattr(connection, name) for name in ("endpoint", "project_id", "instance_id", "region")}
    second = type(connection)(team=plant.team, platform="iotda", name="second", sign_in="keys", **values)
    second.set_credentials(connection.credentials())
    second.save()
    (id,) = made(plant, GROUPS, 1)

    assert plant.browser().get(f"/{GROUPS}/{id}/").status_code == 200


def test_a_live_object_that_moved_to_a_page_read_before_is_not_called_gone(plant, emulator, monkeypatch):
    """Pages by number: between two of them one object is deleted and another made. The count stays, the list
    shows as many different objects, and the one that moved up is gone without a look."""
    monkeypatch.setattr(searching, "PAGE_SIZE", 2)
    every = sorted(made(plant, DEVICES, 4))
    plant.refresh(DEVICES)
    demo = sorted(mirrored(DEVICES) - set(every))
    long_ago(DEVICES)
    first, *others, moved = every
    (new,) = {str(plant.made_in_the_console(DEVICES, {**plant.data(DEVICES), **numbered(DEVICES, 99)})["id"])}
    plant.collection(DEVICES).delete(first)
    pages = [[first, demo[0]], [demo[1], others[0]], [others[1], new]]  # `moved` took the place of demo[0]
    emulator.faults([{**enos_page(page, 6), "times": 1} for page in pages])

    plant.refresh(DEVICES)

    assert plant.collection(DEVICES).get(moved)
    assert moved in mirrored(DEVICES)
