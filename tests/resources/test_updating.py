"""Editing: the form shows the object as the platform has it, sends all fields, and keeps what was typed.

Would catch: an edit of a stale copy, a field that is lost or cannot be cleared, a change by somebody who may
not, an attempt that nobody can find again.
"""

import json

import pytest

from portal.kinds.registry import KINDS
from portal.operations.models import Operation
from portal.record.models import Body, Entry
from portal.teams.models import Role
from tests.examples import EVERY_UPDATE, EXAMPLES, match
from tests.resources.forms import HTMX, changing, edited, post, read, sendable, typed
from tests.support.plant import updates_received

GROUP, POLICY, ROMA_GROUP, DEVICE = (
    "iotda/device-groups",
    "iotda/policies",
    "roma/device-groups",
    "enos/devices",
)
BOTH_WAYS = pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
MAY_UPDATE = {
    Role.VIEWER: False,
    Role.AUDITOR: False,
    Role.OPERATOR: True,
    Role.MANAGER: True,
    Role.OWNER: True,
}


@EVERY_UPDATE
@BOTH_WAYS
def test_what_was_typed_is_what_the_platform_and_the_mirror_have_afterwards(plant, emulator, slug, headers):
    row, browser, wished = plant.make(slug), plant.browser(), plant.data(slug, "update")

    response = post(browser, changing(row, "update"), edited(browser, slug, row), **headers)

    page = f"/{slug}/{row.pk}/"
    assert response.get("HX-Redirect" if headers else "Location") == page
    (received,) = updates_received(emulator, slug)
    sent = json.loads(received["body"])
    assert sent == EXAMPLES[slug].on_the_wire(wished)
    now = plant.seen(slug, row)
    assert {name: now[name] for name in wished} == wished
    text = browser.get(page).content.decode()
    assert "was changed" in text
    row.refresh_from_db()
    assert row.name == now["name"]
    assert KINDS[slug].model.objects.count() == 1


@EVERY_UPDATE
def test_the_form_shows_the_platform_and_not_the_copy(plant, slug):
    row, browser = plant.make(slug), plant.browser()
    wished = plant.data(slug, "update")
    plant.collection(slug).update(row.remote_id, wished)

    page = read(browser.get(changing(row, "update")))

    for name, value in wished.items():
        (shown,) = page.fields[name]
        assert (shown if isinstance(value, str) else json.loads(shown)) == value, name


@EVERY_UPDATE
def test_done_is_recorded_with_the_request(plant, slug):
    row, browser = plant.make(slug), plant.browser()

    post(browser, changing(row, "update"), edited(browser, slug, row))

    intent, done = Entry.objects.filter(verb="update").order_by("seq")
    assert (intent.stage, done.outcome, done.object_id) == ("intent", "done", row.remote_id)
    call, asked = EXAMPLES[slug].calls["update"], Body.objects.get(seq=intent.seq).text
    assert (call.query or f'"{call.method}"') in asked


@EVERY_UPDATE
@BOTH_WAYS
def test_a_refusal_keeps_the_form_and_the_next_press_is_a_new_operation(plant, emulator, slug, headers):
    row, browser = plant.make(slug), plant.browser()
    data = edited(browser, slug, row)
    emulator.faults([EXAMPLES[slug].refusal("update", "not like this")])

    response = post(browser, changing(row, "update"), data, **headers)

    assert response.status_code == 422
    text = response.content.decode()
    assert "The platform refused this. Nothing was changed." in text
    assert "not like this" in text
    page = read(response)
    typed(page, data)
    assert page.fields["expected"] == [data["expected"]]
    assert page.fields["operation_key"] != [data["operation_key"]]
    emulator.faults([])
    assert post(browser, changing(row, "update"), sendable(page.fields)).status_code == 302


@EVERY_UPDATE
def test_what_went_meanwhile_is_said_and_the_input_kept(plant, emulator, slug):
    row, browser = plant.make(slug), plant.browser()
    data = edited(browser, slug, row)
    plant.collection(slug).delete(row.remote_id)

    response = post(browser, changing(row, "update"), data)

    assert response.status_code == 422
    assert "no longer exists on the platform. Nothing was changed." in response.content.decode()
    typed(read(response), data)
    assert updates_received(emulator, slug) == []
    row.refresh_from_db()
    assert row.gone_at


@EVERY_UPDATE
def test_of_what_is_gone_there_is_no_form(plant, slug):
    row = plant.make(slug)
    plant.collection(slug).delete(row.remote_id)

    response = plant.browser().get(changing(row, "update"))

    assert response.status_code == 410
    assert "no longer exists on the platform" in response.content.decode()
    assert 'id="form"' not in response.content.decode()


@EVERY_UPDATE
def test_when_the_platform_cannot_be_read_there_is_no_form_but_a_way_to_try_again(plant, emulator, slug):
    row = plant.make(slug)
    emulator.faults([{"match": match(slug, "get"), "fault": "answer", "status": 503, "body": "no"}])

    response = plant.browser().get(changing(row, "update"))

    text = response.content.decode()
    assert response.status_code == 503
    assert "could not be read" in text
    assert f'href="{changing(row, "update")}">Try again' in text
    assert 'id="form"' not in text


@EVERY_UPDATE
def test_nothing_changed_is_nothing_sent(plant, emulator, slug):
    row, browser = plant.make(slug), plant.browser()
    data = sendable(read(browser.get(changing(row, "update"))).fields)

    response = post(browser, changing(row, "update"), data)

    assert response.status_code == 422
    assert "Nothing was changed, so nothing was sent." in response.content.decode()
    assert updates_received(emulator, slug) == []
    assert not Operation.objects.filter(verb_name="update").exists()


@EVERY_UPDATE
@pytest.mark.parametrize("role", Role)
def test_editing_by_role(plant, emulator, role, slug):
    row, browser = plant.make(slug), plant.browser(role)
    data = edited(plant.browser(Role.OWNER), slug, row)

    form, response = browser.get(changing(row, "update")), post(browser, changing(row, "update"), data)

    assert form.status_code == (200 if MAY_UPDATE[role] else 403)
    assert response.status_code == (302 if MAY_UPDATE[role] else 403)
    assert len(updates_received(emulator, slug)) == (1 if MAY_UPDATE[role] else 0)
    entry = Entry.objects.order_by("-seq").first()
    assert entry.verb == "update"
    assert (entry.outcome, entry.object_id) == ("done" if MAY_UPDATE[role] else "denied", row.remote_id)


@pytest.mark.parametrize("role", Role)
def test_the_edit_button_follows_the_right(plant, role):
    row = plant.make(ROMA_GROUP)

    text = plant.browser(role).get(f"/{ROMA_GROUP}/{row.pk}/").content.decode()

    assert (f'href="{changing(row, "update")}"' in text) is MAY_UPDATE[role]
    buttons = len(KINDS[ROMA_GROUP].object_verbs) + 1  # and the one that creates a group below it
    assert text.count("Viewers can&#x27;t do this.") == (buttons if role == Role.VIEWER else 0)


@EVERY_UPDATE
def test_the_preview_is_what_is_sent_afterwards(plant, emulator, slug):
    row, browser = plant.make(slug), plant.browser()
    data = edited(browser, slug, row)
    data["preview"] = "1"

    preview = post(browser, changing(row, "update"), data)

    assert preview.status_code == 200
    assert updates_received(emulator, slug) == []
    page = read(preview)
    typed(page, data)
    assert page.fields["operation_key"] == [data["operation_key"]]
    assert post(browser, changing(row, "update"), sendable(page.fields)).status_code == 302
    (received,) = updates_received(emulator, slug)
    text = preview.content.decode()
    assert f">{received['method']}</code>" in text
    assert received["path"] in text


def test_pressing_a_button_in_the_editor_keeps_everything_and_sends_nothing(plant, emulator):
    row, browser = plant.make(POLICY), plant.browser()
    data = edited(browser, POLICY, row, policy_name="half typ ed")
    data["touch"] = "statement:add"

    response = post(browser, changing(row, "update"), data)

    assert response.status_code == 200
    page = read(response)
    assert page.errors == {}
    assert page.fields["policy_name"] == ["half typ ed"]
    assert page.fields["expected"] == [data["expected"]]
    assert len(json.loads(page.fields["statement"][0])) == 2
    assert updates_received(emulator, POLICY) == []


@EVERY_UPDATE
def test_the_same_form_pressed_twice_is_one_change(plant, emulator, slug):
    row, browser = plant.make(slug), plant.browser()
    data = edited(browser, slug, row)

    first, second = (post(browser, changing(row, "update"), data) for _press in range(2))

    assert {first.status_code, second.status_code} == {302}
    assert len(updates_received(emulator, slug)) == 1
    assert Operation.objects.filter(verb_name="update").count() == 1
