"""The page on which an owner decides, as a browser without JavaScript uses it.

Would catch: a decision by somebody who may not, one taken without evidence, reason or confirmation, one that
is taken twice, input lost on the way, an operation decided although the platform could not be read.
"""

import re

import pytest

from portal.errors import NotDecidable
from portal.kinds.registry import KINDS
from portal.operations import deciding, life, settling
from portal.operations.models import Operation, State
from portal.record.models import Body, Entry
from portal.teams.models import Membership, Role, User
from tests.examples import EXAMPLES, match
from tests.operations.endings import (
    REASON,
    absent,
    broken,
    decide,
    due,
    for_a_human,
    in_doubt,
    someone,
    text_of,
    url,
)
from tests.resources.forms import read
from tests.support.plant import received

pytestmark = pytest.mark.anywhere

GROUP, POLICY, BUS = "roma/device-groups", "iotda/policies", "iotda/soft-buses"


def candidate_of(operation):
    return operation.looks[-1]["candidates"][0]["object"]["id"]


def last_entry():
    return Entry.objects.order_by("-seq").first()


# The evidence


def test_the_page_shows_what_was_sent_what_was_there_before_and_what_was_seen(owner, undecided):
    text = text_of(owner.get(url(undecided, "decide")))

    assert re.search(r"Request POST http://\S+/link/instances/demo-roma-instance/device-groups", text)
    assert "&quot;parent_id&quot;: 10001" in text
    assert "Just before it was sent, no object on the platform had this name." in text
    seen = candidate_of(undecided)
    assert f"line-1 {seen} {seen} Field Sent On the platform Same as sent name line-1 line-1 yes" in text
    assert "parent_id 10001 10001 yes" in text
    assert "there will be two objects" in text


def test_the_page_names_what_had_the_name_before(plant, emulator, owner):
    there = plant.made_in_the_console(GROUP)
    operation = for_a_human(plant, emulator, committed=True)

    text = text_of(owner.get(url(operation, "decide")))

    assert f"already had this name just before it was sent: {there['id']}" in text
    assert [each for each in operation.looks[-1]["candidates"] if each["object"]["id"] == there["id"]] == []


def test_a_difference_is_told_by_a_word(plant, emulator, owner):
    slug = "iotda/device-groups"
    operation = in_doubt(plant, emulator, slug)
    plant.made_in_the_console(slug, {**EXAMPLES[slug].create, "description": "other pumps"})
    settling.settle_due()

    text = text_of(owner.get(url(operation, "decide")))

    assert "description all pumps other pumps no" in text


def test_a_page_of_an_update_speaks_of_what_happened(plant, emulator, owner):
    row = plant.make(POLICY)
    emulator.faults([{"match": match(POLICY, "update"), "fault": "reset"}])
    operation = plant.perform(POLICY, "update", target=row)
    emulator.faults([])
    third = {"policy_name": "third", "statement": row.statement}
    plant.collection(POLICY).update(row.remote_id, third)
    settling.settle_due()
    operation.refresh_from_db()
    assert operation.state == State.NEEDS_HUMAN

    text = text_of(owner.get(url(operation, "decide")))
    answer = decide(owner, operation, "ours")

    assert "It did not happen" in text
    assert "policy_name allow-hello deny-hello third no" in text
    operation.refresh_from_db()
    assert (answer.status_code, operation.state) == (302, State.FOUND)


# The three decisions


def test_it_is_ours(plant, owner, undecided):
    answer = decide(owner, undecided, "ours", ticket="CHG-7")

    undecided.refresh_from_db()
    assert (answer.status_code, answer["Location"]) == (302, url(undecided))
    assert (undecided.state, undecided.decision) == (State.FOUND, "ours")
    assert KINDS[GROUP].model.objects.get().remote_id == undecided.object_id
    entry = last_entry()
    told = (entry.outcome, entry.actor, entry.reason, entry.ticket)
    assert told == ("found", "owner-plant@example.test", REASON, "CHG-7")
    text = text_of(owner.get(url(undecided)))
    assert "Decided: it is ours owner-plant@example.test" in text


def test_it_is_not_ours(plant, emulator, owner, undecided):
    decide(owner, undecided, "not_ours")

    undecided.refresh_from_db()
    assert (undecided.state, undecided.decision) == (State.ABSENT, "not_ours")
    assert not KINDS[GROUP].model.objects.exists()
    assert len(received(emulator, GROUP, "create")) == 1


def test_send_again(emulator, owner, undecided):
    answer = decide(owner, undecided, "send_again", sure="on")

    undecided.refresh_from_db()
    again = undecided.followers.get()
    assert (undecided.state, again.state) == (State.ABSENT, State.DONE)
    assert (answer.status_code, answer["Location"]) == (302, url(again))
    assert len(received(emulator, GROUP, "create")) == 2


def test_of_several_the_one_that_was_chosen_is_ours(plant, emulator, owner):
    operation = in_doubt(plant, emulator, GROUP, committed=True)
    mine, theirs = emulator.state()[GROUP]["ids"][-1], plant.made_in_the_console(GROUP)["id"]
    settling.settle_due()
    operation.refresh_from_db()
    assert len(operation.looks[-1]["candidates"]) == 2

    nothing_chosen = decide(owner, operation, "ours")
    foreign = decide(owner, operation, "ours", candidate="10001")
    assert (nothing_chosen.status_code, foreign.status_code) == (422, 422)
    assert "Choose the object that this operation created." in text_of(nothing_chosen)
    assert Operation.objects.get().state == State.NEEDS_HUMAN

    decide(owner, operation, "ours", candidate=str(mine))
    operation.refresh_from_db()
    assert operation.object_id == str(mine) != str(theirs)


# What is missing or impossible


@pytest.mark.parametrize(
    ("decision", "changes", "words"),
    [
        ("", {}, "Choose a decision."),
        ("burn_it", {}, "Select a valid choice"),
        ("not_ours", {"reason": ""}, "Enter a reason."),
        ("not_ours", {"reason": "   "}, "Enter a reason."),
        ("not_ours", {"reason": "x" * 201}, "at most 200 characters"),
        ("not_ours", {"ticket": "x" * 65}, "at most 64 characters"),
        ("send_again", {}, "Select this to confirm"),
        ("send_again", {"sure": "on", "operation_key": ""}, "Operation key"),
    ],
    ids=[
        "nothing",
        "unknown",
        "no reason",
        "blank reason",
        "long reason",
        "long ticket",
        "unconfirmed",
        "no key",
    ],
)
def test_an_incomplete_decision_is_422_and_keeps_the_input(
    emulator, owner, undecided, decision, changes, words
):
    answer = decide(owner, undecided, decision, **changes)

    assert answer.status_code == 422
    assert words in text_of(answer)
    kept = read(answer).fields
    if decision in ("not_ours", "send_again"):
        assert kept["decision"] == [decision]
    if changes.get("reason", REASON).strip():
        assert kept["reason"] == [changes.get("reason", REASON)]
    assert Operation.objects.get().state == State.NEEDS_HUMAN
    assert len(received(emulator, GROUP, "create")) == 1


def test_nothing_is_declared_ours_that_no_look_has_shown(plant, emulator, owner, settings):
    settings.SETTLE_SECONDS = 0
    operation = in_doubt(plant, emulator, BUS)
    for _look in range(3):
        settling.look_again(operation, actor=operation.actor)
    assert operation.state == State.NEEDS_HUMAN

    page = owner.get(url(operation, "decide"))
    answer = decide(owner, operation, "ours")

    assert "The last check found no object that fits this operation." in text_of(page)
    assert re.search(r'value="ours"[^>]* disabled', page.content.decode())
    assert answer.status_code == 422


def test_what_is_gone_meanwhile_is_not_ours(plant, owner, undecided):
    client = plant.connections["roma"].client()
    client.send(client.device_groups.delete_call(candidate_of(undecided)))

    answer = decide(owner, undecided, "ours")

    assert answer.status_code == 422
    assert "The platform has no object with this id." in text_of(answer)
    assert read(answer).fields["reason"] == [REASON]
    assert Operation.objects.get().state == State.NEEDS_HUMAN


def test_a_platform_that_cannot_be_read_decides_nothing(emulator, owner, undecided):
    emulator.faults([{"match": {"method": "GET"}, "fault": "answer", "status": 500, "body": "{}"}])

    answer = decide(owner, undecided, "ours")

    assert answer.status_code == 503
    assert "your decision was not saved" in text_of(answer)
    assert read(answer).fields["reason"] == [REASON]
    assert Operation.objects.get().state == State.NEEDS_HUMAN


def test_a_decision_to_send_again_that_could_not_be_written_is_sent_later(
    emulator, owner, undecided, monkeypatch
):
    with monkeypatch.context() as patch:
        patch.setattr(life, "begin", broken)
        answer = decide(owner, undecided, "send_again", sure="on")

    undecided.refresh_from_db()
    assert (answer.status_code, answer["Location"]) == (302, url(undecided))
    assert undecided.state == State.ABSENT
    page = text_of(owner.get(url(undecided)))
    assert "nothing was sent" in page
    assert "Try again" in page
    assert len(received(emulator, GROUP, "create")) == 1


# Who, and how often


@pytest.mark.parametrize("role", [Role.VIEWER, Role.AUDITOR, Role.OPERATOR, Role.MANAGER])
@pytest.mark.parametrize("reason", [REASON, ""], ids=["complete", "incomplete"])
def test_nobody_but_owners_decides_and_the_attempt_is_recorded(plant, undecided, role, reason):
    browser = plant.browser(role)

    page = browser.get(url(undecided, "decide"))
    answer = browser.post(url(undecided, "decide"), {"decision": "not_ours", "reason": reason})

    assert (page.status_code, answer.status_code) == (403, 403)
    assert Operation.objects.get().state == State.NEEDS_HUMAN
    entry = last_entry()
    assert (entry.stage, entry.actor) == ("denied", f"{role}-plant@example.test")
    assert '"right":"settle"' in Body.objects.get(seq=entry.seq).text


@pytest.mark.parametrize("decision", ["ours", "not_ours", "send_again"])
def test_a_second_press_of_the_same_button_changes_nothing(emulator, owner, undecided, decision):
    fields = {
        name: each[0] for name, each in read(owner.get(url(undecided, "decide"))).fields.items() if each[0]
    }
    values = {**fields, "decision": decision, "reason": REASON, "sure": "on"}

    first, second = (owner.post(url(undecided, "decide"), values) for _press in range(2))

    assert (second.status_code, second["Location"]) == (302, first["Location"])
    decided = [each.outcome for each in Entry.objects.filter(reason=REASON)]
    assert decided == ["found" if decision == "ours" else "absent"]
    assert Operation.objects.count() == (2 if decision == "send_again" else 1)
    assert "no longer needs a decision" not in text_of(owner.get(second["Location"]))


def test_the_second_of_two_owners_learns_that_it_was_decided(plant, owner, undecided):
    other = User.objects.create(email="second-owner@example.test")
    Membership.objects.create(team=plant.team, user=other, role=Role.OWNER)
    decide(owner, undecided, "not_ours")
    second = plant.browser(Role.OWNER)
    second.force_login(other)

    answer = second.post(
        url(undecided, "decide"),
        {"decision": "not_ours", "reason": "me too", "operation_key": "k"},
        follow=True,
    )

    assert "This operation no longer needs a decision." in text_of(answer)
    undecided.refresh_from_db()
    assert undecided.decided_by.email == "owner-plant@example.test"


def test_what_needs_no_decision_has_no_page_for_it(plant, owner):
    operation = plant.perform(POLICY)

    answer = owner.get(url(operation, "decide"), follow=True)

    assert answer.redirect_chain == [(url(operation), 302)]
    assert "no longer needs a decision" in text_of(answer)


def test_what_was_asked_for_again_already_is_not_sent_once_more(plant, emulator, owner, settings):
    """The first is absent, its repetition is done; then the first turns up late and needs a human."""
    first = absent(plant, emulator, settings, POLICY)
    deciding.requeue(first, actor=first.actor, key="again")
    plant.made_in_the_console(POLICY)  # stands for the late commit
    due()
    settling.settle_due()
    first.refresh_from_db()
    sent = len(received(emulator, POLICY, "create"))

    page = owner.get(url(first, "decide"))
    answer = decide(owner, first, "send_again", sure="on")

    assert "It was already requested again" in text_of(page)
    first.refresh_from_db()
    assert (answer.status_code, first.state) == (422, State.NEEDS_HUMAN)
    assert len(received(emulator, POLICY, "create")) == sent
    with pytest.raises(NotDecidable):
        deciding.decide(first, actor=someone(plant, Role.OWNER), decision="send_again", reason="r", key="k")
