"""The forms themselves: preview, keys, lost records, lost sessions.

Would catch: a preview that sends or lies, a second create by one form, a form that is lost when the portal
cannot write or the session ended.
"""

import html
import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError, connections
from django.test import Client

from portal.kinds.registry import KINDS
from portal.operations import life
from portal.operations.models import Operation, State
from portal.record.models import Entry
from portal.teams.models import Role
from tests.examples import EVERY_CREATE, EVERY_VARIETY, EXAMPLES, creating
from tests.resources.forms import HTMX, filled, new, read, script, send, sendable, typed
from tests.support.plant import creates_received

pytestmark = pytest.mark.anywhere

BUS, POLICY, GROUP, DEVICE = "iotda/soft-buses", "iotda/policies", "roma/device-groups", "enos/devices"
BOTH_WAYS = pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])


def previewed(response, part):
    """The text of one part of the preview."""
    return html.unescape(
        re.search(rf'data-preview="{part}">(.*?)</code>', response.content.decode(), re.DOTALL)[1]
    )


@EVERY_CREATE
def test_the_opened_form_creates_when_sent_back_as_a_browser_would(plant, emulator, slug):
    browser = plant.browser()

    response = send(browser, slug, filled(browser, slug))

    assert response.status_code == 302
    row = KINDS[slug].model.objects.get(name=EXAMPLES[slug].name)
    assert response["Location"] == f"/{slug}/{row.pk}/"
    assert "was created" in browser.get(response["Location"]).content.decode()


@EVERY_CREATE
def test_with_htmx_the_answer_is_empty_names_the_next_page_and_says_changed(plant, slug):
    response = send(plant.browser(), slug, script(slug, plant), **HTMX)

    assert (response.status_code, response.content) == (200, b"")
    row = KINDS[slug].model.objects.get(remote_id=Operation.objects.get().object_id)
    assert response["HX-Redirect"] == f"/{slug}/{row.pk}/"
    assert "changed" in response["HX-Trigger"]


@BOTH_WAYS
def test_errors_come_back_as_422_and_for_htmx_as_the_form_alone(plant, headers):
    response = send(plant.browser(), BUS, script(BUS, plant, bus_name="a b"), **headers)

    assert response.status_code == 422
    text = response.content.decode()
    assert ("<!doctype html>" in text) is (not headers)
    assert 'id="form"' in text
    assert 'role="alert"' in text


@EVERY_CREATE
@BOTH_WAYS
def test_the_preview_sends_nothing_and_is_what_is_sent_afterwards(plant, emulator, slug, headers):
    browser = plant.browser()
    data = filled(browser, slug)
    data["preview"] = "1"
    preview = send(browser, slug, data, **headers)
    assert preview.status_code == 200
    assert creates_received(emulator, slug) == []
    assert not Operation.objects.exists()
    assert not Entry.objects.exists()
    page = read(preview)
    typed(page, data)

    # Without a change the very same form is sent, with the very same key.
    assert page.fields["operation_key"] == [data["operation_key"]]
    assert send(browser, slug, sendable(page.fields), **headers).status_code == (200 if headers else 302)

    (received,) = creates_received(emulator, slug)
    query = f"?{received['query']}" if received["query"] else ""
    assert previewed(preview, "method") == received["method"]
    assert previewed(preview, "url") == f"{emulator.url}{received['path']}{query}"
    assert previewed(preview, "body") == received["body"]


@EVERY_VARIETY
def test_whatever_can_be_typed_is_what_the_platform_receives(plant, emulator, slug, variety):
    browser, data = plant.browser(), plant.data(slug, variety=variety)

    assert send(browser, slug, filled(browser, slug, variety)).status_code == 302

    (received,) = creates_received(emulator, slug)
    sent = json.loads(received["body"])
    expected = json.loads(plant.collection(slug).create_call(data).body)
    assert {name: sent.get(name) for name in expected} == expected
    assert {sent[name] for name in sent.keys() - expected.keys()} <= {False}, "a box that was not ticked"


def test_the_preview_masks_what_is_secret(plant):
    text = send(plant.browser(), BUS, {**script(BUS, plant), "preview": "1"}).content.decode()

    assert "DemoSK" not in text
    assert "SDK-HMAC-SHA256" in text


def test_a_preview_of_a_broken_form_names_what_is_wrong(plant):
    response = send(plant.browser(), BUS, {**script(BUS, plant, bus_name="a b"), "preview": "1"})

    assert response.status_code == 422
    assert read(response).errors["bus_name"].strip()


# The operation key.


@pytest.mark.parametrize("key", [None, "", "k" * 65], ids=["absent", "empty", "too long"])
def test_without_a_usable_operation_key_nothing_is_sent_and_the_next_press_works(plant, emulator, key):
    browser = plant.browser()

    response = send(browser, BUS, script(BUS, plant, operation_key=key))

    assert response.status_code == 422
    assert creates_received(emulator, BUS) == []
    page = read(response)
    assert page.fields["bus_name"] == ["Bus_A"]
    assert send(browser, BUS, sendable(page.fields)).status_code == 302


@EVERY_CREATE
def test_the_same_form_sent_twice_is_one_create_and_leads_to_the_same_page(plant, emulator, slug):
    browser = plant.browser()
    posted = script(slug, plant)

    first, second = send(browser, slug, posted), send(browser, slug, posted)

    assert first.status_code == second.status_code == 302
    assert first["Location"] == second["Location"]
    assert len(creates_received(emulator, slug)) == 1


@BOTH_WAYS
def test_a_used_key_with_other_content_is_409_keeps_the_input_and_goes_through_as_new(
    plant, emulator, headers
):
    browser = plant.browser()
    posted = script(BUS, plant)
    assert send(browser, BUS, posted).status_code == 302
    changed = {**posted, "bus_name": "Bus_C"}

    response = send(browser, BUS, changed, **headers)

    assert response.status_code == 409
    text = response.content.decode()
    assert "Nothing was sent" in text
    assert f"/operations/{Operation.objects.get().pk}/" in text
    page = read(response)
    assert page.fields["bus_name"] == ["Bus_C"]
    assert page.fields["operation_key"] != [posted["operation_key"]]
    assert len(creates_received(emulator, BUS)) == 1
    assert send(browser, BUS, sendable(page.fields)).status_code == 302
    assert len(creates_received(emulator, BUS)) == 2


def press_at_once(plant, slug, posted, count=16):
    """Send the same form from `count` windows of one session at the same time; the answers."""
    cookies = plant.browser().cookies

    def press(_number):
        browser = Client(HTTP_HOST="localhost")
        browser.cookies = cookies
        try:
            return send(browser, slug, posted)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(press, range(count)))


@EVERY_CREATE
def test_sixteen_simultaneous_presses_are_one_create(committed_plant, emulator, slug):
    responses = press_at_once(committed_plant, slug, script(slug, committed_plant))

    assert len(creates_received(emulator, slug)) == 1
    operation = Operation.objects.get()
    assert operation.state == State.DONE
    assert {response.status_code for response in responses} == {302}
    row = KINDS[slug].model.objects.get(remote_id=operation.object_id)
    expected = {f"/{slug}/{row.pk}/", f"/operations/{operation.pk}/"}
    assert {response["Location"] for response in responses} <= expected


# What fails around the form.


def broken(*args, **kwargs):
    raise OperationalError("disk I/O error")


@EVERY_CREATE
@BOTH_WAYS
def test_without_a_record_it_is_503_nothing_is_sent_and_the_form_is_kept(
    plant, emulator, monkeypatch, slug, headers
):
    posted = script(slug, plant)
    with monkeypatch.context() as outage:
        outage.setattr(life, "append", broken)
        response = send(plant.browser(), slug, posted, **headers)

    assert response.status_code == 503
    assert creates_received(emulator, slug) == []
    page = read(response)
    for name, value in posted.items():
        assert page.fields[name] == [value], name
    assert "nothing was sent" in response.content.decode()
    # Once the record can be written again, the same form goes through.
    assert send(plant.browser(), slug, sendable(page.fields)).status_code == 302


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_an_outcome_that_cannot_be_recorded_is_said_on_the_operations_page(plant, monkeypatch, headers):
    browser = plant.browser()
    real = life.append
    monkeypatch.setattr(
        life, "append", lambda line: broken() if line.fields["stage"] == "outcome" else real(line)
    )

    response = send(browser, BUS, script(BUS, plant), **headers)

    address = response.headers.get("HX-Redirect") or response["Location"]
    assert (response.status_code, response.content) == (200 if headers else 302, b"")
    assert address == f"/operations/{Operation.objects.get().pk}/"
    assert "The answer could not be recorded." in browser.get(address).content.decode()


@EVERY_CREATE
def test_with_nobody_listening_it_says_that_nothing_was_sent_and_keeps_the_form(plant, slug):
    plant.move(KINDS[slug], "http://127.0.0.1:9")
    posted = script(slug, plant)

    response = send(plant.browser(), slug, posted)

    assert response.status_code == 422
    assert "Nothing was sent" in response.content.decode()
    page = read(response)
    for name, value in posted.items():
        if name != "operation_key":
            assert page.fields[name] == [value], name
    assert page.fields["operation_key"] != [posted["operation_key"]]


def test_an_expired_session_leads_to_the_sign_in_page_and_back_to_the_form(plant, emulator):
    nobody = Client(HTTP_HOST="localhost")

    plain = send(nobody, BUS, script(BUS, plant))
    htmx = send(nobody, BUS, script(BUS, plant), HTTP_HX_CURRENT_URL=f"http://localhost{new(BUS)}", **HTMX)

    assert plain.status_code == 302
    assert plain["Location"].startswith(f"/accounts/login/?next={new(BUS)}")
    assert htmx["HX-Redirect"].startswith(f"/accounts/login/?next={new(BUS)}")
    assert emulator.requests() == []


def test_without_its_csrf_token_a_form_is_out_of_date_and_nothing_is_sent(plant, emulator):
    browser = plant.browser(enforce_csrf_checks=True)

    response = send(browser, BUS, script(BUS, plant))

    assert response.status_code == 403
    assert "This form is out of date. Nothing was changed." in response.content.decode()
    assert emulator.requests() == []


def test_with_its_csrf_token_it_goes_through(plant):
    browser = plant.browser(enforce_csrf_checks=True)

    assert send(browser, BUS, filled(browser, BUS)).status_code == 302


def test_a_team_without_a_connection_is_told_where_forms_come_from(plant):
    plant.connections["roma"].delete()

    page = plant.browser(Role.OWNER).get(new(GROUP)).content.decode()

    assert "/connections/" in page
    assert 'id="form"' not in page


@pytest.mark.parametrize("slug", [slug for slug in EXAMPLES if slug not in creating()])
def test_what_cannot_be_created_here_has_no_form(plant, slug):
    assert plant.browser().get(new(slug)).status_code == 404
