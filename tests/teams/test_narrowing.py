"""Who is narrowed to a part of the team sees that part and nothing else.

Would catch: a list, search, count, tree, choice, page or export that shows what is in another space or on
another connection, a change that reaches out of one's places, a right of the whole team that stays.
"""

import json
import re
from html import unescape

import pytest
from django.urls import reverse

from portal.connections.models import Connection
from portal.errors import NotAllowed, NotVisible
from portal.kinds.registry import KINDS
from portal.operations.job import Job
from portal.operations.models import Operation
from portal.record.models import Entry
from portal.teams import access
from portal.teams.models import Role, User
from tests.support.account import GROUP, SECOND_SPACE
from tests.support.plant import received
from tests.teams.narrowed import DEVICES, GROUPS, POLICIES, SPACED, mirrored, narrow, pages_of, sides

ROLE = Role.MANAGER


@pytest.fixture
def both(plant):
    """Objects on both sides, and a manager who is narrowed to one space."""
    found = sides(plant)
    narrow(plant, ROLE, ("iotda", SECOND_SPACE))
    return found


def person(plant, role=ROLE):
    return User.objects.get(pk=plant.people[role].pk)


def test_pages_of_one_object_are_there_for_own_and_missing_for_foreign_ones(plant, both):
    browser = plant.browser(ROLE)
    for path in pages_of(both.own, both.own_operation, both.own_entry):
        assert browser.get(path).status_code == 200, path
    for path in pages_of(both.foreign, both.foreign_operation, both.foreign_entry):
        answer = browser.get(path)
        assert (answer.status_code, "foreign-pumps" in answer.text) == (404, False), path


@pytest.mark.parametrize("slug", SPACED)
def test_lists_trees_and_exports_hold_only_what_is_in_the_space(plant, slug):
    rows = list(mirrored(plant, slug))
    narrow(plant, ROLE, ("iotda", SECOND_SPACE))
    own = {row.remote_id for row in rows if row.space_id == SECOND_SPACE}
    browser, kind = plant.browser(ROLE), KINDS[slug]

    listed = browser.get(f"/api/v1/{slug}/").json()
    exported = b"".join(browser.get(f"/{slug}/export.jsonl").streaming_content)
    page = browser.get(f"/{slug}/").text
    pages = [page, browser.get(reverse("resources:tree", args=[kind])).text] if kind.parent else [page]

    assert {each["remote_id"] for each in listed["items"]} == own
    assert listed["total"] == {"count": len(own), "is_more": False}
    assert [(each["count"], each["total"]) for each in listed["covers"]] == [(None, None)]
    assert {json.loads(line)["id"] for line in exported.splitlines()} == own
    foreign = {row.remote_id for row in rows} - own
    assert [(id, path) for path in pages for id in foreign if id in path and id != GROUP] == []


def test_a_search_and_a_foreign_id_find_nothing_and_keep_nothing(plant, both):
    browser = plant.browser(ROLE)
    hidden = plant.collection(GROUPS).create({"name": "made-elsewhere"})
    assert browser.get(f"/{GROUPS}/{hidden['id']}/").status_code == 404
    assert not KINDS[GROUPS].model.objects.filter(remote_id=hidden["id"]).exists()
    for text in ("foreign-pumps", both.foreign.remote_id, "made-elsewhere", hidden["id"]):
        found = browser.get(f"/api/v1/{GROUPS}/", {"q": text, "exactly": "1"}).json()
        assert (found["items"], found["total"]["count"]) == ([], 0), text
        assert f"/{GROUPS}/{both.foreign.pk}/" not in browser.get(f"/{GROUPS}/", {"q": text}).text
    assert plant.browser(Role.OWNER).get(f"/{GROUPS}/{hidden['id']}/").status_code == 200


def test_operations_and_the_record_show_what_is_in_the_space(plant, both):
    browser = plant.browser(ROLE)
    for path in ("/operations/", "/audit/", "/", "/audit/?q=pumps", f"/{GROUPS}/{both.own.pk}/"):
        text = browser.get(path).text
        assert "foreign-pumps" not in text, path
    assert "own-pumps" in browser.get("/operations/").text
    assert "own-pumps" in browser.get("/audit/").text
    kept = access.visible_to(person(plant), Entry.objects.all(), "read_record")
    assert {(each.connection_id, each.space) for each in kept} == {
        (str(plant.connections["iotda"].pk), SECOND_SPACE)
    }


def test_the_other_connections_of_the_team_do_not_exist(plant, both):
    browser = plant.browser(ROLE)
    seen = Connection.objects.visible_to(person(plant))
    assert [each.name for each in seen] == ["iotda"]
    for platform in ("roma", "enos"):
        other = plant.connections[platform]
        assert browser.get(reverse("connections:detail", args=[other.pk])).status_code == 404
        assert browser.get(f"/{platform}/{'device-groups' if platform == 'roma' else 'devices'}/new/").text
    assert browser.get(reverse("connections:detail", args=[plant.connections["iotda"].pk])).status_code == 200


def test_a_form_offers_own_spaces_and_reads_nothing_of_others(plant, both):
    path = f"/{GROUPS}/new/"
    for query in ({}, {"app_id": both.foreign_space}, {"super_group_id": both.foreign.remote_id}):
        text = plant.browser(ROLE).get(path, query).text
        assert f'value="{SECOND_SPACE}" selected' in text
        assert f'value="{both.foreign_space}"' not in text
        assert "foreign-pumps" not in text


@pytest.mark.parametrize("space", ["foreign", "", "made-up"])
def test_nothing_is_created_outside(plant, both, emulator, space):
    space = both.foreign_space if space == "foreign" else space
    before = emulator.state()[GROUPS]["ids"]
    with pytest.raises(NotAllowed):
        plant.perform(GROUPS, data={"name": "new", "app_id": space}, role=ROLE)
    data = {"name": "new", "app_id": space, "connection": str(plant.connections["iotda"].pk)}
    answer = plant.browser(ROLE).post(f"/{GROUPS}/new/", {**data, "operation_key": "k"})
    assert answer.status_code == (403 if space else 422)
    assert emulator.state()[GROUPS]["ids"] == before
    entry = Entry.objects.order_by("seq").last()
    assert (entry.outcome, entry.verb) == ("denied", "create")


def test_within_the_space_everything_of_the_role_works(plant, both):
    made = plant.perform(GROUPS, data={"name": "mine", "app_id": SECOND_SPACE}, role=ROLE)
    assert made.state == "done"
    assert plant.perform(GROUPS, "update", {"name": "mine-2"}, target=made.target, role=ROLE).state == "done"
    assert plant.perform(GROUPS, "delete", {}, target=made.target, role=ROLE).state == "done"


@pytest.mark.parametrize("verb", ["update", "delete", "add-device"])
def test_a_foreign_object_is_reached_by_no_verb(plant, both, verb):
    data = {"update": {"name": "x"}, "delete": {}, "add-device": {"device_id": "1"}}[verb]
    with pytest.raises(NotVisible):
        plant.perform(GROUPS, verb, data, target=both.foreign, role=ROLE)
    assert not Operation.objects.filter(actor=plant.people[ROLE]).exists()


def test_what_a_change_names_has_to_be_inside_too(plant, both):
    device = next(row for row in mirrored(plant, DEVICES) if row.app_id != SECOND_SPACE)
    for slug, verb, target, data in (
        (GROUPS, "create", None, {"name": "c", "app_id": SECOND_SPACE, "super_group_id": GROUP}),
        (GROUPS, "add-device", both.own, {"device_id": device.remote_id}),
        (GROUPS, "add-device", both.own, {"device_id": "nobody-knows-it"}),
    ):
        mirrored(plant, slug)
        with pytest.raises(NotAllowed):
            plant.perform(slug, verb, data, target=target, role=ROLE)
    policy = plant.perform(
        POLICIES, data={**plant.data(POLICIES), "app_id": SECOND_SPACE}, role=Role.OWNER
    ).target
    for kind, id in (("app", both.foreign_space), ("device", device.remote_id)):
        with pytest.raises(NotAllowed):
            plant.perform(
                POLICIES, "bind", {"target_type": kind, "target_ids": [id]}, target=policy, role=ROLE
            )


def test_a_selection_takes_only_what_is_seen(plant, both):
    picks = [str(both.own.pk), str(both.foreign.pk)]
    page = plant.browser(ROLE).post(f"/{GROUPS}/bulk/delete/", {"pick": picks})
    assert "own-pumps" in page.text
    assert "foreign-pumps" not in page.text


def test_a_job_with_a_step_outside_is_not_there(plant, both):
    for rows in ([both.own], [both.own, both.foreign]):
        page = plant.browser(Role.OWNER).post(
            f"/{GROUPS}/bulk/delete/", {"pick": [str(row.pk) for row in rows]}
        )
        names = ("operation_key", "seen", "plan", "inside", "count", "reason")
        posted = {
            name: unescape(found[1])
            for name in names
            if (found := re.search(rf'name="{name}"[^>]*value="([^"]*)"', page.text))
        }
        posted |= {"pick": [str(row.pk) for row in rows], "count": str(len(rows))}
        posted.pop("inside", None)
        assert plant.browser(Role.OWNER).post(f"/{GROUPS}/bulk/delete/", posted).status_code == 302
    inside, mixed = Job.objects.order_by("created_at")
    browser = plant.browser(ROLE)
    assert browser.get(reverse("jobs:detail", args=[inside.pk])).status_code == 200
    assert browser.get(reverse("jobs:detail", args=[mixed.pk])).status_code == 404
    assert str(mixed.pk) not in browser.get(reverse("jobs:list")).text


def test_the_denial_says_what_the_membership_covers_and_who_can_change_it(plant, both):
    User.objects.filter(pk=plant.people[Role.OWNER].pk).update(name="Mei Lin")
    why = access.explain(person(plant), "connections", plant.connections["iotda"])
    second = mirrored(plant, "iotda/spaces").get(remote_id=SECOND_SPACE).name
    assert why == f"Your membership covers only {second} of iotda. Mei Lin can change that."
    why = access.explain(person(plant), "settle", both.own)
    assert why == "Managers can't do this. Required role: Owner. Mei Lin can give it."


WHOLE = ("connections", "invite", "roles", "team_rules", "retention", "team_tokens", "verify_record")


@pytest.mark.parametrize("right", WHOLE)
def test_rights_of_the_whole_team_take_a_whole_membership(plant, right):
    role = Role.OWNER
    assert access.may(person(plant, role), right, plant.team)
    narrow(plant, role, ("iotda", ""))
    assert access.may(person(plant, role), right, plant.team) is (right == "invite")
    assert access.may(person(plant, role), "view", plant.team)


def test_connections_that_are_wholly_ones_own_can_be_managed(plant):
    narrow(plant, ROLE, ("iotda", SECOND_SPACE), ("roma", ""))
    may = {name: access.may(person(plant), "connections", each) for name, each in plant.connections.items()}
    assert may == {"iotda": False, "roma": True, "enos": False}


@pytest.mark.parametrize("pairs", [(), (("roma", "gone"),)])
def test_places_that_are_not_there_cover_nothing(plant, both, pairs):
    narrow(plant, ROLE, *pairs)
    if pairs:
        plant.connections["roma"].delete()
    for path in ("/", f"/{GROUPS}/", "/operations/", "/audit/", "/connections/", "/jobs/"):
        answer = plant.browser(ROLE).get(path)
        assert (answer.status_code, "pumps" in answer.text) == (200, False), path
    assert plant.browser(ROLE).get(f"/{GROUPS}/{both.own.pk}/").status_code == 404


@pytest.mark.parametrize("verb", ["update", "delete"])
def test_an_object_that_the_platform_has_elsewhere_is_left_alone(plant, emulator, verb):
    """The mirror is old: what it knew in a space of theirs was made anew in another one."""
    row = plant.make(POLICIES)
    assert row.app_id != SECOND_SPACE
    type(row).objects.filter(pk=row.pk).update(app_id=SECOND_SPACE)
    row.refresh_from_db()
    narrow(plant, Role.MANAGER, ("iotda", SECOND_SPACE))
    data = plant.theirs(POLICIES) if verb == "update" else {}
    operation = plant.perform(POLICIES, verb, data, role=Role.MANAGER, target=row)
    assert (operation.state, operation.cause) == ("not_sent", "conflict")
    assert not received(emulator, POLICIES, verb)
