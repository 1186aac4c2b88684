"""Every fault that loses an answer, on every update and delete: what the client sees, and what was done."""

import time

import pytest
import requests

from tests.emulator.clouds import GROUP, IOTDA, OLDER_DEVICES, ORG, ROMA, device, policy, roma_group

GROUPS, BUSES, POLICIES = f"{IOTDA}/device-group", f"{IOTDA}/harmony-soft-bus", f"{IOTDA}/device-policies"
LOST = (requests.ConnectionError, requests.ReadTimeout, requests.exceptions.ChunkedEncodingError)
UNREADABLE = {"fault": "answer_after_commit", "status": 500, "body": {"error_code": "APIGW.0500"}}
AFTER = [
    {"fault": "timeout_after_commit", "seconds": 0.05},
    {"fault": "reset_mid_body"},
    {"fault": "invalid_json"},
    {"fault": "empty_200"},
    {"fault": "drip", "seconds": 0.05},
    UNREADABLE,
    {"fault": "late_commit", "seconds": 2},  # 0.1 s at twentyfold speed
]
BEFORE = [
    {"fault": "timeout_before_commit", "seconds": 0.05},
    {"fault": "reset"},
    {"fault": "html_502"},
    {"fault": "redirect"},
    {"fault": "answer", "status": 503},
]


@pytest.fixture
def changes(huawei, enos):
    """Name -> (call that makes the change, whether it is made)."""
    bus = f"{BUSES}/{huawei.post(BUSES, {'bus_name': 'A'}).json()['bus_id']}"
    group = f"{GROUPS}/{huawei.post(GROUPS, {'name': 'A'}).json()['group_id']}"
    rule = f"{POLICIES}/{huawei.post(POLICIES, policy()).json()['policy_id']}"
    roma = f"{ROMA}/{huawei.post(ROMA, roma_group()).json()['id']}"
    shown = f"{OLDER_DEVICES}?action=get&orgId={ORG}&assetId=DemoAst1"
    return {
        "PUT group": (lambda: huawei.put(group, {"name": "B"}), lambda: "B" in huawei.get(group).text),
        "DELETE group": (lambda: huawei.delete(group), lambda: huawei.get(group).status_code == 404),
        "PUT policy": (
            lambda: huawei.put(rule, {"policy_name": "changed"}),
            lambda: "changed" in huawei.get(rule).text,
        ),
        "DELETE policy": (lambda: huawei.delete(rule), lambda: huawei.get(rule).status_code == 404),
        "DELETE bus": (lambda: huawei.delete(bus), lambda: huawei.get(bus).status_code == 404),
        "PUT roma": (
            lambda: huawei.put(roma, {"name": "changed"}),
            lambda: "changed" in huawei.get(roma).text,
        ),
        "DELETE roma": (lambda: huawei.delete(roma), lambda: huawei.get(roma).status_code == 404),
        "update device": (
            lambda: enos.change("update", {"deviceDesc": "changed"}, assetId="DemoAst1"),
            lambda: "changed" in enos.send("GET", shown).text,
        ),
        "delete device": (
            lambda: enos.change("delete", assetId="DemoAst1"),
            lambda: enos.send("GET", shown).json()["code"] == 11404,
        ),
    }


NAMES = [
    "PUT group", "DELETE group", "PUT policy", "DELETE policy", "DELETE bus",
    "PUT roma", "DELETE roma", "update device", "delete device",
]  # fmt: skip
WRITES = r"/(device-group|harmony-soft-bus|device-policies|device-groups)/|/v2.1/devices"


def play(emulator, rule, call):
    """What the client gets: an answer, or None."""
    emulator.faults([{**rule, "match": {"path": WRITES}, "times": 1}])
    try:
        return call()
    except LOST:
        return None


@pytest.mark.parametrize("rule", AFTER, ids=lambda rule: rule["fault"])
@pytest.mark.parametrize("name", NAMES)
def test_the_change_is_made_though_the_answer_is_lost_or_wrong(changes, emulator, name, rule):
    call, is_made = changes[name]
    heard = play(emulator, rule, call)
    end = time.monotonic() + 10
    while not is_made() and rule["fault"] == "late_commit" and time.monotonic() < end:
        time.sleep(0.02)
    assert is_made()
    entry = next(entry for entry in reversed(emulator.requests()) if entry["fault"])
    assert entry["fault"] == rule["fault"]
    if rule["fault"] in ("timeout_after_commit", "reset_mid_body", "late_commit"):
        assert heard is None
    elif rule["fault"] == "drip":
        assert heard.status_code in (200, 204)
    elif rule["fault"] == "empty_200":
        assert (heard.status_code, heard.content) == (200, b"")
    elif rule["fault"] == "invalid_json":
        assert heard.status_code == 200
        with pytest.raises(ValueError, match="."):
            heard.json()
    else:
        assert (heard.status_code, heard.json()) == (500, {"error_code": "APIGW.0500"})


@pytest.mark.parametrize("rule", BEFORE, ids=lambda rule: rule["fault"])
@pytest.mark.parametrize("name", NAMES)
def test_the_change_is_not_made_when_the_fault_comes_first(changes, emulator, name, rule):
    call, is_made = changes[name]
    heard = play(emulator, rule, call)
    expected = {"html_502": 502, "redirect": 307, "answer": 503}.get(rule["fault"])
    assert (heard.status_code if heard is not None else None) == expected
    assert not is_made()


@pytest.mark.parametrize("name", NAMES)
def test_a_late_change_is_not_there_at_once(changes, emulator, name):
    call, is_made = changes[name]
    assert play(emulator, {"fault": "late_commit", "seconds": 6}, call) is None
    assert not is_made()


def test_a_reset_forgets_changes_that_were_still_to_come(changes, emulator, huawei):
    play(emulator, {"fault": "late_commit", "seconds": 4}, lambda: huawei.post(BUSES, {"bus_name": "late"}))
    emulator.reset()
    time.sleep(0.4)
    assert emulator.state()["iotda/soft-buses"]["names"] == []


def test_99500_may_follow_a_device_that_was_made(enos, emulator):
    enos.sign_in()
    body = {"code": 99500, "msg": "Internal Server Error", "requestId": "x", "data": None}
    emulator.faults([{"fault": "answer_after_commit", "status": 200, "body": body, "times": 1}])
    assert enos.create(device(deviceKey="lost-one")).json()["code"] == 99500
    assert "lost-one" in emulator.state()["enos/devices"]["names"]


def test_state_follows_updates_and_deletes(changes, emulator):
    for name, (call, _is_made) in changes.items():
        if not name.lower().startswith("delete"):
            assert call().ok
    state = emulator.state()
    assert state["iotda/device-groups"]["names"] == ["DemoGroup", "B"]
    assert state["iotda/policies"]["names"] == ["changed"]
    assert state["roma/device-groups"]["names"] == ["root", "changed"]
    for name, (call, _is_made) in changes.items():
        if name.lower().startswith("delete"):
            assert call().ok
    state = emulator.state()
    assert state["iotda/device-groups"] == {"count": 1, "ids": [GROUP], "names": ["DemoGroup"]}
    assert state["iotda/policies"] == state["iotda/soft-buses"] == {"count": 0, "ids": [], "names": []}
    assert state["roma/device-groups"]["ids"] == [10001]
    assert state["enos/devices"]["ids"] == ["DemoAst2"]
