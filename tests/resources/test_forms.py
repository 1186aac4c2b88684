"""The forms themselves: preview, touch, both sides of a JSON field, keys, lost records, lost sessions.

Would catch: a preview that sends or lies, a picker search that loses input, a silent choice between the editor
and its JSON, a second create by one form, a form that is lost when the portal cannot write or sign-in ran out.
"""

import html
import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError, connections
from django.test import Client

from portal.kinds.registry import KINDS
from portal.operations import service
from portal.operations.models import Operation, State
from portal.record.models import Entry
from portal.teams.models import Role
from tests.resources.forms import HTMX, filled, new, opened, read, script, send, sendable
from tests.support.plant import CREATES, ROMA_APP, creates_received

BUS, POLICY, GROUP, DEVICE = "iotda/soft-buses", "iotda/policies", "roma/device-groups", "enos/devices"
EVERY_CREATE = pytest.mark.parametrize("slug", CREATES)
BOTH_WAYS = pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])


def previewed(response, part):
    """A part of the preview as a person reads it."""
    return html.unescape(re.search(rf'data-preview="{part}">(.*?)</code>', response.content.decode(), re.DOTALL)[1])


def typed(page, data):
    """Asserts that what was typed stands in the form of the page; an editor follows its JSON, so it may differ."""
    for name in data:
        if name not in ("csrfmiddlewaretoken", "operation_key", "preview") and not re.search(r"-|_was$", name):
            assert page.fields.get(name) == data.getlist(name), name


@EVERY_CREATE
def test_the_opened_form_creates_when_sent_back_as_a_browser_would(plant, emulator, slug):
    browser = plant.browser()

    response = send(browser, slug, filled(browser, slug))

    assert response.status_code == 302
    row = KINDS[slug].model.objects.get(name__in=("pumps", "Bus_A", "allow-hello", "line-1", "Pump 1"))
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


def test_the_preview_masks_what_is_secret(plant):
    text = send(plant.browser(), BUS, {**script(BUS, plant), "preview": "1"}).content.decode()

    assert "DemoSK" not in text
    assert "SDK-HMAC-SHA256" in text


def test_a_preview_of_a_broken_form_names_what_is_wrong(plant):
    response = send(plant.browser(), BUS, {**script(BUS, plant, bus_name="a b"), "preview": "1"})

    assert response.status_code == 422
    assert read(response).errors["bus_name"].strip()


TOUCHES = [
    (BUS, {"touch": "group_id", "group_id_search": "Demo", "bus_name": "half typ ed"}),
    (BUS, {"touch": "app_id", "bus_name": "half typ ed", "app_id": "secondSpace0000000000000000"}),
    (POLICY, {"touch": "statement:add", "policy_name": "not. valid"}),
    (GROUP, {"touch": "parent_id", "parent_id_search": "root", "name": "x", "description": "d" * 300}),
    (DEVICE, {"touch": "timezone", "timezone_search": "berlin", "device_key": "k", "device_name": "{broken"}),
    (DEVICE, {"touch": "product_key", "product_key_search": "", "device_desc": "half"}),
]


@BOTH_WAYS
@pytest.mark.parametrize(("slug", "changes"), TOUCHES, ids=[f"{slug}-{each['touch']}" for slug, each in TOUCHES])
def test_searching_a_picker_neither_judges_nor_loses_what_was_typed(plant, emulator, slug, changes, headers):
    browser = plant.browser()
    data = filled(browser, slug)
    for name, value in changes.items():
        data[name] = value

    response = send(browser, slug, data, **headers)

    assert response.status_code == 200
    page = read(response)
    assert page.errors == {}
    for name, value in changes.items():
        if name != "touch":
            assert page.fields[name] == [value], name
    assert page.fields["operation_key"] == [data["operation_key"]]
    assert creates_received(emulator, slug) == []
    assert not Operation.objects.exists()


def options(response, name):
    select = re.search(rf'<select[^>]*name="{name}".*?</select>', response.content.decode(), re.DOTALL)[0]
    return re.findall(r'<option value="([^"]*)"', select)


def search(plant, slug, name, text, **changes):
    browser = plant.browser()
    data = opened(browser, slug)
    for field, value in {**changes, f"{name}_search": text, "touch": name}.items():
        data[field] = value
    return options(send(browser, slug, data), name)


@pytest.fixture
def groups(plant):
    """Two more IoTDA groups beside the demo account's DemoGroup."""
    ids = [plant.perform("iotda/device-groups", data={"name": name}).object_id for name in ("north-pumps", "south-pumps")]
    return ["04ed32dc1b0025b52fe3c01a27c2b0a8", *ids]


@pytest.mark.parametrize(("text", "found"), [("pumps", {1, 2}), ("north", {1}), ("Demo", {0}), ("", {0, 1, 2}), ("zzz", set())])
def test_device_groups_are_found_by_a_part_of_their_name(plant, groups, text, found):
    shown = set(search(plant, BUS, "group_id", text)) - {""}

    assert shown == {groups[number] for number in found}


def test_products_are_found_by_a_part_of_their_name(plant):
    assert search(plant, DEVICE, "product_key", "Demo pro") == ["prodKey1"]
    # What was chosen before stays among the choices.
    assert search(plant, DEVICE, "product_key", "zzz", product_key="prodKey1") == ["prodKey1"]


def test_time_zones_are_found_by_offset_and_by_name(plant):
    assert "Europe/Berlin" in search(plant, DEVICE, "timezone", "berlin")
    assert "America/New_York" in search(plant, DEVICE, "timezone", "new york")
    assert "-05:30" in search(plant, DEVICE, "timezone", "-05:30")


def test_parents_are_those_of_the_chosen_application(plant):
    plant.perform(GROUP)

    shown = search(plant, GROUP, "parent_id", "line", app_id=ROMA_APP, parent_id="")

    assert len([value for value in shown if value]) == 1


@pytest.mark.parametrize(
    ("slug", "field", "gone"), [(BUS, "group_id", "/device-group"), (GROUP, "parent_id", "/device-groups")]
)
def test_a_picker_that_cannot_be_read_says_so_and_takes_a_typed_id(plant, emulator, slug, field, gone):
    rule = {"match": {"method": "GET", "path": f"{gone}$"}, "fault": "answer", "status": 503, "body": ""}
    emulator.faults([rule])
    browser = plant.browser()

    page = browser.get(new(slug)).content.decode()

    assert 'class="field-problem"' in page
    assert re.search(rf'<input type="text" name="{field}"', page)
    emulator.faults([])
    assert send(browser, slug, script(slug, plant)).status_code == 302


# Both sides of a JSON field.

ADDED = json.dumps([{"effect": "DENY", "actions": ["iotda:devices:publish"], "resources": ["topic:from-json"]}])


def test_what_is_typed_into_the_editor_is_sent(plant, emulator):
    browser = plant.browser()
    data = opened(browser, POLICY)
    data["policy_name"] = "by-editor"
    data["statement-0-effect"] = "DENY"
    data.setlist("statement-0-actions", ["iotda:devices:subscribe"])
    data["statement-0-resources"] = "topic:/one\r\ntopic:/two\r\n"

    assert send(browser, POLICY, data).status_code == 302

    (received,) = creates_received(emulator, POLICY)
    assert json.loads(received["body"])["statement"] == [
        {"effect": "DENY", "actions": ["iotda:devices:subscribe"], "resources": ["topic:/one", "topic:/two"]}
    ]


def test_the_same_change_on_both_sides_is_no_conflict(plant, emulator):
    browser = plant.browser()
    data = opened(browser, POLICY)
    data["policy_name"] = "both-the-same"
    data["statement"] = ADDED
    data["statement-0-effect"] = "DENY"
    data.setlist("statement-0-actions", ["iotda:devices:publish"])
    data["statement-0-resources"] = "topic:from-json"

    assert send(browser, POLICY, data).status_code == 302


@BOTH_WAYS
def test_different_changes_on_both_sides_are_named_and_both_kept(plant, emulator, headers):
    browser = plant.browser()
    data = opened(browser, POLICY)
    data["policy_name"] = "both-sides"
    data["statement"] = ADDED
    data["statement-0-resources"] = "topic:from-editor"
    data.setlist("statement-0-actions", ["iotda:devices:publish"])

    response = send(browser, POLICY, data, **headers)

    assert response.status_code == 422
    page = read(response)
    assert "both changed and differ" in page.errors["statement"]
    typed(page, data)
    for name in ("statement-0-effect", "statement-0-resources", "statement-0-actions", "statement_was"):
        assert page.fields[name] == data.getlist(name)
    assert creates_received(emulator, POLICY) == []
    # Pressing again without undoing one side does not pick one silently.
    assert send(browser, POLICY, sendable(page.fields), **headers).status_code == 422
    # With the JSON undone, the editor counts.
    undone = sendable(page.fields)
    undone["statement"] = undone["statement_was"]
    assert send(browser, POLICY, undone).status_code == 302
    (received,) = creates_received(emulator, POLICY)
    assert "topic:from-editor" in received["body"]


def test_a_touch_elsewhere_keeps_both_changed_sides_too(plant):
    browser = plant.browser()
    data = opened(browser, DEVICE)
    data["device_name"] = '{"defaultValue": "from JSON"}'
    data["device_name-default"] = "from the editor"
    data["touch"] = "timezone"

    page = read(send(browser, DEVICE, data))

    assert page.fields["device_name"] == ['{"defaultValue": "from JSON"}']
    assert page.fields["device_name-default"] == ["from the editor"]


def test_broken_json_is_named_and_kept(plant, emulator):
    browser = plant.browser()
    data = filled(browser, POLICY, statement='[{"effect": "ALLOW",')

    response = send(browser, POLICY, data)

    assert response.status_code == 422
    page = read(response)
    assert "not JSON" in page.errors["statement"]
    assert page.fields["statement"] == ['[{"effect": "ALLOW",']
    assert creates_received(emulator, POLICY) == []


def test_statements_are_added_and_removed_without_javascript(plant):
    browser = plant.browser()
    data = filled(browser, POLICY)
    data["touch"] = "statement:add"
    two = sendable(read(send(browser, POLICY, data)).fields)
    assert two["statement-count"] == "2"
    assert two["statement-0-resources"] == "topic:/v1/${devices.deviceId}/test/hello"
    two["touch"] = "statement:remove:1"

    one = read(send(browser, POLICY, two)).fields

    assert one["statement-count"] == ["1"]
    assert json.loads(one["statement"][0]) == CREATES[POLICY]["statement"]


def test_the_name_of_a_device_in_four_languages_comes_from_the_editor(plant, emulator):
    browser = plant.browser()
    data = opened(browser, DEVICE)
    for locale, text in {"default": "Pump", "zh_CN": "泵", "en_US": "Pump", "ja_JP": "ポンプ", "es_ES": "Bomba"}.items():
        data[f"device_name-{locale}"] = text
    data["device_attributes-serial"] = "42"
    data["device_tags-0-key"], data["device_tags-0-value"] = "site", "north"

    assert send(browser, DEVICE, data).status_code == 302

    body = json.loads(creates_received(emulator, DEVICE)[0]["body"])
    names = {"zh_CN": "泵", "en_US": "Pump", "ja_JP": "ポンプ", "es_ES": "Bomba"}
    assert body["deviceName"] == {"defaultValue": "Pump", "i18nValue": names}
    assert body["deviceAttributes"] == {"serial": 42}
    assert body["deviceTags"] == {"site": "north"}


def test_each_opened_device_form_brings_a_key_of_its_own(plant):
    browser = plant.browser()

    first, second = opened(browser, DEVICE)["device_key"], opened(browser, DEVICE)["device_key"]

    assert first != second
    assert re.fullmatch(r"[A-Za-z0-9_.-]{4,64}", first)


def test_a_script_that_knows_no_editor_posts_json_alone(plant, emulator):
    assert send(plant.browser(), POLICY, script(POLICY, plant)).status_code == 302

    body = json.loads(creates_received(emulator, POLICY)[0]["body"])
    assert body == {"policy_name": "allow-hello", "statement": CREATES[POLICY]["statement"]}


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
def test_a_used_key_with_other_content_is_409_keeps_the_input_and_goes_through_as_new(plant, emulator, headers):
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
    """The same form from `count` windows of one browser session, at the same time."""
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
def test_without_a_record_it_is_503_nothing_is_sent_and_the_form_is_kept(plant, emulator, monkeypatch, slug, headers):
    posted = script(slug, plant)
    with monkeypatch.context() as outage:
        outage.setattr(service, "append", broken)
        response = send(plant.browser(), slug, posted, **headers)

    assert response.status_code == 503
    assert creates_received(emulator, slug) == []
    page = read(response)
    for name, value in posted.items():
        assert page.fields[name] == [value], name
    assert "nothing was sent" in response.content.decode()
    # Once the record can be written again, the same form goes through.
    assert send(plant.browser(), slug, sendable(page.fields)).status_code == 302


def test_an_outcome_that_cannot_be_recorded_shows_the_operation_in_doubt(plant, monkeypatch):
    real = service.append
    monkeypatch.setattr(service, "append", lambda line: broken() if line["stage"] == "outcome" else real(line))

    response = send(plant.browser(), BUS, script(BUS, plant), **HTMX)

    assert response.status_code == 200
    assert 'data-operation-state="in_doubt"' in response.content.decode()


@EVERY_CREATE
def test_with_nobody_listening_it_says_that_nothing_was_sent_and_keeps_the_form(plant, slug):
    connection = plant.connections[slug.partition("/")[0]]
    connection.endpoint = "http://127.0.0.1:9"
    connection.save()
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
    assert plain["Location"] == f"/accounts/login/?next={new(BUS)}"
    assert htmx["HX-Redirect"] == f"/accounts/login/?next={new(BUS)}"
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


@pytest.mark.parametrize("slug", ["iotda/spaces", "iotda/products", "iotda/devices", "roma/apps", "enos/products"])
def test_what_cannot_be_created_here_has_no_form(plant, slug):
    assert plant.browser().get(new(slug)).status_code == 404
