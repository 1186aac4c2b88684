"""What is inside an object that is to be deleted: shown from the live platform, deleted first, in one job.

Would catch: a delete page that does not say what blocks it, a plan that deletes a parent first, a plan that
has changed since it was shown, "nothing is inside" of a platform that was not read, a cycle without an end.
"""

import re

import pytest

from portal.iotda.models import DeviceGroup
from portal.operations import stepping
from portal.operations.job import Job
from portal.operations.models import Operation
from portal.record.models import Entry
from portal.resources import impact
from portal.teams.models import Role
from tests.operations.test_moved_accounts import ELSEWHERE, change
from tests.resources.forms import post
from tests.resources.test_bulk import previewed
from tests.support.plant import deletes_received, ids, make_plant

pytestmark = pytest.mark.anywhere


GROUP, BUS, DEVICE, SPACE = "iotda/device-groups", "iotda/soft-buses", "iotda/devices", "iotda/spaces"
ROMA_GROUP = "roma/device-groups"
LIST = {"method": "GET", "path": "/device-group$"}
WHY = {"reason": "old hall", "ticket": "CHG-7"}
REFUSED = {"fault": "answer", "status": 400, "body": {"error_code": "IOTDA.000006", "error_msg": "no"}}


def group(plant, name, parent=None):
    more = {"super_group_id": parent.remote_id} if parent else {}
    return plant.make(GROUP, name=name, **more)


@pytest.fixture
def family(plant):
    """A group with two children, a grandchild, a soft bus below and a device in one of them."""
    top = group(plant, "top")
    left, right = group(plant, "left", top), group(plant, "right", top)
    deep = group(plant, "deep", left)
    plant.collection(BUS).create({"bus_name": "bus", "group_id": deep.remote_id})
    device = plant.made_in_the_console(DEVICE)
    groups = plant.collection(GROUP)
    groups.client.send(groups.add_device_call(right.remote_id, {"device_id": device["id"]}))
    return {"top": top, "left": left, "right": right, "deep": deep, "device": device}


def left_of(emulator, family):
    """Names of the family's groups that the platform still has."""
    there = ids(emulator, GROUP)
    return {name for name, row in family.items() if name != "device" and row.remote_id in there}


def address(row, slug=GROUP):
    return f"/{slug}/{row.pk}/delete-everything/"


def hidden(html, name):
    return re.search(rf'name="{name}" value="([^"]*)"', html)[1]


def asked(browser, row, slug=GROUP, **changes):
    page = browser.get(address(row, slug))
    assert page.status_code == 200, page.status_code
    fields = {name: hidden(page.text, name) for name in ("operation_key", "plan")}
    return post(browser, address(row, slug), {**fields, "typed_name": str(row), **changes})


def operations_of(job):
    return [str(id) for id in job.steps.values_list("operation_id", flat=True)]


def test_the_page_of_a_delete_says_what_has_to_go_first(plant, family):
    page = plant.browser(Role.MANAGER).get(f"/{GROUP}/{family['top'].pk}/delete/").text
    assert 'data-before="5"' in page
    assert "Device groups: 3" in page
    assert "Soft buses: 1" in page
    assert "Remove device: 1" in page
    assert address(family["top"]) in page


def test_everything_is_deleted_leaves_first_as_one_job(plant, emulator, family):
    browser = plant.browser(Role.MANAGER)
    answer = asked(browser, family["top"], reason="old hall", ticket="CHG-1042")
    job = Job.objects.get()
    assert (job.reason, job.ticket) == ("old hall", "CHG-1042")
    assert answer.headers["Location"] == f"/jobs/{job.pk}/"
    stepping.carry_on(job.pk)

    job.refresh_from_db()
    assert job.state == "done"
    assert (left_of(emulator, family), ids(emulator, BUS)) == (set(), set())
    assert family["device"]["id"] in ids(emulator, DEVICE)
    order = [step.object_name for step in job.steps.all()]
    assert order.index("deep") < order.index("left") < order.index("top") == len(order) - 1
    assert [call["status"] for call in deletes_received(emulator, GROUP)] == [204] * 4
    assert Operation.objects.filter(verb_name="remove-device", state="done").count() == 1
    assert Entry.objects.filter(verb="delete", outcome="asked", object_name="top").exists()
    told = {(entry.reason, entry.ticket) for entry in Entry.objects.filter(operation__in=operations_of(job))}
    assert told == {("old hall", "CHG-1042")}


def test_a_refused_leaf_keeps_what_holds_it_and_the_others_go(plant, emulator, family):
    match = {"method": "DELETE", "path": f"/{family['deep'].remote_id}$"}
    emulator.faults([{"match": match, **REFUSED}])
    asked(plant.browser(Role.MANAGER), family["top"])
    job = Job.objects.get()
    stepping.carry_on(job.pk)
    assert left_of(emulator, family) == {"deep", "left", "top"}
    page = plant.browser(Role.MANAGER).get(f"/jobs/{job.pk}/").text
    assert page.count('data-step-state="left_out"') == 2


def test_a_plan_that_is_no_longer_true_is_not_carried_out(plant, emulator, family):
    browser = plant.browser(Role.MANAGER)
    page = browser.get(address(family["top"])).text
    fields = {name: hidden(page, name) for name in ("operation_key", "plan")}
    plant.made_in_the_console(GROUP, {"name": "new", "super_group_id": family["right"].remote_id})
    answer = post(browser, address(family["top"]), {**fields, "typed_name": "top"})
    assert answer.status_code == 422
    assert "has changed since this page was opened" in answer.text
    assert "new" in answer.text
    assert not Job.objects.exists()


@pytest.mark.parametrize("typed", ["", "Top", "right"])
def test_the_name_has_to_be_typed(plant, family, typed):
    answer = asked(plant.browser(Role.MANAGER), family["top"], typed_name=typed, **WHY)
    assert (answer.status_code, Job.objects.count()) == (422, 0)
    assert "does not match" in answer.text
    assert [f'value="{each}"' in answer.text for each in WHY.values()] == [True, True]


@pytest.mark.parametrize(
    ("field", "text"), [("reason", "x" * 201), ("ticket", "x" * 65), ("ticket", "CHG-1\nCHG-2")], ids=ascii
)
def test_a_reason_or_a_ticket_that_cannot_be_kept_is_refused_and_not_cut(plant, family, field, text):
    answer = asked(plant.browser(Role.MANAGER), family["top"], **{field: text})
    assert (answer.status_code, Job.objects.count()) == (422, 0)
    assert f'href="#id_{field}"' in answer.text


def test_what_cannot_be_read_is_not_called_empty(plant, emulator, family):
    browser = plant.browser(Role.MANAGER)
    emulator.faults([{"match": LIST, "fault": "reset"}])
    page = browser.get(f"/{GROUP}/{family['top'].pk}/delete/").text
    assert "it is not known what is inside" in page
    assert "Nothing is inside" not in page
    whole = browser.get(address(family["top"]))
    assert "it is not known what is inside" in whole.text
    assert 'id="typed_name"' not in whole.text


def test_a_list_that_is_not_whole_makes_no_plan(plant, emulator, family):
    body = {"device_groups": [], "page": {"count": 3}}
    emulator.faults([{"match": LIST, "fault": "answer", "status": 200, "body": body}])
    page = plant.browser(Role.MANAGER).get(address(family["top"])).text
    assert 'id="typed_name"' not in page
    assert "did not show all" in page


def test_a_group_that_is_in_itself_is_planned_once(plant, emulator):
    one, two = group(plant, "one"), group(plant, "two")
    rows = [
        {"group_id": one.remote_id, "name": "one", "super_group_id": two.remote_id},
        {"group_id": two.remote_id, "name": "two", "super_group_id": one.remote_id},
    ]
    body = {"device_groups": rows, "page": {"count": 2}}
    emulator.faults([{"match": LIST, "fault": "answer", "status": 200, "body": body}])
    page = plant.browser(Role.MANAGER).get(address(one)).text
    assert page.count('data-verb="delete"') == 2


def test_an_empty_object_is_deleted_on_its_own_page(plant):
    row = group(plant, "alone")
    browser = plant.browser(Role.MANAGER)
    assert "Nothing is inside" in browser.get(f"/{GROUP}/{row.pk}/delete/").text
    assert browser.get(address(row)).headers["Location"] == f"/{GROUP}/{row.pk}/delete/"


def test_a_tree_of_roma_goes_leaves_first(plant, emulator):
    top = plant.make(ROMA_GROUP)
    inner = plant.made_in_the_console(
        ROMA_GROUP, {**plant.data(ROMA_GROUP), "name": "inner", "parent_id": top.remote_id}
    )
    asked(plant.browser(Role.MANAGER), top, ROMA_GROUP)
    job = Job.objects.get()
    stepping.carry_on(job.pk)
    job.refresh_from_db()
    assert (job.state, [step.object_id for step in job.steps.all()]) == ("done", [inner["id"], top.remote_id])


def test_a_space_goes_with_all_that_it_holds(plant, emulator):
    space = plant.make(SPACE)
    for slug in (GROUP, BUS, "iotda/products", "iotda/policies"):
        data = {name: value for name, value in plant.data(slug).items() if name != "group_id"}
        made = plant.made_in_the_console(slug, {**data, "app_id": space.remote_id})
        if slug == GROUP:
            inner = {"name": "inner", "app_id": space.remote_id, "super_group_id": made["id"]}
            plant.made_in_the_console(GROUP, inner)
    asked(plant.browser(Role.MANAGER), space, SPACE)
    job = Job.objects.get()
    stepping.carry_on(job.pk)
    job.refresh_from_db()
    assert job.state == "done"
    assert space.remote_id not in ids(emulator, SPACE)


def test_who_may_not_delete_is_told_so_and_others_see_nothing(plant, family):
    assert plant.browser(Role.OPERATOR).get(address(family["top"])).status_code == 403
    assert not Entry.objects.filter(stage="denied").exists()
    assert plant.browser(Role.OPERATOR).post(address(family["top"])).status_code == 403
    assert Entry.objects.get(stage="denied").verb == "delete"
    other = make_plant(plant.url, "Harbour").browser(Role.OWNER)
    assert other.get(f"/{GROUP}/{family['top'].pk}/delete-everything/").status_code == 404


def test_groups_that_are_too_deep_inside_each_other_make_no_plan(plant, emulator):
    """A platform may show any depth: no page may break by it."""
    top = group(plant, "top")
    around = [top.remote_id, *(f"g{number}" for number in range(450))]
    groups = [
        {"group_id": id, "name": id, "super_group_id": outer}
        for outer, id in zip(around, around[1:], strict=False)
    ]
    body = {"device_groups": groups, "page": {"count": len(groups), "marker": "m"}}
    none = {"devices": [], "page": {"count": 0}}
    emulator.faults(
        [
            {"match": LIST, "fault": "answer", "status": 200, "body": body},
            {"match": {"method": "GET", "path": "/devices$"}, "fault": "answer", "status": 200, "body": none},
        ]
    )
    page = plant.browser(Role.MANAGER).get(address(top))
    assert page.status_code == 200
    assert 'name="plan"' not in page.text


def test_what_is_listed_without_saying_where_it_is_makes_no_plan(plant, emulator):
    space = plant.make(SPACE)
    match = {"method": "GET", "path": "/harmony-soft-bus$"}
    body = {"harmony_soft_buses": [{"bus_id": "b1", "bus_name": "n"}], "page": {"count": 1, "marker": "m"}}
    emulator.faults([{"match": match, "fault": "answer", "status": 200, "body": body}])
    page = plant.browser(Role.MANAGER).get(address(space, SPACE))
    assert page.status_code == 200
    assert 'name="plan"' not in page.text


def test_a_dynamic_group_is_deleted_without_taking_out_what_its_rule_puts_in(plant, emulator):
    """Before a STATIC group is deleted its devices are removed one by one; a dynamic group needs none."""
    row = plant.make(GROUP, name="dyn", group_type="DYNAMIC", dynamic_group_rule="status = 'ONLINE'")
    body = {"devices": [{"device_id": "d1", "node_id": "d1", "device_name": "pump"}], "page": {"count": 1}}
    match = {"method": "GET", "path": f"/device-group/{row.remote_id}/devices$"}
    emulator.faults([{"match": match, "fault": "answer", "status": 200, "body": body}])
    page = plant.browser(Role.MANAGER).get(f"/{GROUP}/{row.pk}/delete/").text
    assert 'data-before="0"' in page
    assert "Devices in this group (1)" in page


def test_a_plan_that_was_read_in_another_account_is_not_carried_out(plant, emulator, monkeypatch):
    top = group(plant, "top")
    plant.made_in_the_console(GROUP, {"name": "in", "super_group_id": top.remote_id})
    changes = impact.changes

    def late(*args, **more):
        change(plant, "iotda", project_id=ELSEWHERE["project_id"])
        return changes(*args, **more)

    monkeypatch.setattr(impact, "changes", late)
    answer = asked(plant.browser(Role.MANAGER), top)
    assert (answer.status_code, Job.objects.count(), DeviceGroup.objects.count()) == (503, 0, 0)


def test_many_are_deleted_with_all_that_is_inside(plant, emulator, family):
    """Two of the selected are inside a third: each is one step, and what is inside goes first."""
    browser, rows = plant.browser(Role.MANAGER), [family[name] for name in ("top", "left", "deep")]
    page, fields = previewed(browser, f"/{GROUP}/bulk/delete/", rows)
    assert "Device groups: 1" in page.text
    fields["count"], fields["inside"] = "3", "on"
    post(browser, f"/{GROUP}/bulk/delete/", fields)
    job = Job.objects.get()
    stepping.carry_on(job.pk)
    job.refresh_from_db()
    assert (job.state, job.steps.count()) == ("done", 6)
    assert left_of(emulator, family) == set()


def test_what_is_inside_many_may_not_change_unseen(plant, emulator, family):
    browser = plant.browser(Role.MANAGER)
    _page, fields = previewed(browser, f"/{GROUP}/bulk/delete/", [family["left"], family["right"]])
    plant.made_in_the_console(GROUP, {"name": "new", "super_group_id": family["right"].remote_id})
    fields["count"], fields["inside"] = "2", "on"
    answer = post(browser, f"/{GROUP}/bulk/delete/", fields)
    assert (answer.status_code, Job.objects.count()) == (409, 0)
    assert "has changed since you saw it" in answer.text


def test_a_second_press_leads_to_the_same_job(plant, emulator, family):
    """By then some of what is inside is gone, so the plan is another one."""
    browser = plant.browser(Role.MANAGER)
    page = browser.get(address(family["top"])).text
    fields = {name: hidden(page, name) for name in ("operation_key", "plan")} | {"typed_name": "top"}
    match = {"method": "DELETE", "path": f"/{family['top'].remote_id}$"}
    emulator.faults([{"match": match, **REFUSED}])
    first = post(browser, address(family["top"]), fields)
    stepping.carry_on(Job.objects.get().pk)
    second = post(browser, address(family["top"]), fields)
    assert (second.status_code, second.headers["Location"]) == (302, first.headers["Location"])
    assert Job.objects.count() == 1
