"""Waits that a platform asks for and a connection's own limits, kept by all processes together. Would catch:
a Retry-After that one process keeps and others do not, more calls than allowed, a killed process's slot."""

import os
import signal
import time
from bisect import bisect_left
from datetime import datetime, timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone
from hypothesis import example, given, settings
from hypothesis import strategies as st

from portal.connections import gate
from portal.connections.gate import Pace
from portal.connections.models import Condition, Connection, Slot
from portal.errors import Missing, Throttled
from portal.platforms.retrying import Repeat
from tests.connections.crowd import Crowd, ask, impatient

MINUTE = timedelta(minutes=1)
APP_ID = "ef3845be-091a-4ab5-869a-9de0025e2165"
SHORT = 4  # seconds; long enough for a call on a busy machine, too short to wait for a slot


def throttling(retry_after=None, **more):
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return {"fault": "answer", "status": 429, "headers": headers, "body": {}, **more}


def limited(connection, **limits):
    """The connection with these limits, as all processes see it."""
    Connection.objects.filter(pk=connection.pk).update(changed_at=timezone.now(), **limits)
    return Connection.objects.get(pk=connection.pk)


def seconds_to_wait():
    row = Condition.objects.now().get()
    return (row.wait_until - row.now).total_seconds()


@pytest.fixture
def iotda(plant):
    return plant.connections["iotda"]


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [("120", 120), ("0", 1), ("99999", 300), ("-5", 1), ("soon", 1), (None, 1)],
)
def test_the_wait_that_a_platform_asks_for_is_kept(iotda, emulator, retry_after, seconds):
    emulator.faults([throttling(retry_after)])
    client = impatient(iotda.client(), SHORT)
    assert ask(client, "iotda") == "Throttled"
    assert seconds - 20 < seconds_to_wait() <= seconds

    emulator.faults([])
    reached = len(emulator.requests())
    if seconds > 1:
        with pytest.raises(Throttled, match="asked to wait until"):
            client.send(client.call("GET", client.spaces.path(), repeat=Repeat.NEVER))
        assert len(emulator.requests()) == reached


def test_without_a_time_the_waits_grow_until_the_platform_answers(iotda, emulator):
    waits, client = [], impatient(iotda.client(), SHORT)
    for fault in [throttling()] * 8 + [throttling("7"), throttling(), throttling()]:
        emulator.faults([fault])
        assert ask(client, "iotda") == "Throttled"
        waits.append(Condition.objects.get().guess("GET spaces"))
        assert seconds_to_wait() <= (waits[-1] or 7)
        Condition.objects.update(wait_until=Now())
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 0, 1, 2]
    emulator.faults([])
    assert ask(client, "iotda") == "done"
    emulator.faults([throttling()])
    assert ask(client, "iotda") == "Throttled"
    assert seconds_to_wait() <= 1


def test_many_that_are_throttled_together_wait_no_longer_than_one(iotda, emulator):
    passages = [gate.DatabaseGate(iotda.pk).passage(0) for _each in range(6)]
    for passage in passages:
        passage.__enter__()
    for passage in passages:
        assert not passage.__exit__(Throttled, Throttled("later", status=429), None)
    assert seconds_to_wait() <= 1


def test_a_probe_that_is_throttled_ends_the_pause_and_begins_the_wait(iotda, emulator):
    Condition.objects.create(connection=iotda, failures=5, paused_at=Now(), pause_seconds=30, try_at=Now())
    emulator.faults([throttling("100")])
    assert ask(impatient(iotda.client(), SHORT), "iotda") == "Throttled"
    assert (Condition.objects.get().paused_at, Condition.objects.get().failures) == (None, 0)
    assert seconds_to_wait() > 80


def test_throttling_by_code_is_kept_too(iotda, emulator):
    body = {"error_code": "IOTDA.021101", "error_msg": "Flow control."}
    emulator.faults([{**throttling("60"), "status": 403, "body": body}])
    assert ask(impatient(iotda.client(), SHORT), "iotda") == "Throttled"
    assert 40 < seconds_to_wait() <= 60


def test_a_shorter_wait_does_not_shorten_a_longer_one(iotda, emulator):
    one, other = gate.DatabaseGate(iotda.pk), gate.DatabaseGate(iotda.pk)
    first, second = one.passage(0), other.passage(0)
    first.__enter__()
    second.__enter__()
    for passage, seconds in ((first, 200), (second, 2)):
        assert not passage.__exit__(Throttled, Throttled("later", status=429, retry_after=seconds), None)
    assert seconds_to_wait() > 100


# A create, and a read of the same objects: platform -> collection and the create's body.
CREATES = {
    "iotda": ("device_groups", {"name": "g"}),
    "roma": ("device_groups", {"name": "group", "parent_id": 0, "app_id": "a"}),
    "enos": (
        "devices",
        {"product_key": "prodKey1", "device_name": {"defaultValue": "d"}, "timezone": "+08:00"},
    ),
}
CHANGES = {"iotda": "/device-group", "roma": "/device-groups", "enos": "/devices"}


@pytest.mark.parametrize("wait", ["301", "999999999", "Fri, 01 Jan 2199 00:00:00 GMT"])
@pytest.mark.parametrize("platform", CREATES)
def test_a_throttled_create_holds_back_creates_and_nothing_else(plant, emulator, platform, wait):
    name, body = CREATES[platform]
    match = {"method": "POST", "path": CHANGES[platform]}
    if platform == "enos":
        match["query"] = "action=create"
    emulator.faults([throttling(wait, match=match)])
    client = plant.connections[platform].client()
    client._deadline = 3
    things, filters = getattr(client, name), {"app_id": APP_ID} if platform == "roma" else {}
    sent = len(creates(emulator, platform))
    for _each in range(2):
        with pytest.raises(Throttled):
            things.create(body)
    assert len(creates(emulator, platform)) == sent + 1
    assert seconds_to_wait() <= 300

    assert things.list(**filters).items is not None
    with pytest.raises(Missing):
        things.get("10002" if platform == "roma" else "0" * 24)
    assert Condition.objects.now().get().state == "waiting"
    page = plant.browser().get(f"/connections/{plant.connections[platform].pk}/").text
    assert f"POST {name}" in page


def creates(emulator, platform):
    path = CHANGES[platform]
    found = [each for each in emulator.requests() if each["method"] == "POST" and path in each["path"]]
    return [each for each in found if platform != "enos" or "action=create" in each["query"]]


def test_a_throttled_object_holds_back_the_same_of_other_objects(plant, emulator):
    emulator.faults([throttling("100", match={"method": "DELETE"})])
    client = impatient(plant.connections["iotda"].client(), SHORT)
    for id in ("a" * 24, "b" * 24):
        with pytest.raises(Throttled):
            client.policies.delete(id)
    assert len(emulator.requests()) == 1
    with pytest.raises(Throttled):
        client.device_groups.delete("a" * 24)
    assert len(emulator.requests()) == 2


def test_a_throttled_sign_in_holds_back_sign_ins_alone(plant, emulator):
    """The token is still good: only a new one cannot be had."""
    connection = plant.connections["enos"]
    assert ask(connection.client(), "enos") == "done"
    emulator.faults([throttling("100", match={"path": "/token/"})])
    client = impatient(Connection.objects.get(pk=connection.pk).client(), SHORT)
    with pytest.raises(Throttled):
        client.auth.renew(client.route())
    assert ask(client, "enos") == "done"


def test_each_kind_of_call_has_its_own_guess(iotda, emulator):
    emulator.faults([throttling()])
    client = impatient(iotda.client(), SHORT)
    for _each in range(3):
        ask(client, "iotda")
        Condition.objects.update(wait_until=Now())
    with pytest.raises(Throttled):
        client.policies.delete("a" * 24)
    row = Condition.objects.get()
    assert (row.guess("GET spaces"), row.guess("DELETE policies")) == (4, 1)


def test_a_call_waits_when_there_is_time_for_it(iotda, emulator):
    emulator.faults([throttling("1", times=1)])
    listing = iotda.client().spaces.list()
    assert listing.items
    statuses = [request["status"] for request in emulator.requests()]
    assert statuses == [429, 200]


def test_retry_after_is_shared_by_processes(committed_db, committed_plant, emulator):
    connection = committed_plant.connections["iotda"]
    emulator.faults([throttling("200", times=1)])
    with Crowd(connection, committed_db) as crowd:
        assert crowd.call(1, seconds=SHORT) == ["Throttled"]
        assert crowd.call(2, seconds=SHORT) == ["Throttled"] * 2
        assert len(emulator.requests()) == 1
        Condition.objects.update(wait_until=Now() - timedelta(seconds=1))
        assert crowd.call(2, seconds=SHORT) == ["done"] * 2


@given(
    calls=st.integers(1, 120),
    crowds=st.lists(st.tuples(st.integers(1, 150), st.floats(0, 70)), min_size=1, max_size=8),
)
@example(calls=60, crowds=[(150, 0)])
@settings(max_examples=40, deadline=None)
def test_no_minute_holds_more_calls_than_allowed(calls, crowds):
    """`crowds`: how many ask at once, and how many seconds later the next ones come."""
    pace, now, following, sent = Pace(calls), datetime(2026, 1, 1), None, []
    for number, gap in crowds:
        for _each in range(number):
            wait, following = pace.turn(following, now)
            sent.append(now + wait)
        now += timedelta(seconds=gap)
    sent.sort()
    # Half a millisecond, because no clock here tells less.
    late = [bisect_left(sent, moment + MINUTE - timedelta(microseconds=500)) for moment in sent]
    assert max(end - begin for begin, end in enumerate(late)) <= calls


def test_a_tenth_of_them_may_come_at_once():
    pace, now, following, waits = Pace(40), datetime(2026, 1, 1), None, []
    for _each in range(5):
        wait, following = pace.turn(following, now)
        waits.append(wait)
    assert waits == [timedelta()] * 4 + [pace.interval]


def test_calls_a_minute_are_counted_over_all_processes(committed_db, committed_plant, emulator):
    connection = limited(committed_plant.connections["iotda"], calls_per_minute=40)
    with Crowd(connection, committed_db) as crowd:
        began = time.monotonic()
        outcomes = crowd.call(4, calls=5, seconds=SHORT)
        elapsed = time.monotonic() - began
    sent = len(emulator.requests())
    assert outcomes.count("done") == sent
    assert set(outcomes) == {"done", "Throttled"}
    # Four at once, then one more each time that a turn comes round.
    assert 4 <= sent <= 4 + elapsed / Pace(40).interval.total_seconds()


def test_who_has_time_waits_for_the_turn(iotda, emulator):
    """The turn after this one comes in a second; nothing is refused."""
    iotda = limited(iotda, calls_per_minute=1)
    assert ask(iotda.client(), "iotda") == "done"
    with pytest.raises(Throttled, match="own limit of 1 calls a minute"):
        iotda.client().spaces.list()
    Condition.objects.update(next_turn_at=Now() + timedelta(seconds=1))
    assert ask(iotda.client(), "iotda") == "done"
    assert len(emulator.requests()) == 2


def test_no_more_calls_at_once_than_allowed(committed_db, committed_plant, emulator):
    connection = limited(committed_plant.connections["iotda"], calls_at_once=2)
    emulator.faults([{"fault": "latency", "seconds": 0.3}])
    with Crowd(connection, committed_db) as crowd:
        assert crowd.call(4, calls=2) == ["done"] * 8
    arrived = [request["time"] for request in emulator.requests()]
    # Each is held for 0.3 s: what arrives earlier than that after another one is under way beside it.
    beside = [sum(first <= moment < first + 0.3 for moment in arrived) for first in arrived]
    assert max(beside) == 2


def test_who_gets_no_slot_in_time_is_told_whose_limit_it_is(iotda, emulator):
    iotda = limited(iotda, calls_at_once=1)
    client = impatient(iotda.client(), SHORT)
    assert ask(client, "iotda") == "done"
    Slot.objects.update(holder="another", held_until=Now() + timedelta(seconds=60))
    with pytest.raises(Throttled, match="own limit of 1 calls at the same time"):
        client.send(client.call("GET", client.spaces.path(), repeat=Repeat.NEVER))
    assert len(emulator.requests()) == 1


def test_a_lowered_limit_leaves_the_other_slots_unused(iotda, emulator):
    iotda = limited(iotda, calls_at_once=3)
    Slot.objects.create(connection=iotda, number=1, holder="slow", held_until=Now() + timedelta(seconds=60))
    assert ask(iotda.client(), "iotda") == "done"
    assert Slot.objects.count() == 3
    assert ask(impatient(limited(iotda, calls_at_once=1).client(), SHORT), "iotda") == "Throttled"


def test_a_slot_is_given_back_whatever_happens(iotda, emulator):
    iotda = limited(iotda, calls_at_once=1)
    emulator.faults([{"fault": "reset", "times": 1}, throttling("1", times=1)])
    assert [ask(iotda.client(), "iotda") for _each in range(3)] == ["Unclear", "done", "done"]
    assert list(Slot.objects.values_list("number", "holder", "held_until")) == [(1, "", None)]


def test_a_late_process_frees_no_slot_of_another_one(iotda, emulator):
    iotda = limited(iotda, calls_at_once=1)
    slow = iotda.client().gate.passage(0)
    slow.__enter__()
    Slot.objects.update(holder="another")
    slow.__exit__(None, None, None)
    assert Slot.objects.get().holder == "another"


def test_a_killed_process_keeps_its_slot_only_for_a_while(committed_db, committed_plant, emulator):
    connection = limited(committed_plant.connections["iotda"], calls_at_once=1)
    emulator.faults([{"fault": "latency", "seconds": 30, "times": 1}])
    with Crowd(connection, committed_db) as crowd:
        [pid] = crowd.start(1)
        while not emulator.requests():
            time.sleep(0.02)
        os.kill(pid, signal.SIGKILL)
        assert crowd.outcomes() == []
        row = Slot.objects.annotate(now=Now()).get()
        assert timedelta(seconds=31) < row.held_until - row.now < timedelta(seconds=70)
        assert crowd.call(1, seconds=SHORT) == ["Throttled"]
        Slot.objects.update(held_until=Now() - timedelta(seconds=1))
        assert crowd.call(2) == ["done", "done"]


def test_a_paused_platform_takes_no_slot(iotda):
    iotda = limited(iotda, calls_at_once=1)
    Slot.objects.create(connection=iotda, number=1, holder="slow", held_until=Now() + timedelta(seconds=60))
    Condition.objects.create(
        connection=iotda, failures=5, paused_at=Now(), try_at=Now() + timedelta(seconds=30)
    )
    assert ask(iotda.client(), "iotda") == "Paused"


@pytest.mark.parametrize("hours", [-1, 1])
def test_only_the_clock_of_the_database_counts(iotda, emulator, monkeypatch, hours):
    iotda = limited(iotda, calls_at_once=1, calls_per_minute=6000)
    client = impatient(iotda.client(), SHORT)
    emulator.faults([throttling("120", times=1)])
    assert ask(client, "iotda") == "Throttled"
    moved, real = timedelta(hours=hours), timezone.now
    monkeypatch.setattr("django.utils.timezone.now", lambda: real() + moved)
    monkeypatch.setattr("time.time", lambda: real().timestamp() + moved.total_seconds())
    assert ask(client, "iotda") == "Throttled"
    Condition.objects.update(wait_until=Now())
    Slot.objects.update(holder="another", held_until=Now() + timedelta(seconds=60))
    assert ask(client, "iotda") == "Throttled"
    Slot.objects.update(held_until=Now() - timedelta(seconds=1))
    assert ask(client, "iotda") == "done"
