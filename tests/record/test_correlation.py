"""One id ties all that a request, a command or a task causes.

Would catch: entries of one press that cannot be found together, an id that a client chooses, two requests
with one id, a worker that goes on with a change under another id.
"""

import uuid

import pytest

from portal.jobs.management.commands import worker
from portal.operations import settling
from portal.operations.models import Operation, State
from portal.record import correlation
from portal.record.models import Entry
from portal.resources.tasks import refresh
from tests.examples import match
from tests.resources import forms
from tests.support.processes import run_manage

BUS = "iotda/soft-buses"
LOST = {"match": match(BUS, "create"), "fault": "timeout_after_commit", "seconds": 0.1}


def ids(**narrowed):
    return list(Entry.objects.filter(**narrowed).order_by("seq").values_list("correlation", flat=True))


def test_each_request_has_an_id_of_its_own_that_no_client_chooses(plant):
    browser, theirs = plant.browser(), str(uuid.uuid4())

    answers = [browser.get("/", HTTP_X_CORRELATION_ID=theirs)[correlation.HEADER] for _time in range(2)]

    assert len({*answers, theirs}) == 3
    assert all(str(uuid.UUID(each)) == each for each in answers)
    assert correlation.current() == ""


@pytest.mark.parametrize("path", ["/no/such/page/", "/healthz", "/static/none.css", "/accounts/login/"])
def test_every_answer_tells_it(plant, path):
    assert uuid.UUID(plant.browser().get(path)[correlation.HEADER])


def test_all_entries_of_a_press_have_the_id_of_its_answer(plant):
    browser = plant.browser()
    first = forms.send(browser, BUS, forms.filled(browser, BUS))
    second = forms.send(browser, BUS, forms.filled(browser, BUS, bus_name="another"))

    told = [each[correlation.HEADER] for each in (first, second)]
    assert ids(kind=BUS) == [told[0], told[0], told[1], told[1]]
    kept = Operation.objects.order_by("created_at").values_list("correlation", flat=True)
    assert list(kept) == told


def test_what_a_worker_does_with_an_operation_has_the_id_of_who_asked(plant, emulator, settings):
    settings.SETTLE_SECONDS = 0
    emulator.faults([LOST])
    with correlation.begin() as asked:
        operation = plant.perform(BUS)
    assert operation.state == State.IN_DOUBT
    with correlation.begin() as own:
        Operation.objects.update(next_look_at=operation.created_at)
        settling.settle_due()

    operation.refresh_from_db()
    assert operation.state == State.FOUND
    assert ids(operation=str(operation.pk)) == [asked] * 3
    assert own != asked


def test_an_operation_that_a_dead_process_left_keeps_its_id(plant):
    with correlation.begin() as asked:
        operation = plant.perform(BUS)
    Operation.objects.update(state=State.SENDING, lease_until=operation.created_at)

    settling.sweep()

    assert ids(operation=str(operation.pk)) == [asked] * 3


def test_a_task_has_an_id_of_its_own(plant):
    plant.refresh(BUS)
    plant.made_in_the_console(BUS)
    refresh.call(str(plant.connections["iotda"].pk), BUS)
    assert correlation.current() == ""


def test_a_command_has_an_id(committed_db):
    made = run_manage(
        *("createsuperuser", "--noinput", "--email", "new@example.test"),
        database=committed_db,
        DJANGO_SUPERUSER_PASSWORD="long-enough-for-all-1",
    )

    assert made.returncode == 0, made.stderr
    entry = Entry.objects.get(verb="account_create")
    assert (entry.actor, entry.via, entry.object_name) == ("command line", "command", "new@example.test")
    assert uuid.UUID(entry.correlation)


def test_each_tick_of_a_worker_has_one(plant, monkeypatch):
    seen = []
    monkeypatch.setattr(worker.stopping, "is_set", lambda: len(seen) == 2)
    worker._forever(0, lambda: seen.append(correlation.current()))
    assert len(set(seen)) == 2
    assert all(seen)
