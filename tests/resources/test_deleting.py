"""Deleting: the page shows the object as it is now, the reason is recorded, and what is gone stays gone.

Would catch: a delete by somebody who may not, a deletion of something else than what was shown, an object
that stays in the list, a refusal that looks like success.
"""

import json

import pytest

from portal.kinds.registry import KINDS
from portal.operations.models import Operation, State
from portal.record.models import Entry
from portal.teams.models import Role
from tests.examples import EVERY_DELETE, EXAMPLES, match, updating
from tests.resources.forms import HTMX, changing, post, read, sendable
from tests.resources.listings import listed
from tests.support.plant import deletes_received

pytestmark = pytest.mark.anywhere

GROUP, ROMA_GROUP, DEVICE = "iotda/device-groups", "roma/device-groups", "enos/devices"
BOTH_WAYS = pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
MAY_DELETE = {
    Role.VIEWER: False,
    Role.AUDITOR: False,
    Role.OPERATOR: False,
    Role.MANAGER: True,
    Role.OWNER: True,
}


@pytest.fixture
def browser(plant):
    return plant.browser(Role.MANAGER)


def opened(browser, row):
    response = browser.get(changing(row, "delete"))
    assert response.status_code == 200, response.status_code
    return sendable(read(response).fields)


@EVERY_DELETE
@BOTH_WAYS
def test_what_is_deleted_is_gone_from_the_platform_and_from_the_list(plant, browser, emulator, slug, headers):
    row = plant.make(slug)

    response = post(browser, changing(row, "delete"), opened(browser, row), **headers)

    assert response.get("HX-Redirect" if headers else "Location") == f"/{slug}/"
    assert len(deletes_received(emulator, slug)) == 1
    assert row.remote_id not in map(str, emulator.state()[slug]["ids"])
    shown = browser.get(f"/{slug}/")
    assert row.remote_id not in listed(shown)
    assert f"{row} was deleted." in shown.content.decode()
    row.refresh_from_db()
    assert row.gone_at


@EVERY_DELETE
def test_a_listing_that_lags_behind_does_not_bring_it_back(plant, browser, emulator, slug):
    row = plant.make(slug)
    data = opened(browser, row)
    emulator.faults([{"match": match(slug, "list"), "fault": "stale_listing"}])
    assert post(browser, changing(row, "delete"), data).status_code == 302

    shown = browser.get(f"/{slug}/")

    remote_ids = [str(item["id"]) for item in plant.collection(slug).list().items]
    assert row.remote_id in remote_ids, "the listing lags"
    assert row.remote_id not in listed(shown)


@EVERY_DELETE
def test_what_was_made_again_under_its_id_is_back(plant, browser, emulator, slug):
    """Or it was never gone, and the portal was wrong."""
    row = plant.make(slug)
    KINDS[slug].model.objects.filter(pk=row.pk).update(gone_at=row.read_at)

    assert row.remote_id in listed(browser.get(f"/{slug}/"))


@EVERY_DELETE
def test_the_page_shows_the_object_as_it_is_now(plant, browser, slug):
    row = plant.make(slug)
    name = EXAMPLES[slug].name
    if slug in updating():
        name = "renamed"
        plant.collection(slug).update(row.remote_id, plant.theirs(slug, name))
        row = KINDS[slug].model.objects.get(pk=row.pk)

    response = browser.get(changing(row, "delete"))

    text = response.content.decode()
    assert row.remote_id in text
    assert name in text
    assert "This cannot be undone." in text
    assert "Last read from the platform" in text


@EVERY_DELETE
def test_the_reason_and_the_ticket_are_recorded(plant, browser, slug):
    row = plant.make(slug)
    data = opened(browser, row)
    data["reason"], data["ticket"] = "hall 2 was closed <&>", " CHG-1042 "

    post(browser, changing(row, "delete"), data)

    entries = Entry.objects.filter(verb="delete").order_by("seq")
    assert [(entry.outcome, entry.reason, entry.ticket) for entry in entries] == [
        ("asked", "hall 2 was closed <&>", "CHG-1042"),
        ("done", "hall 2 was closed <&>", "CHG-1042"),
    ]
    operation = Operation.objects.get(verb_name="delete")
    assert (operation.data, operation.ticket) == ({}, "CHG-1042")
    assert "CHG-1042" in browser.get(f"/operations/{operation.pk}/").text


@pytest.mark.parametrize(("length", "status"), [(200, 302), (201, 422)])
def test_a_reason_has_room_for_200_characters(plant, browser, emulator, length, status):
    row = plant.make(ROMA_GROUP)
    data = opened(browser, row)
    data["reason"] = "车" * length

    response = post(browser, changing(row, "delete"), data)

    assert response.status_code == status
    assert len(deletes_received(emulator, ROMA_GROUP)) == (1 if status == 302 else 0)
    if status == 422:
        assert read(response).fields["reason"] == [data["reason"]]


@pytest.mark.parametrize(
    ("ticket", "status"),
    [("车" * 64, 302), ("x" * 65, 422), ("CHG-1\nCHG-2", 422), ("CHG\x7f1", 422)],
    ids=ascii,
)
def test_a_ticket_is_one_printable_line_of_64_characters(plant, browser, emulator, ticket, status):
    row = plant.make(ROMA_GROUP)
    data = opened(browser, row)
    data["ticket"] = ticket

    response = post(browser, changing(row, "delete"), data)

    assert response.status_code == status
    assert len(deletes_received(emulator, ROMA_GROUP)) == (1 if status == 302 else 0)
    if status == 422:
        assert 'href="#id_ticket"' in response.text


def test_a_denial_is_recorded_under_the_ticket(plant):
    row = plant.make(ROMA_GROUP)
    data = opened(plant.browser(Role.OWNER), row)
    data["ticket"] = " CHG-1042 "

    post(plant.browser(Role.VIEWER), changing(row, "delete"), data)

    entry = Entry.objects.order_by("-seq").first()
    assert (entry.outcome, entry.ticket) == ("denied", "CHG-1042")


@EVERY_DELETE
@pytest.mark.parametrize("role", Role)
def test_deleting_by_role(plant, emulator, role, slug):
    row = plant.make(slug)
    data = opened(plant.browser(Role.OWNER), row)

    form = plant.browser(role).get(changing(row, "delete"))
    response = post(plant.browser(role), changing(row, "delete"), data)

    assert form.status_code == (200 if MAY_DELETE[role] else 403)
    assert response.status_code == (302 if MAY_DELETE[role] else 403)
    assert len(deletes_received(emulator, slug)) == (1 if MAY_DELETE[role] else 0)
    entry = Entry.objects.order_by("-seq").first()
    assert (entry.verb, entry.object_id) == ("delete", row.remote_id)
    assert entry.outcome == ("done" if MAY_DELETE[role] else "denied")


@pytest.mark.parametrize("role", Role)
def test_the_delete_button_follows_the_right_and_says_why_not(plant, role):
    row = plant.make(ROMA_GROUP)

    text = plant.browser(role).get(f"/{ROMA_GROUP}/{row.pk}/").content.decode()

    assert (f'href="{changing(row, "delete")}"' in text) is MAY_DELETE[role]
    why_not = f"{role.label}s can&#x27;t do this. Required role: Manager or Owner."
    assert (why_not in text) is not MAY_DELETE[role]


@pytest.mark.parametrize("slug", [GROUP, ROMA_GROUP])
def test_a_group_with_children_is_refused_in_the_platforms_words(plant, browser, emulator, slug):
    parent = plant.make(slug)
    below = {"parent_id": parent.remote_id} if slug == ROMA_GROUP else {"super_group_id": parent.remote_id}
    plant.make(slug, name="below", **below)
    data = opened(browser, parent)
    data["reason"], data["ticket"] = "typed", "CHG-7"

    response = post(browser, changing(parent, "delete"), data)

    text = response.content.decode()
    assert response.status_code == 422
    assert "The platform refused this. Nothing was changed." in text
    operation = Operation.objects.get(verb_name="delete")
    assert operation.state == State.REJECTED
    assert operation.platform_code in text
    assert [read(response).fields[name] for name in ("reason", "ticket")] == [["typed"], ["CHG-7"]]
    assert parent.remote_id in listed(browser.get(f"/{slug}/"))


@EVERY_DELETE
def test_deleting_what_went_meanwhile_is_a_success_that_says_so(plant, browser, emulator, slug):
    row = plant.make(slug)
    data = opened(browser, row)
    plant.collection(slug).delete(row.remote_id)
    before = len(deletes_received(emulator, slug))

    response = post(browser, changing(row, "delete"), data)

    assert (response.status_code, response["Location"]) == (302, f"/{slug}/")
    text = browser.get(response["Location"]).content.decode()
    assert "no longer existed on the platform, so there was nothing left to delete." in text
    assert "was deleted." not in text
    assert row.remote_id not in listed(browser.get(f"/{slug}/"))
    # The platform itself has said so, in an answer that is kept.
    assert len(deletes_received(emulator, slug)) == before + 1
    operation = Operation.objects.get(verb_name="delete")
    assert (operation.state, operation.baseline) == (State.DONE, False)
    assert operation.platform_code
    entry = Entry.objects.order_by("-seq").first()
    assert (entry.outcome, entry.platform_code) == ("done", operation.platform_code)
    assert "no longer existed" in entry.text


@EVERY_DELETE
def test_what_is_called_absent_and_is_there_was_not_deleted(plant, browser, emulator, slug):
    gone, row = plant.make(slug), plant.make(slug, **{EXAMPLES[slug].named_by: "another-1"})
    plant.collection(slug).delete(gone.remote_id)
    answered = plant.perform(slug, "delete", target=gone).http_attempts[0]
    code, words = answered.platform_code, answered.message
    body = {
        "error_code": code,
        "error_msg": words,
        "code": int(code) if code.isdigit() else code,
        "msg": words,
    }
    rule = {"match": match(slug, "delete"), "fault": "answer", "status": answered.http_status, "body": body}
    data = opened(browser, row)
    emulator.faults([rule])

    response = post(browser, changing(row, "delete"), data)

    assert response.status_code == 422
    assert "The platform refused this. Nothing was changed." in response.content.decode()
    assert row.remote_id in listed(browser.get(f"/{slug}/"))


@EVERY_DELETE
@pytest.mark.parametrize(("broken", "status"), [(False, 410), (True, 503)], ids=["gone", "down"])
def test_without_the_object_there_is_no_button(plant, browser, emulator, slug, broken, status):
    row = plant.make(slug)
    if broken:
        emulator.faults([{"match": match(slug, "get"), "fault": "answer", "status": 503, "body": "no"}])
    else:
        plant.collection(slug).delete(row.remote_id)

    response = browser.get(changing(row, "delete"))

    assert response.status_code == status
    text = response.content.decode()
    assert ("Try again" if broken else "no longer exists on the platform") in text
    assert 'id="form"' not in text


@EVERY_DELETE
def test_the_preview_is_what_is_sent_afterwards(plant, browser, emulator, slug):
    row = plant.make(slug)
    data = opened(browser, row)
    data["preview"] = "1"

    preview = post(browser, changing(row, "delete"), data)

    assert preview.status_code == 200
    assert deletes_received(emulator, slug) == []
    assert post(browser, changing(row, "delete"), sendable(read(preview).fields)).status_code == 302
    (received,) = deletes_received(emulator, slug)
    text = preview.content.decode().replace("&amp;", "&")
    assert f">{received['method']}</code>" in text
    assert f"{received['path']}{'?' * bool(received['query'])}{received['query']}</code>" in text


@EVERY_DELETE
def test_pressed_twice_it_is_one_delete(plant, browser, emulator, slug):
    row = plant.make(slug)
    data = opened(browser, row)

    first, second = (post(browser, changing(row, "delete"), data) for _press in range(2))

    assert (first.status_code, second.status_code) == (302, 302)
    assert len(deletes_received(emulator, slug)) == 1
    assert Operation.objects.filter(verb_name="delete").count() == 1


@EVERY_DELETE
def test_a_lost_answer_leads_to_the_operation_and_the_object_is_not_called_deleted(
    plant, browser, emulator, slug
):
    row = plant.make(slug)
    data = opened(browser, row)
    no_clear_answer = {"fault": "answer", "status": 500, "body": json.dumps({"x": 1})}
    emulator.faults([{"match": match(slug, "delete"), **no_clear_answer}])

    response = post(browser, changing(row, "delete"), data)

    operation = Operation.objects.get(verb_name="delete")
    assert operation.state == State.IN_DOUBT
    assert response["Location"] == f"/operations/{operation.pk}/"
    row.refresh_from_db()
    assert row.gone_at is None
