"""Denials in the record, and the folding of identical ones.

Would catch: a denial that is not recorded or not answered, a person who fills the record by pressing a button
again and again, a count that is lost or written twice, different denials that are counted as one, a secret in
the table of counts.
"""

import json
import threading
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection as database
from django.db import connections
from django.urls import reverse
from django.utils import timezone

from portal.connections import service as connections_service
from portal.errors import NotAllowed, NotVisible, RecordUnavailable
from portal.jobs.management.commands import worker
from portal.record import authorizing
from portal.record.models import Body, Entry
from portal.teams import recording
from portal.teams.folding import DENIED
from portal.teams.models import Membership, Repeated, User
from portal.teams.recording import line, require_recorded, write_folded
from portal.words import clock
from tests.support.plant import make_plant
from tests.support.processes import run_manage

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def plant(db):
    return make_plant(NOWHERE)


@pytest.fixture
def committed(committed_db):
    return make_plant(NOWHERE)


def deny(plant, times=1, *, role="viewer", right="connections", verb="connection_test", thing=None, **fields):
    """The person tries it so often, and is told each time that they may not."""
    actor, thing = User.objects.get(pk=plant.people[role].pk), thing or plant.connections["iotda"]
    tried = line(verb, kind="portal/connections", actor=actor, team=plant.team, object_id=thing.pk, **fields)
    for _each in range(times):
        with pytest.raises(NotAllowed):
            require_recorded(actor, right, thing, tried)


def end_the_minute():
    """As if it had passed."""
    Repeated.objects.update(began_at=timezone.now() - timedelta(seconds=61))


def bodies(**narrowed):
    """The bodies of the denied entries, oldest first."""
    seqs = Entry.objects.filter(stage="denied", outcome="denied", **narrowed).order_by("seq")
    return [json.loads(Body.objects.get(seq=entry.seq).text) for entry in seqs]


def folded():
    return [body["count"] for body in bodies() if "count" in body]


def told():
    """How many denials the record tells of."""
    return sum(body.get("count", 1) for body in bodies())


def test_the_first_twenty_are_entries_and_the_rest_becomes_one(plant):
    deny(plant, 27)
    assert len(bodies()) == DENIED.in_full == 20
    assert bodies() == [{"right": "connections"}] * 20
    assert write_folded() == 0  # the minute is not over
    row = Repeated.objects.get()

    end_the_minute()
    assert write_folded() == 1

    entry = Entry.objects.order_by("seq").last()
    body = bodies()[-1]
    assert (body["count"], body["right"]) == (7, "connections")
    assert (body["first"], body["last"]) == (row.first_at.isoformat(), row.last_at.isoformat())
    assert row.began_at < row.first_at <= row.last_at
    assert entry.text == (f"7 more identical denials between {clock(row.first_at)} and {clock(row.last_at)}.")
    iotda = plant.connections["iotda"]
    assert (entry.actor, entry.verb, entry.object_id) == (
        *("viewer-plant@example.test", "connection_test"),
        str(iotda.pk),
    )
    assert (entry.team_id, entry.kind, entry.via) == (str(plant.team.pk), "portal/connections", "web")
    assert not Repeated.objects.exists()
    assert write_folded() == 0


@pytest.mark.parametrize(("times", "text"), [(20, None), (21, "One more identical denial at ")])
def test_a_row_of_which_all_or_all_but_one_are_written(plant, times, text):
    deny(plant, times)
    end_the_minute()
    assert write_folded() == (text is not None)
    assert told() == times
    assert not Repeated.objects.exists()
    if text:
        assert Entry.objects.order_by("seq").last().text.startswith(text)


def test_the_next_denial_of_that_person_writes_what_was_folded(plant):
    deny(plant, 25)
    end_the_minute()
    deny(plant, role="auditor")
    assert folded() == []  # somebody else's denial

    deny(plant, verb="connection_delete")

    assert [body.get("count", 1) for body in bodies()][-2:] == [5, 1]
    assert Entry.objects.order_by("seq").last().verb == "connection_delete"


def test_the_next_minute_begins_anew(plant):
    deny(plant, 22)
    end_the_minute()
    deny(plant, 22)
    assert folded() == [2]
    assert len(bodies()) == 20 + 1 + 20
    assert Repeated.objects.get().times == 22


@pytest.mark.parametrize(
    "other",
    [
        {"role": "auditor"},
        {"right": "delete"},
        {"verb": "connection_delete"},
        {"object_name": "another"},
        {"operation": "another"},
        {"connection_id": "another"},
        {"body": {"asked": "decide"}},
    ],
    ids=str,
)
def test_a_denial_that_differs_is_not_folded(plant, other):
    deny(plant, 21)
    deny(plant, **other)
    assert len(bodies()) == 20 + 1


def test_another_object_or_team_is_not_folded(plant):
    deny(plant, 21)
    deny(plant, thing=plant.connections["roma"])
    assert len(bodies()) == 20 + 1
    harbour = make_plant(NOWHERE, name="Harbour")
    Membership.objects.create(team=harbour.team, user=plant.people["viewer"], role="viewer")
    harbour.people["viewer"] = plant.people["viewer"]
    deny(harbour)
    assert len(bodies()) == 20 + 2


def test_what_is_kept_to_count_holds_nothing_of_the_request(plant):
    deny(plant, 21, body={"data": {"password": "hunter2", "note": "for my eyes"}})
    assert "for my eyes" in json.dumps(bodies()[0])
    assert "hunter2" not in json.dumps(bodies())
    row = Repeated.objects.get()
    assert "hunter2" not in row.line
    assert "for my eyes" not in row.line


def test_a_name_that_looks_like_a_secret_is_not_kept_either(plant):
    token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abc"
    deny(plant, object_name=token)
    assert token not in Repeated.objects.get().line


def test_a_text_that_no_database_takes_is_counted_all_the_same(plant):
    deny(plant, 21, object_name="nul \0 and \ud800 and " + "long" * 300)
    end_the_minute()
    assert write_folded() == 1
    assert told() == 21


def test_strangers_and_the_command_line_leave_no_denial(plant):
    harbour = make_plant(NOWHERE, name="Harbour")
    thing, tried = plant.connections["iotda"], {"actor_id": "", "verb": "x"}
    with pytest.raises(NotVisible):
        require_recorded(harbour.people["owner"], "view", thing, tried)
    require_recorded(None, "connections", thing, tried)
    require_recorded(plant.people["owner"], "connections", thing, tried)
    assert not Entry.objects.exists()
    assert not Repeated.objects.exists()


def test_each_press_is_answered_and_only_twenty_are_written(plant):
    browser = plant.browser("viewer")
    address = reverse("connections:try_again", args=[plant.connections["iotda"].pk])
    assert {browser.post(address).status_code for _each in range(23)} == {403}
    assert len(bodies()) == 20
    # A form to add something: there is no object yet whose id would differ each time.
    assert {
        browser.post(reverse("connections:new"), {"platform": "enos"}).status_code for _ in range(22)
    } == {403}
    assert len(bodies(verb="connection_create")) == 20


def test_adding_the_same_again_and_again_is_folded_too(plant):
    """What was never added has no id: one that is made up each time would make each denial another one."""
    viewer = User.objects.get(pk=plant.people["viewer"].pk)
    given = {"values": {"name": "New", "platform": "enos"}, "credentials": {}}
    for _each in range(22):
        with pytest.raises(NotAllowed):
            connections_service.create(actor=viewer, team=plant.team, **given)
    assert len(bodies(object_name="New", object_id="", connection="New")) == 20


def test_the_worker_writes_what_was_folded(plant):
    deny(plant, 23)
    worker.tick("this one")
    assert folded() == []
    end_the_minute()
    worker.tick("this one")
    worker.tick("that one")
    assert folded() == [3]


@pytest.mark.parametrize("hours", [-1, 1])
def test_only_the_clock_of_the_database_counts(plant, monkeypatch, hours):
    deny(plant, 22)
    real = timezone.now
    monkeypatch.setattr("django.utils.timezone.now", lambda: real() + timedelta(hours=hours))
    deny(plant)
    assert write_folded() == 0
    assert Repeated.objects.get().times == 23


def at_once(*works):
    barrier, errors = threading.Barrier(len(works)), []

    def run(work):
        barrier.wait()
        try:
            work()
        except BaseException as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_denials_at_the_same_moment_are_all_counted(committed):
    at_once(*[lambda: deny(committed, 15)] * 4)
    assert len(bodies()) == 20
    end_the_minute()
    write_folded()
    assert told() == 60


def test_several_workers_and_the_person_write_it_once(committed):
    for number in range(5):
        deny(committed, 23, object_name=f"round {number}")
        end_the_minute()
        at_once(write_folded, write_folded, lambda: deny(committed, role="viewer"))
    assert folded() == [3] * 5
    end_the_minute()
    write_folded()
    assert told() == 5 * 23 + 5


CHILD = """
import os, signal
from portal.teams import recording
real = recording.append
def dies(*lines):
    {before}
    real(*lines)
    os.kill(os.getpid(), signal.SIGKILL)
recording.append = dies
recording.write_folded()
"""


@pytest.mark.parametrize("before", ["pass", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_a_killed_worker_loses_no_count_and_doubles_none(committed, committed_db, before):
    deny(committed, 26)
    end_the_minute()

    died = run_manage("shell", "--no-imports", "-c", CHILD.format(before=before), database=committed_db)

    assert died.returncode == -9, died.stderr
    assert folded() == []
    write_folded()
    assert folded() == [6]
    assert told() == 26


PUT_AWAY = {"record_entry": "the entry", "teams_repeated": "the count"}


@pytest.mark.parametrize("table", PUT_AWAY)
def test_a_denial_that_cannot_be_recorded_is_a_503(committed, table):
    browser = committed.browser("viewer")
    address = reverse("connections:try_again", args=[committed.connections["iotda"].pk])
    assert browser.post(address).status_code == 403
    with authorizing.lifted(), database.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO put_away")

    answer = browser.post(address)

    assert answer.status_code == 503
    assert "nothing was changed" in answer.text
    with pytest.raises(RecordUnavailable), recording.denials_recorded({"actor_id": "1", "verb": "x"}):
        raise NotAllowed("no", right="x")


def test_without_its_entry_a_denial_is_not_counted_either(committed):
    deny(committed, 3)
    with authorizing.lifted(), database.cursor() as cursor:
        cursor.execute("ALTER TABLE record_body RENAME TO put_away")
    actor = committed.people["viewer"]
    with pytest.raises(RecordUnavailable):
        require_recorded(actor, "delete", committed.team, line("x", kind="x", actor=actor))
    assert Counter(Repeated.objects.values_list("times", flat=True)) == {3: 1}
