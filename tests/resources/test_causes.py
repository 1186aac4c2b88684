"""Why nothing was sent: the form shows each cause and what a person can do about it.

Would catch: a cause without a way out, a cancelled change that looks like a success, a lost input.
"""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.utils import timezone

from portal.connections.models import Condition
from portal.operations.deciding import cancel
from portal.operations.models import Operation, State
from portal.teams.models import Role, User
from portal.words import clock
from tests.resources.forms import changing, edited, new, post, read, script, sendable, typed
from tests.support.plant import creates_received, updates_received

pytestmark = pytest.mark.anywhere

GROUP = "roma/device-groups"
THE_CLOUD = {"path": "/link/instances/"}
CARRIED_OUT_BY_NOBODY = "The platform did not carry it out. Nothing was changed."


def pressed(plant):
    """The answer to a create, and what was posted."""
    posted = script(GROUP, plant)
    return post(plant.browser(), new(GROUP), posted), posted


def not_sent(response, posted, cause, said="Nothing was sent."):
    assert response.status_code == 422
    assert Operation.objects.latest("created_at").cause == cause
    text = response.content.decode()
    assert text.count("Nothing was sent.") == (said == "Nothing was sent.")
    refusal = text.partition("data-operation-state=")[2].partition("</dl>")[0]  # pickers say their own
    assert said in refusal
    page = read(response)
    for name, value in posted.items():
        if name not in ("operation_key", "csrfmiddlewaretoken"):
            assert page.fields[name] == [value], name
    return refusal


def test_a_paused_connection_is_one_link_away(plant, emulator):
    emulator.faults([{"match": {"path": "/v2/"}, "fault": "answer", "status": 503, "body": "no"}])
    browser = plant.browser()
    for _try in range(2):  # a read is tried four times
        browser.get(f"/{GROUP}/")
    emulator.faults([])

    text = not_sent(*pressed(plant), "paused")

    assert text.count(clock(Condition.objects.get(connection__platform="roma").try_at)) == 1
    assert f'href="/connections/{plant.connections["roma"].pk}/"' in text
    assert creates_received(emulator, GROUP) == []


def test_a_throttled_change_asks_for_patience(plant, emulator):
    match = THE_CLOUD | {"method": "POST"}
    wait = {"Retry-After": "100"}
    emulator.faults([{"match": match, "fault": "answer", "status": 429, "headers": wait, "body": "{}"}])

    text = not_sent(*pressed(plant), "throttled", CARRIED_OUT_BY_NOBODY)

    until = clock(Condition.objects.get(connection__platform="roma").wait_until)
    assert text.count(until) == 1
    assert "Then submit the form again." in text


def test_a_change_that_is_not_sent_while_the_platform_waits_names_the_time_once(plant, emulator):
    match = THE_CLOUD | {"method": "POST"}
    wait = {"Retry-After": "100"}
    emulator.faults([{"match": match, "fault": "answer", "status": 429, "headers": wait, "body": "{}"}])
    pressed(plant)
    received = len(creates_received(emulator, GROUP))

    text = not_sent(*pressed(plant), "throttled")

    assert len(creates_received(emulator, GROUP)) == received
    assert text.count(clock(Condition.objects.get(connection__platform="roma").wait_until)) == 1


@pytest.mark.parametrize("cause", ["sign_in", "unreachable"])
def test_what_is_wrong_with_the_connection_is_one_link_away(plant, cause):
    row, browser = plant.make(GROUP), plant.browser()
    data = edited(browser, GROUP, row)
    connection = plant.connections["roma"]
    if cause == "sign_in":
        connection.set_credentials({"access_key": "DEMOAK0000000000EXMP", "secret_key": "wrong"})
    else:
        connection.endpoint = "http://127.0.0.1:9"
    connection.changed_at = timezone.now()
    connection.save()

    response = post(browser, changing(row, "update"), data)

    assert f'href="/connections/{connection.pk}/"' in not_sent(response, data.dict(), cause)


def test_what_a_colleague_cancelled_is_said_and_kept(committed_plant, emulator):
    plant = committed_plant
    row, browser = plant.make(GROUP), plant.browser()
    data = edited(browser, GROUP, row)
    # The look before the change takes a while: long enough for a colleague.
    emulator.faults([{"match": THE_CLOUD | {"method": "GET"}, "fault": "latency", "seconds": 1.5}])

    def press():
        try:
            return post(browser, changing(row, "update"), data)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        pressing = pool.submit(press)
        assert cancel(waiting(), actor=User.objects.get(pk=plant.people[Role.MANAGER].pk))
        response = pressing.result()

    assert response.status_code == 422
    assert "It was cancelled before it was sent." in response.content.decode()
    assert updates_received(emulator, GROUP) == []
    page = read(response)
    typed(page, data)
    assert page.fields["operation_key"] != [data["operation_key"]]
    emulator.faults([])
    assert post(browser, changing(row, "update"), sendable(page.fields)).status_code == 302


def waiting(seconds=10):
    """The update as soon as it is written down."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := Operation.objects.filter(verb_name="update", state=State.INTENT).first():
            return found
        time.sleep(0.02)
    raise AssertionError("nothing was written down")
