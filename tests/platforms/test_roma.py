"""ROMA Connect over real HTTP: the tree, exact ids, every way to sign in."""

import json

import pytest

from portal.errors import Missing, Rejected, SignInFailed, Unclear
from portal.platforms.roma.client import ROMA
from portal.platforms.signing.huawei import SdkHmac
from tests.platforms.conftest import KEYS, PROJECT, ROMA_APP, token_auth
from tests.platforms.faulty import http

GROUP = {"parent_id": "10001", "name": "device_group", "description": "device group", "app_id": ROMA_APP}


@pytest.fixture
def plain(server):
    return ROMA(server.url, SdkHmac(*KEYS), project_id=PROJECT, instance_id="i")


def test_a_group_is_created_as_printed(emulator, roma):
    group = roma.device_groups.create(GROUP)
    last = emulator.requests()[-1]
    assert last["path"] == f"/v2/{PROJECT}/link/instances/demo-roma-instance/device-groups"
    assert last["body"] == (
        '{"parent_id":10001,"name":"device_group","description":"device group",'
        '"app_id":"ef3845be-091a-4ab5-869a-9de0025e2165"}'
    )
    assert (group["parent_id"], group["name"]) == ("10001", "device_group")
    assert group["permissions"] == ["read", "access", "delete", "modify"]
    shown = roma.device_groups.get(group["id"])
    assert {key: shown[key] for key in group} == group


def test_the_token_of_iam_is_taken_too(emulator):
    roma = ROMA(emulator.url, token_auth(emulator.url), project_id=PROJECT, instance_id="demo-roma-instance")
    assert roma.device_groups.create(GROUP)["name"] == "device_group"


def test_ids_beyond_what_a_float_holds_stay_exact(emulator, roma):
    emulator.settings({"roma_first_id": 99999999999989999})
    parent = roma.device_groups.create(GROUP)
    child = roma.device_groups.create({**GROUP, "parent_id": parent["id"], "name": "child"})
    assert parent["id"] == "99999999999989999"
    assert child["parent_id"] == "99999999999989999"
    assert '"parent_id":99999999999989999,' in emulator.requests()[-1]["body"]
    assert {group["id"] for group in roma.device_groups.list().items} == {"10001", parent["id"], child["id"]}


def test_the_tree_is_listed_parents_first_with_its_depth(roma):
    parent = roma.device_groups.create(GROUP)
    roma.device_groups.create({**GROUP, "parent_id": parent["id"], "name": "child"})
    roma.device_groups.create({**GROUP, "parent_id": 0, "name": "another-top"})
    listing = roma.device_groups.list(app_id=ROMA_APP)
    assert [(group["name"], group["depth"]) for group in listing.items] == [
        ("root", 0),
        ("device_group", 1),
        ("child", 2),
        ("another-top", 0),
    ]
    assert {group["app_id"] for group in listing.items} == {ROMA_APP}
    assert (listing.total, listing.complete) == (4, True)
    assert len(roma.device_groups.list(limit=2).items) == 2
    assert not roma.device_groups.list(limit=2).complete


def test_a_deep_tree_is_listed(roma, server, plain):
    tree = {"id": 100, "name": "n", "parent_id": 99, "children": []}
    for number in range(99, 0, -1):
        tree = {"id": number, "name": "n", "parent_id": number - 1, "children": [tree]}
    server.behave = http(200, json.dumps({"size": 1, "items": [tree]}))
    listing = plain.device_groups.list(app_id="a")
    assert [group["depth"] for group in listing.items] == list(range(100))


def test_applications_are_read_page_by_page(server, plain):
    pages = [[{"id": "a", "name": "A"}, {"id": "b", "name": "B"}], [{"id": "c", "name": "C"}]]
    server.behave = lambda connection, got: http(200, json.dumps({"total": 3, "apps": pages.pop(0)}))
    listing = plain.apps.list()
    assert [app["id"] for app in listing.items] == ["a", "b", "c"]
    assert "offset=2" in server.got[1].target


def test_a_page_shown_twice_does_not_make_a_list_whole(server, plain):
    server.behave = http(200, '{"total": 3, "apps": [{"id": "a"}]}')
    listing = plain.apps.list()
    assert ([app["id"] for app in listing.items], listing.complete) == (["a"], False)


def test_a_group_that_does_not_exist_is_missing(roma):
    with pytest.raises(Missing) as caught:
        roma.device_groups.get("4711")
    assert caught.value.code == "ROMA.00110006"
    assert caught.value.request_id


def test_an_unknown_instance_is_a_plain_refusal_although_it_is_a_500(emulator):
    roma = ROMA(emulator.url, SdkHmac(*KEYS), project_id=PROJECT, instance_id="no-such-instance")
    with pytest.raises(Rejected) as caught:
        roma.device_groups.create(GROUP)
    assert (caught.value.status, caught.value.code) == (500, "ROMA.00110002")


@pytest.mark.parametrize("code", ["ROMA.1000", "ROMA.1002"])
def test_a_token_refused_with_400_is_a_sign_in(server, plain, code):
    server.behave = http(400, json.dumps({"error_code": code, "error_msg": "token"}))
    with pytest.raises(SignInFailed):
        plain.device_groups.create(GROUP)


@pytest.mark.parametrize("id", ["7.0", "007", " 7", "٧", 7.0, 1e20, True, None, {}])
def test_an_id_that_lost_its_exactness_is_unclear(server, plain, id):
    server.behave = http(200, json.dumps({"id": id, "name": "device_group", "parent_id": 0}))
    with pytest.raises(Unclear):
        plain.device_groups.create(GROUP)


@pytest.mark.parametrize(
    "body", ["", "[]", "{}", '{"items": null}', '{"items": [{"name": "x"}]}', '{"items": [1]}']
)
def test_a_broken_tree_is_a_failure_and_not_empty(server, plain, body):
    server.behave = http(200, body)
    with pytest.raises(Unclear):
        plain.device_groups.list(app_id="a")
