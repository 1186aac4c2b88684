"""Answers nested as deeply as allowed, and deeper: the outcome is clear, and each page can be shown.

Would catch: an answer that is read, but that something on its way to the database or a page cannot walk.
"""

import pytest

from portal.operations import settling
from portal.operations.models import Operation, State
from portal.platforms.answers import DEPTH_MAX
from tests.examples import match
from tests.operations.endings import due
from tests.resources.forms import changing, new, post, script

pytestmark = pytest.mark.anywhere

POLICY, GROUP = "iotda/policies", "roma/device-groups"
READ, UNREAD, FAR = DEPTH_MAX - 10, DEPTH_MAX + 10, 490
MADE = {
    POLICY: {"policy_id": "p-1", "policy_name": "allow-hello"},
    GROUP: {"id": 123, "name": "line-1"},
}
REFUSAL = {"error_code": "IOTDA.000006", "error_msg": "no"}


def deep(levels):
    """Objects and lists in turn, a text innermost."""
    value = "innermost"
    for level in range(levels):
        value = {"a": value} if level % 2 else [value]
    return value


def answering(matched, status, body):
    return [{"match": matched, "fault": "answer", "status": status, "body": body}]


def looking(row):
    """What picks the reading of one policy."""
    return {**match(POLICY, "get"), "path": f"/device-policies/{row.remote_id}$"}


@pytest.mark.parametrize("slug", MADE)
@pytest.mark.parametrize(
    ("status", "levels", "state", "is_kept"),
    [
        (201, READ, State.DONE, True),
        (201, UNREAD, State.IN_DOUBT, False),
        (201, FAR, State.IN_DOUBT, False),
        (400, READ, State.REJECTED, True),
        (400, UNREAD, State.REJECTED, False),
        (400, FAR, State.REJECTED, False),
    ],
)
def test_a_deep_answer_to_a_create_has_an_outcome(plant, emulator, slug, status, levels, state, is_kept):
    told = MADE[slug] if status == 201 else REFUSAL
    emulator.faults(answering(match(slug, "create"), status, {**told, "more": deep(levels)}))
    browser = plant.browser()

    response = post(browser, new(slug), script(slug, plant))

    operation = Operation.objects.get()
    assert response.status_code == (422 if state == State.REJECTED else 302)
    assert operation.state == state
    assert ("innermost" in str(operation.answer)) == is_kept
    page = browser.get(f"/operations/{operation.pk}/")
    assert page.status_code == 200
    assert ("innermost" in page.content.decode()) == is_kept


@pytest.mark.parametrize("levels", [READ, UNREAD])
def test_a_deep_object_has_pages(plant, emulator, levels):
    row = plant.make(POLICY)
    body = {"policy_id": row.remote_id, "policy_name": "new name", "statement": deep(levels)}
    emulator.faults(answering(looking(row), 200, body))
    browser = plant.browser()

    page, form = browser.get(f"/{POLICY}/{row.pk}/"), browser.get(changing(row, "update"))

    assert (page.status_code, form.status_code) == (200, 200 if levels == READ else 503)
    assert ("innermost" in page.content.decode()) == (levels == READ)
    assert ("The platform&#x27;s answer cannot be understood." in page.content.decode()) == (levels != READ)


@pytest.mark.parametrize("levels", [READ, UNREAD])
def test_a_deep_object_is_looked_at_to_settle_a_change(plant, emulator, levels):
    row = plant.make(POLICY)
    emulator.faults([{"match": match(POLICY, "update"), "fault": "reset"}])
    operation = plant.perform(POLICY, "update", target=row)
    assert operation.state == State.IN_DOUBT
    body = {"policy_id": row.remote_id, "policy_name": "theirs", "statement": deep(levels)}
    emulator.faults(answering(looking(row), 200, body))

    due()
    settling.settle_due()

    operation.refresh_from_db()
    assert operation.state == (State.NEEDS_HUMAN if levels == READ else State.IN_DOUBT)
    page = plant.browser().get(f"/operations/{operation.pk}/")
    assert page.status_code == 200
    assert ("innermost" in page.content.decode()) == (levels == READ)
