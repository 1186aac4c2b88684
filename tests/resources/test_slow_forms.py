"""Forms for a platform that answers slowly or not at all: they are shown in time, and input is kept.

Would catch: a form each of whose live choices waits for the platform on its own.
"""

import pytest

from portal.operations.models import Operation, State
from portal.platforms.retrying import READ_TRIES
from portal.resources import forms
from tests.examples import EXAMPLES
from tests.resources.forms import filled, new, read, script, send, typed

pytestmark = pytest.mark.anywhere

# Those that read more than one thing.
EVERY_CREATE = pytest.mark.parametrize("slug", ["iotda/device-groups", "roma/device-groups", "enos/devices"])
UNANSWERED = "The platform did not answer in time."


def impatient(plant, slug, monkeypatch, *, form, call):
    """Seconds that a form, and a call, have."""
    monkeypatch.setattr(forms, "READ_SECONDS", form)
    client = plant.connections[slug.partition("/")[0]].client()
    monkeypatch.setattr(client, "_deadline", call)
    client.sign_in()


def every_call(emulator, fault, **rule):
    """From now on; returns the number of calls so far."""
    emulator.faults([{"match": {"path": "/"}, "fault": fault, **rule}])
    return len(emulator.requests())


@EVERY_CREATE
def test_a_form_sent_to_a_platform_that_hangs_is_answered_in_time(plant, emulator, monkeypatch, slug):
    browser = plant.browser()
    posted = filled(browser, slug)
    impatient(plant, slug, monkeypatch, form=0.3, call=1)
    before = every_call(emulator, "latency", seconds=60)

    response = send(browser, slug, posted)

    assert response.status_code == 422
    assert UNANSWERED in response.text
    typed(read(response), posted)
    operation = Operation.objects.get()
    assert (operation.state, operation.sent_at) == (State.NOT_SENT, None)
    # One by the form and one by the look before sending: each waits for its own time, nothing waits twice.
    assert len(emulator.requests()) == before + 2


@EVERY_CREATE
def test_all_that_a_form_reads_shares_its_time(plant, emulator, monkeypatch, slug):
    """The first answer comes in time, and leaves too little for the next, which is not asked for."""
    impatient(plant, slug, monkeypatch, form=3, call=12)
    before = every_call(emulator, "latency", seconds=1.2)

    response = plant.browser().get(new(slug))

    assert response.status_code == 200
    assert response.text.count("It took too long to get this far") == 1
    assert len(emulator.requests()) == before + 1


@EVERY_CREATE
def test_a_platform_that_cannot_be_reached_is_asked_by_one_field_alone(plant, emulator, slug):
    browser = plant.browser()
    posted = filled(browser, slug)
    before = every_call(emulator, "reset")

    response = send(browser, slug, {**posted.dict(), "preview": "1"})

    assert response.status_code == 200
    assert len(emulator.requests()) == before + READ_TRIES
    typed(read(response), posted)
    # What is not read from the platform can still be chosen.
    assert ('<select name="timezone"' in response.text) == (slug == "enos/devices")


@EVERY_CREATE
def test_a_platform_that_asks_to_wait_keeps_nobody_waiting_for_choices(plant, emulator, slug):
    """The refusal is shown at once; reading choices would wait for as long as the platform asked."""
    call = EXAMPLES[slug].calls["create"].match
    headers = {"Retry-After": "1"}
    emulator.faults([{"match": call, "fault": "answer", "status": 429, "headers": headers, "body": {}}])

    response = send(plant.browser(), slug, script(slug, plant))

    assert response.status_code == 422
    assert 'data-operation-state="not_sent"' in response.content.decode()
    last = emulator.requests()[-1]
    assert EXAMPLES[slug].calls["create"].is_made_by(last)
