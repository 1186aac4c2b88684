"""What an owner has typed into a decision stays: while the platform is looked at once more, when the session
ends, and when the form is out of date.

Would catch: a look or a sign-in that empties the form, a look that decides, a decision that is lost.
"""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.sessions.models import Session

from portal.operations import deciding, settling
from portal.operations.models import Operation, State
from portal.teams.models import Role
from tests.examples import EXAMPLES, match
from tests.operations.endings import POLICY, REASON, decide, text_of, url
from tests.resources.forms import read

TYPED = {"decision": ["send_again"], "sure": ["on"], "reason": [REASON], "ticket": ["CHG-7"]}
HERE = {"Origin": "http://localhost"}


def typed_in(answer):
    """The values of the form's fields, without the key."""
    fields = read(answer).fields
    return {name: fields.get(name) for name in TYPED}


# The button "Check again first"


def test_looking_again_first_keeps_what_was_typed(owner, undecided):
    before = read(owner.get(url(undecided, "decide"))).fields["operation_key"]

    answer = decide(
        owner, undecided, "send_again", sure="on", look="1", ticket="CHG-7", operation_key=before[0]
    )

    undecided.refresh_from_db()
    assert (answer.status_code, undecided.state, len(undecided.looks)) == (200, State.NEEDS_HUMAN, 2)
    assert typed_in(answer) == TYPED
    assert read(answer).fields["operation_key"] == before
    text = text_of(answer)
    assert "A new object has that name" in text.partition("Did this change happen?")[0]
    assert "owner-plant@example.test" in text
    assert 'class="invalid-feedback' not in answer.content.decode()


def test_a_look_that_fails_keeps_what_was_typed_as_well(emulator, owner, undecided):
    emulator.faults([{"match": {"method": "GET"}, "fault": "answer", "status": 500, "body": "{}"}])

    answer = decide(owner, undecided, "send_again", sure="on", look="1", ticket="CHG-7")

    assert answer.status_code == 503
    assert "nothing has changed here" in text_of(answer)
    assert typed_in(answer) == TYPED
    assert Operation.objects.get().state == State.NEEDS_HUMAN


def test_a_look_that_settles_it_leaves_nothing_to_decide(plant, emulator, owner):
    row = plant.make(POLICY)
    emulator.faults([{"match": match(POLICY, "update"), "fault": "reset"}])
    operation = plant.perform(POLICY, "update", target=row)
    emulator.faults([])
    third = {"policy_name": "third", "statement": row.statement}
    plant.collection(POLICY).update(row.remote_id, third)
    settling.settle_due()
    plant.collection(POLICY).update(row.remote_id, EXAMPLES[POLICY].update)

    answer = decide(owner, operation, "not_ours", look="1")

    operation.refresh_from_db()
    assert (answer.status_code, answer["Location"]) == (302, url(operation))
    assert (operation.state, operation.decision) == (State.FOUND, "")


def test_what_is_decided_while_somebody_looks_is_over_for_both(owner, undecided, monkeypatch):
    real = settling.look_again

    def slow(seen, *, actor):
        deciding.decide(Operation.objects.get(), actor=actor, decision="not_ours", reason="faster")
        return real(seen, actor=actor)

    monkeypatch.setattr(settling, "look_again", slow)

    answer = decide(owner, undecided, "ours", look="1")

    assert (answer.status_code, answer["Location"]) == (302, url(undecided))
    assert Operation.objects.get().decision == "not_ours"


def test_nothing_is_looked_at_that_was_decided_meanwhile(owner, undecided):
    fields = {name: values[0] for name, values in read(owner.get(url(undecided, "decide"))).fields.items()}
    decide(owner, undecided, "not_ours")

    answer = owner.post(url(undecided, "decide"), {**fields, "look": "1"}, follow=True)

    undecided.refresh_from_db()
    assert "no longer needs a decision" in text_of(answer)
    assert len(undecided.looks) == 1


# What is typed outlives the session and an old form


def posted(browser, operation, is_htmx, **changes):
    """A decision from the open form, as a browser sends it."""
    address = url(operation, "decide")
    fields = {name: values[0] for name, values in read(browser.get(address)).fields.items()}
    values = {
        **fields,
        "decision": "send_again",
        "sure": "on",
        "reason": REASON,
        "ticket": "CHG-7",
        **changes,
    }
    page = f"http://localhost{address}"
    headers = {"HX-Request": "true", "HX-Current-URL": page} if is_htmx else {"Referer": page}

    def press():
        return browser.post(address, values, headers=HERE | headers)

    return press, values


def kept_at(answer):
    place = answer.headers.get("HX-Redirect") or answer["Location"]
    return parse_qs(urlsplit(place).query)["next"][0]


@pytest.mark.parametrize("is_htmx", [False, True], ids=["plain", "htmx"])
@pytest.mark.parametrize("button", [{}, {"look": "1"}], ids=["decide", "look"])
def test_a_decision_outlives_the_session(plant, emulator, undecided, is_htmx, button):
    browser = plant.browser(Role.OWNER)
    press, values = posted(browser, undecided, is_htmx, **button)
    Session.objects.all().delete()

    place = kept_at(press())
    browser.force_login(plant.people[Role.OWNER])
    page = browser.get(place)
    assert typed_in(page) == TYPED
    assert read(page).fields["operation_key"] == [values["operation_key"]]
    assert "Your input was kept. Nothing was sent" in text_of(page)
    assert Operation.objects.get().state == State.NEEDS_HUMAN


def test_a_decision_of_an_old_form_comes_back(plant, undecided):
    browser = plant.browser(Role.OWNER, enforce_csrf_checks=True)
    press, _values = posted(browser, undecided, False, csrfmiddlewaretoken="x" * 64)

    answer = press()

    assert answer.status_code == 403
    place = unescape(re.search(r'href="(/operations/[^"]*kept=[^"]*)"', answer.content.decode())[1])
    assert typed_in(browser.get(place)) == TYPED
    assert Operation.objects.get().state == State.NEEDS_HUMAN


def test_a_decision_of_an_old_form_stays_in_the_browser(plant, undecided):
    browser = plant.browser(Role.OWNER, enforce_csrf_checks=True)
    press, values = posted(browser, undecided, True, csrfmiddlewaretoken="x" * 64)

    answer = press()
    assert answer.status_code == 403
    assert "X-Portal-Swap" not in answer.headers
    values["csrfmiddlewaretoken"] = answer["X-Portal-Token"]

    assert press().status_code == 302
    undecided.refresh_from_db()
    assert undecided.decision == "send_again"
