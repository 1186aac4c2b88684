"""Two people edit one object: nobody overwrites values that they have not seen.

Would catch: a lost update, a conflict that loses what was typed, a second change that slips in beside one
that runs, and a question that cannot be answered.
"""

import html
import json
import re
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest
from django.db import connections

from portal.kinds.registry import KINDS
from portal.operations.models import Cause, Operation, State
from portal.teams.models import Role
from tests.examples import EVERY_UPDATE, EXAMPLES
from tests.resources.forms import HTMX, changing, edited, post, read, sendable, typed
from tests.support.plant import deletes_received, fields_of, updates_received

GROUP, POLICY, ROMA_GROUP, DEVICE = (
    "iotda/device-groups",
    "iotda/policies",
    "roma/device-groups",
    "enos/devices",
)
BOTH_WAYS = pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])


def others_change(plant, slug, row, data=None):
    """Somebody changes the object without using the portal."""
    plant.collection(slug).update(row.remote_id, data or plant.theirs(slug))


def on_platform(plant, slug, row):
    return plant.shown(slug, row)


def met(plant, slug, **headers):
    """(row, browser, posted data, answer) of an edit where somebody else was faster."""
    row, browser = plant.make(slug), plant.browser()
    data = edited(browser, slug, row)
    others_change(plant, slug, row)
    return row, browser, data, post(browser, changing(row, "update"), data, **headers)


def words(response):
    """The text of a page, without its tags."""
    text = re.sub(r"<(script|style|textarea|option).*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


@EVERY_UPDATE
@BOTH_WAYS
def test_a_change_meanwhile_is_a_conflict_and_nothing_is_sent(plant, emulator, slug, headers):
    row, _browser, data, response = met(plant, slug, **headers)

    assert response.status_code == 409
    assert ("<!doctype html>" in response.content.decode()) is (not headers)
    assert response.get("X-Portal-Swap", "") == ("true" if headers else "")
    page = read(response)
    assert json.loads(page.fields["expected"][0]) == on_platform(plant, slug, row)
    assert page.fields["operation_key"] != [data["operation_key"]]
    data.pop("expected")
    typed(page, data)
    operation = Operation.objects.get(verb_name="update")
    assert (operation.state, operation.cause) == (State.NOT_SENT, Cause.CONFLICT)
    assert len(updates_received(emulator, slug)) == 1, "the other's"
    assert "theirs" in json.dumps(on_platform(plant, slug, row))


@EVERY_UPDATE
def test_the_three_versions_stand_side_by_side_with_what_differs_in_words(plant, slug):
    _row, _browser, _data, response = met(plant, slug)

    said = words(response)
    assert "Someone changed this since you opened it. Nothing was sent." in said
    for title in ("As you opened it", "Now on the platform", "Your version"):
        assert said.count(title) == len(fields_of(KINDS[slug]))
    assert "Changed on the platform and by you." in said
    assert re.search(r"\+ .{0,40}theirs", said)


def test_a_field_that_only_the_other_changed_stays_as_the_other_left_it(plant, emulator):
    row, browser = plant.make(ROMA_GROUP, description="first"), plant.browser()
    data = edited(browser, ROMA_GROUP, row, name="line-2", description="first")
    others_change(plant, ROMA_GROUP, row, {"name": "line-1", "description": "theirs"})

    response = post(browser, changing(row, "update"), data)

    assert "Name Changed by you." in words(response)
    assert "Description Changed on the platform, and not by you: it stays as it is there." in words(response)
    page = read(response)
    assert page.fields["description"] == ["theirs"]
    assert post(browser, changing(row, "update"), sendable(page.fields)).status_code == 302
    assert json.loads(updates_received(emulator, ROMA_GROUP)[-1]["body"]) == {"name": "line-2"}


def test_tags_that_only_the_other_changed_stay_as_the_other_left_them(plant, emulator):
    row, browser = plant.make(DEVICE, device_tags={"hall": "1"}), plant.browser()
    data = sendable(read(browser.get(changing(row, "update"))).fields)
    data["device_desc"] = "mine"
    others_change(plant, DEVICE, row, {"device_tags": {"hall": "2", "line": "7"}})

    response = post(browser, changing(row, "update"), data)

    assert "Tags Changed on the platform, and not by you" in words(response)
    page = read(response)
    assert (page.fields["device_tags-0-value"], page.fields["device_tags-1-key"]) == (["2"], ["line"])
    assert post(browser, changing(row, "update"), sendable(page.fields)).status_code == 302
    assert json.loads(updates_received(emulator, DEVICE)[-1]["body"]) == {"deviceDesc": "mine"}


@EVERY_UPDATE
def test_keep_mine_is_one_more_press(plant, slug):
    row, browser, _data, response = met(plant, slug)

    again = post(browser, changing(row, "update"), sendable(read(response).fields))

    assert again.status_code == 302
    now = on_platform(plant, slug, row)
    wished = plant.data(slug, "update")
    assert {name: now[name] for name in wished} == wished


@EVERY_UPDATE
def test_a_third_version_is_met_again(plant, emulator, slug):
    row, browser, _data, response = met(plant, slug)
    others_change(plant, slug, row, plant.theirs(slug, "third"))

    again = post(browser, changing(row, "update"), sendable(read(response).fields))

    assert again.status_code == 409
    assert "third" in words(again)
    assert "third" in json.dumps(on_platform(plant, slug, row))


@EVERY_UPDATE
def test_take_theirs_is_a_fresh_form(plant, slug):
    row, browser, _data, response = met(plant, slug)

    assert f'href="{changing(row, "update")}"' in response.content.decode()
    page = read(browser.get(changing(row, "update")))
    (name,) = EXAMPLES[slug].rename("theirs")
    assert "theirs" in page.fields[name][0]


@EVERY_UPDATE
def test_when_the_other_wished_the_same_there_is_nothing_left_to_change(plant, emulator, slug):
    row, browser = plant.make(slug), plant.browser()
    data = edited(browser, slug, row)
    others_change(plant, slug, row, plant.data(slug, "update"))

    response = post(browser, changing(row, "update"), data)
    again = post(browser, changing(row, "update"), sendable(read(response).fields))

    assert (response.status_code, again.status_code) == (409, 422)
    assert "to the same value as yours" in words(response)
    assert "Nothing was changed" in words(again)
    assert len(updates_received(emulator, slug)) == 1


@EVERY_UPDATE
def test_the_answer_about_a_conflict_is_the_same_when_it_is_asked_twice(plant, slug):
    row, browser, data, _response = met(plant, slug)

    assert post(browser, changing(row, "update"), data).status_code == 409
    assert Operation.objects.filter(verb_name="update").count() == 1


GARBAGE = [
    None,
    "",
    "x",
    "{}",
    "[]",
    "null",
    "\0",
    '{"name": 1e999}',
    '{"name": NaN}',
    "[" * 100_000,
    '{"a":' * 600 + "1" + "}" * 600,
    '{"name": "a", "name": "b", "description": ""}',
    '{"name": "a", "description": "", "parent_id": "0"}',
    "9" * 5000,
]


@pytest.mark.parametrize("text", GARBAGE, ids=[str(text)[:12] for text in GARBAGE])
def test_a_form_that_does_not_say_what_it_showed_is_incomplete(plant, emulator, text):
    row, browser = plant.make(ROMA_GROUP), plant.browser()
    data = edited(browser, ROMA_GROUP, row)
    del data["expected"]
    if text is not None:
        data["expected"] = text

    response = post(browser, changing(row, "update"), data)

    assert response.status_code == 422
    assert "The form was incomplete, so nothing was sent." in words(response)
    assert updates_received(emulator, ROMA_GROUP) == []
    # The form shows what is on the platform now, so the next submit overwrites nothing unseen.
    assert "Now on the platform" in words(response)
    page = read(response)
    data.pop("expected", None)
    typed(page, data)
    assert post(browser, changing(row, "update"), sendable(page.fields)).status_code == 302


# One at a time


@pytest.mark.parametrize("verb", ["update", "delete"])
def test_beside_a_change_that_runs_there_is_no_second(plant, emulator, verb):
    row = plant.make(ROMA_GROUP)
    browser = plant.browser(Role.MANAGER)
    data = edited(browser, ROMA_GROUP, row) if verb == "update" else _opened(browser, row)
    first = Operation.objects.get()
    Operation.objects.filter(pk=first.pk).update(holds=first.place_on_platform, state="sending")

    response = post(browser, changing(row, verb), data)

    assert response.status_code == 409
    assert "Someone else is changing this right now. Nothing was sent." in words(response)
    page = read(response)
    typed(page, data)
    assert page.fields["operation_key"] != [data["operation_key"]]
    assert updates_received(emulator, ROMA_GROUP) == deletes_received(emulator, ROMA_GROUP) == []
    Operation.objects.filter(pk=first.pk).update(holds=None, state="done")
    assert post(browser, changing(row, verb), sendable(page.fields)).status_code == 302


def _opened(browser, row):
    return sendable(read(browser.get(changing(row, "delete"))).fields)


def at_once(*calls):
    """Start all calls at the same moment; their results."""
    barrier = Barrier(len(calls))

    def run(call):
        try:
            barrier.wait()
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def test_of_two_who_press_at_the_same_time_one_wins_and_the_other_is_told(committed_plant, emulator):
    plant = committed_plant
    row = plant.make(POLICY)
    browsers = {name: plant.browser(role) for name, role in (("a", Role.OPERATOR), ("b", Role.MANAGER))}
    forms = {name: edited(each, POLICY, row, policy_name=f"by-{name}") for name, each in browsers.items()}

    responses = at_once(
        *[partial(post, browsers[name], changing(row, "update"), forms[name]) for name in browsers]
    )

    assert sorted(response.status_code for response in responses) == [302, 409]
    winner = "ab"[[response.status_code for response in responses].index(302)]
    assert on_platform(plant, POLICY, row)["policy_name"] == f"by-{winner}"
    assert len(updates_received(emulator, POLICY)) == 1


def set_own_topic(browser, row, own, number, barrier):
    """Change only one's own topic, and open the form again after each conflict; how many there were.

    The first press waits until the other person presses, too.
    """
    for told in range(50):
        data = sendable(read(browser.get(changing(row, "update"))).fields)
        statement = json.loads(data["statement"])
        resources = [each for each in statement[0]["resources"] if not each.startswith(f"topic:/{own}/")]
        statement[0]["resources"] = [*resources, f"topic:/{own}/{number}"]
        data["statement"] = json.dumps(statement)
        if told == 0:
            barrier.wait()
        response = post(browser, changing(row, "update"), data)
        if response.status_code == 302:
            return told
        assert response.status_code == 409, response.content.decode()
    raise AssertionError("never got through")


@pytest.mark.parametrize("rounds", [5, pytest.param(50, marks=pytest.mark.full)])
def test_no_update_is_lost_while_two_people_edit_one_policy(committed_plant, emulator, rounds):
    """In each round both open the same version, change a topic of their own and press at the same moment."""
    plant = committed_plant
    row = plant.make(POLICY)
    people = {"a": plant.browser(Role.OPERATOR), "b": plant.browser(Role.MANAGER)}

    for number in range(rounds):
        barrier = Barrier(2)
        told = at_once(
            *[partial(set_own_topic, browser, row, own, number, barrier) for own, browser in people.items()]
        )
        assert max(told) >= 1, "one of them must have been told"
        topics = on_platform(plant, POLICY, row)["statement"][0]["resources"]
        assert set(topics) >= {f"topic:/a/{number}", f"topic:/b/{number}"}
        assert len(topics) == 3

    assert len(updates_received(emulator, POLICY)) == 2 * rounds
    ended = Operation.objects.filter(verb_name="update")
    assert ended.filter(state=State.DONE).count() == 2 * rounds
    assert set(ended.exclude(state=State.DONE).values_list("cause", flat=True)) <= {"conflict", "busy"}


def test_the_input_of_an_earlier_operation_still_knows_what_its_form_showed(plant):
    row, browser, _data, _response = met(plant, POLICY)
    earlier = Operation.objects.get(verb_name="update")

    form = sendable(read(browser.get(f"{changing(row, 'update')}?from={earlier.pk}")).fields)
    response = post(browser, changing(row, "update"), form)

    assert form["policy_name"] == EXAMPLES[POLICY].update["policy_name"]
    assert response.status_code == 409
    assert on_platform(plant, POLICY, row)["policy_name"] == "theirs"


# The same form sent twice, with other content the second time (by the browser's way back, say).


@BOTH_WAYS
def test_a_form_sent_again_with_other_content_is_no_conflict_with_oneself(plant, emulator, headers):
    row, browser = plant.make(GROUP), plant.browser()
    data = edited(browser, GROUP, row, name="first")
    assert post(browser, changing(row, "update"), data).status_code == 302
    data["name"] = "second"

    response = post(browser, changing(row, "update"), data, **headers)

    assert response.status_code == 409
    said = words(response)
    assert "This form was sent before with other content." in said
    assert "Now on the platform" in said
    assert re.search(r"\+ first", said)
    page = read(response)
    assert json.loads(page.fields["expected"][0])["name"] == "first"
    assert page.fields["name"] == ["second"]
    assert len(updates_received(emulator, GROUP)) == 1
    assert post(browser, changing(row, "update"), sendable(page.fields)).status_code == 302
    assert on_platform(plant, GROUP, row)["name"] == "second"


def test_what_cannot_be_read_just_then_leaves_the_form_as_it_was(plant, emulator):
    row, browser = plant.make(GROUP), plant.browser()
    data = edited(browser, GROUP, row, name="first")
    post(browser, changing(row, "update"), data)
    data["name"] = "second"
    emulator.faults([{"match": {"path": "/v5/"}, "fault": "answer", "status": 503, "body": "no"}])

    response = post(browser, changing(row, "update"), data)

    assert response.status_code == 409
    assert read(response).fields["expected"] == [data["expected"]]
