"""What pages show of a connection's condition, and "Try again now". Would catch: a pause nobody sees or ends,
a page that keeps asking the portal for ever, a limit that is not recorded, a number that makes no sense."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.urls import reverse

from portal.connections.models import Condition, Connection
from portal.record.models import Body, Entry
from tests.connections.crowd import ask
from tests.support.account import PROJECT

DOWN = {"fault": "answer", "status": 503, "body": {"error_code": "IOTDA.000503", "error_msg": "Quoted."}}
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def iotda(plant):
    return plant.connections["iotda"]


@pytest.fixture
def paused(iotda, emulator):
    emulator.faults([DOWN])
    for _each in range(5):
        ask(iotda.client(), "iotda")
    emulator.faults([])
    return iotda


def pages(plant, connection, role="viewer"):
    """The texts of the connection's page, of the piece of it that changes, and of the list."""
    browser = plant.browser(role)
    detail = browser.get(reverse("connections:detail", args=[connection.pk])).text
    piece = browser.get(reverse("connections:condition", args=[connection.pk]), **HTMX).text
    return detail, piece, browser.get(reverse("connections:list")).text


def test_without_trouble_nothing_is_asked_again_and_again(plant, iotda):
    for text in pages(plant, iotda):
        assert "no failures" in text
        assert "every 5s" not in text
    ask(iotda.client(), "iotda")
    for text in pages(plant, iotda):
        assert "no failures" in text


def test_failures_are_counted_on_the_page(plant, iotda, emulator):
    emulator.faults([DOWN])
    for _each in range(3):
        ask(iotda.client(), "iotda")
    detail, piece, listed = pages(plant, iotda)
    for text in (detail, piece, listed):
        assert "failing (3 of 5)" in text
        assert "every 5s" not in text
    assert "HTTP 503 IOTDA.000503." in detail


def test_a_pause_says_since_when_why_and_until_when(plant, paused):
    row = Condition.objects.get()
    since, until = (f"{moment:%Y-%m-%d %H:%M:%S} UTC" for moment in (row.paused_at, row.try_at))
    detail, piece, listed = pages(plant, paused)
    for text in (detail, piece):
        assert "failed 5 times in a row" in text
        assert since in text
        assert until in text
        assert "HTTP 503 IOTDA.000503." in text
        assert "Quoted" not in text
        assert "every 5s" in text
        assert "Try again now" not in text  # a viewer
    assert until in listed
    assert "every 5s" in listed
    assert piece.lstrip().startswith("<section")


def test_a_wait_says_until_when(plant, iotda, emulator):
    emulator.faults([{"fault": "answer", "status": 429, "headers": {"Retry-After": "120"}, "body": {}}])
    client = iotda.client()
    ask(client, "iotda")
    until = f"{Condition.objects.get().wait_until:%Y-%m-%d %H:%M:%S} UTC"
    for text in pages(plant, iotda):
        assert "waiting for the platform" in text
        assert until in text
        assert "every 5s" in text


def test_try_again_now_makes_the_next_call_the_probe(plant, paused, emulator):
    manager = plant.browser("manager")
    assert "Try again now" in pages(plant, paused, "manager")[1]
    reached = len(emulator.requests())

    answer = manager.post(reverse("connections:try_again", args=[paused.pk]), follow=True)

    assert "The next call finds out" in answer.text
    assert "with the next call" in answer.text
    assert "Try again now" not in answer.text
    assert len(emulator.requests()) == reached  # the button itself calls nobody
    entry = Entry.objects.order_by("seq").last()
    assert (entry.verb, entry.outcome, entry.connection) == ("connection_try", "done", "iotda")
    assert ask(paused.client(), "iotda") == "done"
    assert "no failures" in pages(plant, paused)[0]


def test_try_again_now_leaves_a_probe_that_is_under_way_alone(plant, paused):
    Condition.objects.update(prober="busy", probe_until=Now() + timedelta(seconds=40), try_at=Now())
    plant.browser("manager").post(reverse("connections:try_again", args=[paused.pk]))
    assert ask(paused.client(), "iotda") == "Paused"
    assert "just now" in pages(plant, paused)[1]


def test_try_again_now_without_a_pause_changes_and_records_nothing(plant, iotda):
    piece = plant.browser("manager").post(reverse("connections:try_again", args=[iotda.pk]), **HTMX)
    assert piece.text.lstrip().startswith("<section")
    assert "are not paused" in piece["HX-Trigger"]
    assert not Entry.objects.exists()


def test_the_connection_test_works_while_paused_and_ends_the_pause(plant, paused, emulator):
    emulator.faults([DOWN])
    test = reverse("connections:test", args=[paused.pk])
    manager = plant.browser("manager")
    assert "The test found a problem" in manager.post(test).text
    assert Condition.objects.get().paused_at
    assert Condition.objects.get().pause_seconds == 30  # a test counts for nothing
    emulator.faults([])
    answer = manager.post(test).text
    assert "The connection works" in answer
    assert "no failures" in answer
    assert ask(paused.client(), "iotda") == "done"


def test_a_test_that_began_before_the_pause_does_not_end_it(plant, iotda, emulator, monkeypatch):
    from portal.connections import service

    real = service.check

    def check(connection):
        result = real(connection)
        emulator.faults([DOWN])
        for _each in range(5):
            ask(iotda.client(), "iotda")
        return result

    monkeypatch.setattr(service, "check", check)
    plant.browser("manager").post(reverse("connections:test", args=[iotda.pk]))
    assert Condition.objects.get().paused_at


def edited(**changes):
    kept = {"name": "iotda", "project_id": PROJECT, "instance_id": "demo-iotda-instance", "sign_in": "keys"}
    return {**kept, "region": "cn-north-4", "edition": "standard", "signature": "auto", **changes}


def test_limits_are_kept_shown_recorded_and_obeyed(plant, iotda, emulator):
    manager, edit = plant.browser("manager"), reverse("connections:edit", args=[iotda.pk])
    limits = {"calls_per_minute": "6", "calls_at_once": "7"}
    assert manager.post(edit, edited(endpoint=iotda.endpoint, **limits)).status_code == 302
    row = Connection.objects.get(pk=iotda.pk)
    assert (row.calls_per_minute, row.calls_at_once) == (6, 7)
    text = pages(plant, row)[0]
    assert "6 calls a minute" in text
    assert "7 calls at the same time" in text
    assert Body.objects.get(seq=Entry.objects.order_by("seq").last().seq).text == (
        '{"after":{"calls_at_once":7,"calls_per_minute":6},'
        '"before":{"calls_at_once":null,"calls_per_minute":null}}'
    )
    client = row.client()
    client._deadline = 5
    assert [ask(client, "iotda"), ask(client, "iotda")] == ["done", "Throttled"]
    assert 'value="7"' in manager.get(edit).text

    assert manager.post(edit, edited(endpoint=iotda.endpoint)).status_code == 302
    row = Connection.objects.get(pk=iotda.pk)
    assert (row.calls_per_minute, row.calls_at_once) == (None, None)
    assert ask(row.client(), "iotda") == "done"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("calls_per_minute", "0"),
        ("calls_per_minute", "6001"),
        ("calls_per_minute", "1.5"),
        ("calls_per_minute", "1" * 5000),
        ("calls_at_once", "-1"),
        ("calls_at_once", "101"),
        ("calls_at_once", "many"),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(plant, iotda, field, value):
    edit = reverse("connections:edit", args=[iotda.pk])
    answer = plant.browser("manager").post(edit, edited(endpoint=iotda.endpoint, **{field: value}))
    assert answer.status_code == 422
    assert answer.context["form"].errors[field]
    assert getattr(Connection.objects.get(pk=iotda.pk), field) is None
