"""Create, rename and delete of resource spaces, at the limits of their documents.

Source: "Create a Resource Space", 2024-10-23: "a maximum of 64 characters. Only letters, digits, underscores
(_), and hyphens (-)", and in the Chinese document Chinese characters. The user guide, "Resource Spaces",
2024-01-17: "You can create a maximum of 10 resource spaces", "The default resource space cannot be deleted",
"The resource space name must be unique under the account".
"""

import re

import pytest

from tests.emulator.clouds import GROUP, IOTDA, SECOND_SPACE, SPACE, TokenCaller, policy

APPS = f"{IOTDA}/apps"
POLICIES = f"{IOTDA}/device-policies"


@pytest.fixture
def made(huawei):
    """A space, as its create call answered it."""
    return huawei.post(APPS, {"app_name": "hall-2"}).json()


def code(answer):
    return answer.status_code, answer.json()["error_code"]


def names(huawei):
    return [space["app_name"] for space in huawei.get(APPS).json()["applications"]]


@pytest.mark.parametrize("name", ["a", "a" * 64, "车" * 64, "Az09_-"])
def test_a_space_is_created_listed_and_shown(huawei, name):
    answer = huawei.post(APPS, {"app_name": name})
    space = answer.json()
    assert answer.status_code == 201
    assert space["app_name"] == name
    assert space["default_app"] is False
    assert re.fullmatch(r"\d{8}T\d{6}Z", space["create_time"])
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,36}", space["app_id"])
    assert huawei.get(f"{APPS}/{space['app_id']}").json() == space
    assert names(huawei) == ["DefaultApp", "SecondApp", name]


@pytest.mark.parametrize("name", ["", "a" * 65, "车" * 65, "a b", "a.b", None, 5])
def test_a_name_outside_the_rules_is_refused(huawei, made, name):
    assert code(huawei.post(APPS, {"app_name": name})) == (400, "IOTDA.000006")
    assert code(huawei.put(f"{APPS}/{made['app_id']}", {"app_name": name})) == (400, "IOTDA.000006")
    assert names(huawei) == ["DefaultApp", "SecondApp", "hall-2"]


def test_a_space_without_a_name_is_refused(huawei):
    assert code(huawei.post(APPS, {})) == (400, "IOTDA.000006")


def test_names_are_unique_in_the_account(huawei, made):
    assert huawei.post(APPS, {"app_name": "hall-2"}).status_code == 400
    assert huawei.put(f"{APPS}/{made['app_id']}", {"app_name": "SecondApp"}).status_code == 400
    assert huawei.put(f"{APPS}/{made['app_id']}", {"app_name": "hall-2"}).status_code == 200


def test_ten_spaces_and_no_more(huawei):
    for number in range(3, 11):
        assert huawei.post(APPS, {"app_name": f"space-{number}"}).status_code == 201
    assert huawei.post(APPS, {"app_name": "space-11"}).status_code == 403
    assert len(names(huawei)) == 10


def test_a_new_space_has_its_default_policy_which_can_be_deleted_and_is_not_counted(huawei, emulator, made):
    emulator.settings({"limits": {"policies": 1}})
    (default,) = huawei.get(POLICIES, app_id=made["app_id"]).json()["policies"]
    assert default["policy_name"] == "system_default_policy"
    assert huawei.post(POLICIES, policy(app_id=made["app_id"])).status_code == 201
    assert huawei.post(POLICIES, policy(app_id=made["app_id"])).status_code == 403
    assert huawei.delete(f"{POLICIES}/{default['policy_id']}").status_code == 204
    assert len(huawei.get(POLICIES, app_id=made["app_id"]).json()["policies"]) == 1


@pytest.mark.parametrize("app_id", [SPACE, SECOND_SPACE])
def test_every_space_can_be_renamed(huawei, app_id):
    before = huawei.get(f"{APPS}/{app_id}").json()
    answer = huawei.put(f"{APPS}/{app_id}", {"app_name": "renamed"})
    assert (answer.status_code, answer.json()) == (200, {**before, "app_name": "renamed"})
    assert huawei.put(f"{APPS}/{app_id}", {}).json()["app_name"] == "renamed"


def test_the_basic_edition_cannot_rename(huawei, emulator, made):
    emulator.settings({"edition": "basic"})
    assert huawei.put(f"{APPS}/{made['app_id']}", {"app_name": "renamed"}).status_code == 403
    assert huawei.post(APPS, {"app_name": "hall-3"}).status_code == 201
    assert names(huawei) == ["DefaultApp", "SecondApp", "hall-2", "hall-3"]


def test_an_empty_space_is_deleted_with_its_default_policy(huawei, made):
    count = huawei.get(POLICIES).json()["page"]["count"]
    answer = huawei.delete(f"{APPS}/{made['app_id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert names(huawei) == ["DefaultApp", "SecondApp"]
    assert huawei.get(POLICIES).json()["page"]["count"] == count - 1


@pytest.mark.parametrize("call", ["get", "put", "delete"])
def test_a_space_that_is_not_there_is_403(huawei, made, call):
    huawei.delete(f"{APPS}/{made['app_id']}")
    body = ({"app_name": "renamed"},) if call == "put" else ()
    assert code(getattr(huawei, call)(f"{APPS}/{made['app_id']}", *body)) == (403, "IOTDA.001000")


def test_the_default_space_is_not_deleted(huawei, made):
    assert huawei.delete(f"{APPS}/{SPACE}").status_code == 403
    assert "DefaultApp" in names(huawei)


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("device-group", {"name": "Pumps"}),
        ("harmony-soft-bus", {"bus_name": "BusA"}),
        ("device-policies", policy()),
    ],
)
def test_a_space_that_holds_something_is_not_deleted(huawei, made, what, body):
    huawei.post(f"{IOTDA}/{what}", {**body, "app_id": made["app_id"]})
    answer = huawei.delete(f"{APPS}/{made['app_id']}")
    assert answer.status_code == 403
    assert "hall-2" in names(huawei)


def test_who_may_not_write_changes_no_space(emulator):
    reader = TokenCaller(emulator.url, user="demo-reader", password="Demo-pass-2")
    for answer in (
        reader.post(APPS, {"app_name": "hall-2"}),
        reader.put(f"{APPS}/{SECOND_SPACE}", {"app_name": "renamed"}),
        reader.delete(f"{APPS}/{SECOND_SPACE}"),
    ):
        assert code(answer) == (403, "IOTDA.000022")
    assert names(reader) == ["DefaultApp", "SecondApp"]


def test_a_renamed_space_keeps_what_is_in_it(huawei):
    huawei.put(f"{APPS}/{SPACE}", {"app_name": "renamed"})
    groups = huawei.get(f"{IOTDA}/device-group", app_id=SPACE).json()["device_groups"]
    assert [group["group_id"] for group in groups] == [GROUP]
