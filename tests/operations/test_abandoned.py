"""An intent whose process cannot go on is ended at once: nobody waits for what will never be sent.

Would catch: "about to be sent" for a minute, although the database was locked and nobody works on it.
"""

import pytest
from django.db import OperationalError

from portal.errors import RecordUnavailable
from portal.operations import leases, life, service
from portal.operations.models import Cause, Operation, State
from portal.record.models import Entry
from tests.examples import EVERY_CREATE
from tests.operations.endings import broken, text_of, url
from tests.resources.forms import script, send
from tests.support.plant import creates_received

POLICY = "iotda/policies"


def check_ended(operation, emulator):
    assert (operation.state, operation.cause, operation.sent_at) == (State.NOT_SENT, Cause.STOPPED, None)
    assert Entry.objects.order_by("-seq").first().outcome == State.NOT_SENT
    assert creates_received(emulator, operation.kind_slug) == []


@EVERY_CREATE
def test_what_cannot_be_prepared_any_more_is_not_sent(plant, emulator, monkeypatch, slug):
    monkeypatch.setattr(service, "prepare", broken)

    operation = plant.perform(slug)

    check_ended(operation, emulator)
    assert "nothing was sent" in operation.message
    assert "about to be sent" not in text_of(plant.browser().get(url(operation)))


def test_what_cannot_be_marked_as_sending_is_not_sent(plant, emulator, monkeypatch):
    real = life.move

    def once(*args, **options):
        monkeypatch.setattr(life, "move", real)
        raise OperationalError("database is locked")

    monkeypatch.setattr(life, "move", once)

    check_ended(plant.perform(POLICY), emulator)


def test_an_object_that_cannot_be_reserved_is_not_changed(plant, emulator, monkeypatch):
    row = plant.make(POLICY)
    real = life.keep

    def once(*args, **options):
        monkeypatch.setattr(life, "keep", real)
        raise OperationalError("disk is full")

    monkeypatch.setattr(life, "keep", once)

    operation = plant.perform(POLICY, "update", target=row)

    assert (operation.state, operation.cause) == (State.NOT_SENT, Cause.STOPPED)
    assert plant.perform(POLICY, "update", target=row).state == State.DONE


def test_the_form_comes_back_and_can_be_sent_again(plant, emulator, monkeypatch):
    posted, browser = script(POLICY, plant), plant.browser()
    real = service.prepare
    monkeypatch.setattr(service, "prepare", broken)

    answer = send(browser, POLICY, posted)

    assert answer.status_code == 422
    assert "nothing was sent" in text_of(answer)
    monkeypatch.setattr(service, "prepare", real)
    assert Operation.objects.get().state == State.NOT_SENT


def test_what_cannot_be_ended_yet_is_ended_as_soon_as_it_can_be(plant, emulator, monkeypatch):
    monkeypatch.setattr(service, "prepare", broken)
    monkeypatch.setattr(leases, "_start", lambda: None)  # the test does what the thread does
    real = life.move
    monkeypatch.setattr(life, "move", broken)
    with pytest.raises(RecordUnavailable):
        plant.perform(POLICY)
    others = []
    leases.once_possible(lambda: others.append("written"))
    leases._write_the_unwritten()
    assert (Operation.objects.get().state, others) == (State.INTENT, ["written"])

    monkeypatch.setattr(life, "move", real)
    leases._write_the_unwritten()

    check_ended(Operation.objects.get(), emulator)
    assert leases._unwritten == []


def test_a_bug_before_the_call_leaves_nothing_behind(plant, emulator, monkeypatch):
    def bug(*args):
        raise ValueError("a bug")

    monkeypatch.setattr(service, "prepare", bug)

    with pytest.raises(ValueError, match="a bug"):
        plant.perform(POLICY)

    check_ended(Operation.objects.get(), emulator)
