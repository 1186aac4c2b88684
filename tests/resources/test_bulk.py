"""What people do to many rows of a list at once: the page that shows it first, and the job that it becomes.

Would catch: something done that the page did not show, or twice; many deleted by two careless clicks; rows
of another team; a right that only the page asks for; devices bound to a policy of another account.
"""

import html
import re
import uuid

import pytest
from django.http import QueryDict

from portal.connections.models import Connection
from portal.kinds.registry import KINDS
from portal.operations import together
from portal.operations.entries import unavailable
from portal.operations.job import Job
from portal.operations.together import STEPS_MAX
from portal.record.models import Entry
from portal.resources.bulk import Asked
from portal.teams.models import Role
from tests.examples import EVERY_DELETE, EXAMPLES, other_verbs
from tests.resources.forms import post, read, sendable
from tests.resources.listings import listed
from tests.resources.test_list_page import have_read, mirror, quiet, words  # noqa: F401 - a fixture
from tests.support.account import KEYS
from tests.support.drawn import ODD, check
from tests.support.plant import deletes_received, ids, make_plant, received

POLICY, BUS, DEVICE, GROUP = "iotda/policies", "iotda/soft-buses", "iotda/devices", "iotda/device-groups"
DELETE = f"/{POLICY}/bulk/delete/"
TYPED = {"reason": "why not", "ticket": "CHG-7"}
ALONE = [(slug, verb) for slug, verb in other_verbs() if not EXAMPLES[slug].verbs[verb]]


def picked(rows, **more):
    data = QueryDict(mutable=True)
    data.setlist("pick", [str(row.pk) for row in rows])
    data.update(more)
    return data


def previewed(browser, address, rows):
    """(the page, what its form would send)"""
    response = post(browser, address, picked(rows))
    assert response.status_code == 200, response.headers
    return response, sendable(read(response).fields)


def policies(plant, count=3):
    return [plant.make(POLICY, policy_name=f"p{number}") for number in range(count)]


def confirmed(browser, address, rows, **typed):
    """The answer to the second press."""
    _page, data = previewed(browser, address, rows)
    for name, value in typed.items():
        data[name] = value
    return post(browser, address, data)


def states(job):
    return [step.operation and step.operation.state for step in job.steps.select_related("operation")]


# In the list.


@EVERY_DELETE
def test_each_row_can_be_selected_and_its_form_holds_no_other(plant, slug, quiet):  # noqa: F811
    row = plant.make(slug)
    have_read(plant, slug)

    page = plant.browser(Role.MANAGER).get(f"/{slug}/").text

    assert f'form="bulk" name="pick" value="{row.pk}"' in page
    assert f'formaction="/{slug}/bulk/delete/"' in page
    depth = 0
    for tag in re.findall(r"<(/?)form\b", page):
        depth += -1 if tag else 1
        assert depth in (0, 1)
    assert " checked" not in page
    assert page.count(" checked>") < plant.browser().get(f"/{slug}/?pick=all").text.count(" checked>")


def test_who_may_not_reads_why_on_the_button(plant, quiet):  # noqa: F811
    plant.make(POLICY)
    have_read(plant, POLICY)
    page = plant.browser(Role.OPERATOR).get(f"/{POLICY}/").text
    assert "Operators can&#x27;t do this. Required role: Manager or Owner." in page
    assert f'formaction="{DELETE}"' not in page


# The page in between.


@EVERY_DELETE
def test_the_first_press_changes_nothing_and_shows_the_rows(plant, emulator, slug):
    row = plant.make(slug)

    response, data = previewed(plant.browser(Role.MANAGER), f"/{slug}/bulk/delete/", [row])

    assert listed(response) == [row.remote_id]
    assert data.getlist("pick") == [str(row.pk)]
    assert "count" not in data
    assert not Job.objects.exists()
    assert deletes_received(emulator, slug) == []


def test_three_are_deleted_by_one_job_with_a_reason_and_a_ticket(plant, emulator):
    rows = policies(plant)
    typed = {"count": "3", "reason": "hall 2 closed", "ticket": "CHG-1042"}
    response = confirmed(plant.browser(Role.MANAGER), DELETE, rows, **typed)

    job = Job.objects.get()
    assert response.headers["Location"] == f"/jobs/{job.pk}/"
    told = (job.purpose, job.reason, job.ticket, job.state, states(job))
    assert told == ("each", "hall 2 closed", "CHG-1042", "done", ["done"] * 3)
    assert len(deletes_received(emulator, POLICY)) == 3
    shown = plant.browser(Role.VIEWER).get(f"/jobs/{job.pk}/").text
    assert [f'data-remote-id="{row.remote_id}"' in shown for row in rows] == [True] * 3
    assert "CHG-1042" in shown
    found = Entry.objects.filter(verb="delete", reason="hall 2 closed", ticket="CHG-1042")
    assert sorted(found.values_list("outcome", flat=True)) == ["asked"] * 4 + ["done"] * 3


@pytest.mark.parametrize("typed", ["", "2", "03", "three", "3.0"])
def test_to_delete_several_their_number_has_to_be_typed(plant, emulator, typed):
    response = confirmed(plant.browser(Role.MANAGER), DELETE, policies(plant), count=typed)
    assert response.status_code == 422
    assert "Type 3 to confirm" in response.text
    assert not Job.objects.exists()


@pytest.mark.parametrize(("slug", "verb"), ALONE, ids=["-".join(each) for each in ALONE])
def test_each_verb_that_asks_for_nothing_is_done_to_two(plant, emulator, slug, verb):
    name = EXAMPLES[slug].named_by
    rows = [plant.ready(slug, verb), plant.readied(slug, verb, plant.make(slug, **{name: "another-one"}))]

    confirmed(plant.browser(Role.OWNER), f"/{slug}/bulk/{verb}/", rows)

    assert states(Job.objects.get()) == ["done", "done"]
    assert len(received(emulator, slug, verb)) == 2


@pytest.mark.parametrize(
    "address",
    [
        f"/{POLICY}/bulk/bind/",
        f"/{POLICY}/bulk/create/",
        f"/{POLICY}/bulk/nothing/",
        f"/{GROUP}/bulk/devices/x/",
    ],
)
def test_what_asks_for_more_is_not_offered(plant, address):
    assert post(plant.browser(Role.OWNER), address, picked(policies(plant, 1))).status_code == 404


def test_nothing_selected_is_said_and_leads_back_to_the_same_list(plant):
    browser = plant.browser(Role.MANAGER)
    response = post(browser, DELETE, {"back": "q=a%20b&sort=-name"})
    assert response.headers["Location"] == f"/{POLICY}/?q=a+b&sort=-name"
    assert "Nothing was selected." in browser.get(response.headers["Location"]).text
    assert browser.get(DELETE).headers["Location"] == f"/{POLICY}/"


@pytest.mark.full
def test_more_than_a_job_can_hold_is_refused_in_words(plant, quiet):  # noqa: F811
    rows = mirror(plant, POLICY, *(f"p{number}" for number in range(STEPS_MAX + 1)))
    browser = plant.browser(Role.MANAGER)
    response = post(browser, DELETE, picked(rows))
    assert response.status_code == 302
    assert (
        "These are 501 changes, and at most 500 can be requested at once." in browser.get(f"/{POLICY}/").text
    )
    previewed(browser, DELETE, rows[1:])


def test_rows_of_another_team_are_not_there(plant, emulator):
    harbour = make_plant(emulator.url, "Harbour")
    theirs, mine = harbour.make(POLICY), plant.make(POLICY)
    response, data = previewed(plant.browser(Role.OWNER), DELETE, [theirs, mine])
    assert data.getlist("pick") == [str(mine.pk)]
    assert theirs.remote_id not in response.text
    assert "1 selected object is not in the list any more." in words(response)
    other, data = previewed(plant.browser(Role.OWNER), DELETE, [theirs])
    assert (listed(other), data) == ([], {})


def second_connection(plant):
    """To the same account."""
    second = Connection.objects.get(pk=plant.connections["iotda"].pk)
    second.pk, second._state.adding, second.name = uuid.uuid4(), True, "second"
    second.set_credentials(KEYS)
    second.save()
    return second


def test_rows_of_several_connections_become_one_job(plant):
    second = second_connection(plant)
    first = plant.make(POLICY, policy_name="a")
    plant.connections["iotda"] = second
    rows = [first, plant.make(POLICY, policy_name="b")]
    confirmed(plant.browser(Role.MANAGER), DELETE, rows, count="2")
    job = Job.objects.get()
    assert states(job) == ["done", "done"]
    assert {step.connection.name for step in job.steps.all()} == {"iotda", "second"}


def test_what_is_gone_is_shown_apart_and_not_requested(plant):
    rows = policies(plant)
    plant.perform(POLICY, "delete", {}, target=rows[0])
    response, data = previewed(plant.browser(Role.MANAGER), DELETE, rows)
    assert data.getlist("pick") == [str(row.pk) for row in rows[1:]]
    assert "It no longer exists on the platform." in response.text


def vanish(plant, rows):
    rows[0].delete()


def be_gone(plant, rows):
    plant.perform(POLICY, "delete", {}, target=rows[0])


def be_renamed(plant, rows):
    type(rows[0]).objects.filter(pk=rows[0].pk).update(name="somebody else's")


def lead_elsewhere(plant, rows):
    plant.move(KINDS[POLICY], plant.url)


@pytest.mark.parametrize("happens", [vanish, be_gone, be_renamed, lead_elsewhere])
def test_what_changed_in_between_is_shown_again_and_nothing_is_requested(plant, happens):
    browser, rows = plant.browser(Role.MANAGER), policies(plant)
    _page, data = previewed(browser, DELETE, rows)
    happens(plant, rows)
    data["count"] = "3"

    response = post(browser, DELETE, data)

    assert response.status_code == 409
    assert "This has changed since you saw it. Nothing was requested." in response.text
    assert not Job.objects.exists()
    again = sendable(read(response).fields)
    again["count"] = str(len(again.getlist("pick")))
    assert post(browser, DELETE, again).status_code == 302
    assert states(Job.objects.get())[-1] == "done"


def test_pressed_twice_it_is_one_job_and_the_key_stands_for_nothing_else(plant, emulator):
    browser, rows = plant.browser(Role.MANAGER), policies(plant)
    _page, data = previewed(browser, DELETE, rows)
    data["count"] = "3"
    first, second = post(browser, DELETE, data), post(browser, DELETE, data)
    assert first.headers["Location"] == second.headers["Location"]
    assert len(deletes_received(emulator, POLICY)) == 3

    _page, other = previewed(browser, DELETE, [plant.make(POLICY)])
    other["operation_key"] = data["operation_key"]
    refused = post(browser, DELETE, other)
    assert refused.status_code == 409
    assert "sent before with other choices" in refused.text
    assert post(browser, DELETE, sendable(read(refused).fields)).status_code == 302


def test_a_right_that_is_missing_is_explained_and_a_forged_press_recorded(plant, emulator):
    rows = policies(plant, 1)
    response, data = previewed(plant.browser(Role.OPERATOR), DELETE, rows)
    assert "Operators can&#x27;t do this" in response.text
    assert data == {}
    _page, theirs = previewed(plant.browser(Role.MANAGER), DELETE, rows)
    assert post(plant.browser(Role.OPERATOR), DELETE, theirs).status_code == 403
    assert Entry.objects.filter(verb="delete", outcome="denied", object_id=rows[0].remote_id).exists()
    assert not Job.objects.exists()


def test_odd_names_turn_nothing_on_the_page(plant):
    row = plant.make(POLICY)
    row.take({"name": f"{ODD}\n\"'"})
    row.save()
    check(post(plant.browser(Role.MANAGER), DELETE, picked([row])))
    check(post(plant.browser(Role.OPERATOR), DELETE, picked([row])))


# Verbs of another object that take the selected ones.


def test_what_takes_objects_is_a_kind_that_exists():
    taken = {each.kind for kind in KINDS.values() for verb in kind.verbs for each in verb.takes}
    assert taken <= set(KINDS)
    assert [each.label for each in Asked.all(KINDS[DEVICE])] == ["Delete", "Add to group…", "Bind policy…"]


def devices(plant, count):
    return [
        plant.make(DEVICE, node_id=f"node-{number:02}", device_id=f"d-{number:02}") for number in range(count)
    ]


def test_devices_are_bound_to_a_policy_twenty_in_a_call(plant, emulator):
    policy, rows = plant.make(POLICY), devices(plant, 22)
    browser, address = plant.browser(Role.MANAGER), f"/{DEVICE}/bulk/policies/bind/"
    response, data = previewed(browser, address, rows)
    assert f'<option value="{policy.pk}">' in response.text
    assert "one job with 2 steps" in words(response)
    data["other"] = str(policy.pk)

    post(browser, address, data)

    job = Job.objects.get()
    assert (states(job), [len(step.taken) for step in job.steps.all()]) == (["done", "done"], [20, 2])
    bound = plant.collection(POLICY).targets(policy.remote_id).items
    assert {item["target_id"] for item in bound} == {row.remote_id for row in rows}
    shown = browser.get(f"/jobs/{job.pk}/").text
    assert rows[-1].remote_id in shown
    assert f"Bind: {policy.name}" in words(browser.get(f"/jobs/{job.pk}/"))


def test_devices_are_added_to_a_group_one_in_a_call(plant):
    group, rows = plant.make(GROUP), devices(plant, 2)
    confirmed(plant.browser(), f"/{DEVICE}/bulk/device-groups/add-device/", rows, other=str(group.pk))
    assert states(Job.objects.get()) == ["done", "done"]
    assert {each["id"] for each in plant.collection(GROUP).devices(group.remote_id).items} == {
        row.remote_id for row in rows
    }


def test_the_other_object_is_searched_and_has_to_be_there(plant, emulator):
    harbour = make_plant(emulator.url, "Harbour")
    theirs = harbour.make(POLICY, policy_name="theirs")
    names = [plant.make(POLICY, policy_name=name) for name in ("north", "south")]
    browser, address, rows = plant.browser(Role.MANAGER), f"/{DEVICE}/bulk/policies/bind/", devices(plant, 1)
    _page, data = previewed(browser, address, rows)
    data["other_search"], data["touch"] = "NORTH", "other"
    found = post(browser, address, data)
    assert (f'value="{names[0].pk}"' in found.text, f'value="{names[1].pk}"' in found.text) == (True, False)
    assert sendable(read(found).fields)["operation_key"] == data["operation_key"]
    del data["touch"]
    for nobody in ("", "nonsense", str(uuid.uuid4()), str(theirs.pk)):
        data["other"] = nobody
        assert post(browser, address, data).status_code == 422
    assert not Job.objects.exists()


def test_devices_of_two_connections_cannot_be_bound_at_once(plant):
    first = plant.make(DEVICE)
    (other,) = mirror(plant, DEVICE, "two", connection=second_connection(plant))
    browser = plant.browser(Role.MANAGER)
    response = post(browser, f"/{DEVICE}/bulk/policies/bind/", picked([first, other]))
    assert response.status_code == 302
    assert "select objects of one connection" in html.unescape(browser.get(f"/{DEVICE}/").text)


def test_binding_from_the_list_of_devices_needs_the_right_to_bind(plant):
    policy, rows = plant.make(POLICY), devices(plant, 1)
    address = f"/{DEVICE}/bulk/policies/bind/"
    assert previewed(plant.browser(Role.OPERATOR), address, rows)[1] == {}
    _page, data = previewed(plant.browser(Role.MANAGER), address, rows)
    data["other"] = str(policy.pk)
    assert post(plant.browser(Role.OPERATOR), address, data).status_code == 403
    assert Entry.objects.filter(verb="bind", outcome="denied").exists()


def test_a_record_that_cannot_be_written_keeps_what_was_typed(plant, emulator, monkeypatch):
    def fail(*_args, **_options):
        raise unavailable()

    monkeypatch.setattr(together, "request", fail)
    response = confirmed(plant.browser(Role.MANAGER), DELETE, policies(plant), count="3", **TYPED)
    assert response.status_code == 503
    assert [f'value="{each}"' in response.text for each in TYPED.values()] == [True, True]
    assert len(ids(emulator, POLICY)) == 3


def test_the_page_says_how_many_devices_a_binding_of_products_reaches(plant, emulator):
    plant.refresh("iotda/products")
    row = KINDS["iotda/products"].model.objects.get(remote_id="5ba24f5ebbe8f56f5a14f605")
    address, browser = "/iotda/products/bulk/policies/bind/", plant.browser(Role.MANAGER)
    assert "Devices reached: 2." in previewed(browser, address, [row])[0].text
    emulator.faults([{"match": {"method": "GET", "path": "/devices$"}, "fault": "reset"}])
    assert "could not be counted: 1." in previewed(browser, address, [row])[0].text
