"""`manage.py emulator_fill` makes many objects that the emulated clouds then serve like all others.

Would catch: a fill that breaks a rule of its platform, one that cannot be repeated or disturbs a running
emulator, searches among many that find too little.
"""

import pytest

from tests.emulator.clouds import DEVICES, IOTDA, ORG, ROMA, ROMA_APP, EnosCaller, TokenCaller
from tests.support.filled import filled
from tests.support.processes import run_manage


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    return tmp_path_factory.mktemp("filled")


@pytest.fixture(scope="module")
def crowd(directory):
    emulator = filled(directory, devices=250, groups=250, policies=60, buses=60)
    yield emulator
    emulator.stop()


def counts(emulator):
    state = emulator.state()
    names = (
        "enos/devices",
        "iotda/device-groups",
        "roma/device-groups",
        "iotda/policies",
        "iotda/soft-buses",
    )
    return [state[name]["count"] for name in names]


def test_a_device_is_enabled_to_the_status_that_it_had(crowd):
    enos = EnosCaller(crowd.url)
    before = search(enos, "status in ('online', 'offline')")["data"][:8]
    assert {each["status"] for each in before} == {"online", "offline"}
    for each in before:
        for action, shown in (("disable", "disabled"), ("enable", each["status"])):
            assert enos.change(action, assetId=each["assetId"]).json()["code"] == 0
            (now,) = search(enos, f"assetId='{each['assetId']}'")["data"]
            assert now["status"] == shown
        assert enos.change("enable", assetId=each["assetId"]).json()["msg"] == f"Device is {each['status']}"


def search(enos, expression, number=1):
    body = {"expression": expression, "pagination": {"pageNo": number, "pageSize": 50}}
    return enos.post(f"{DEVICES}?action=search&orgId={ORG}", body).json()


def test_it_adds_to_what_is_there_also_while_the_emulator_runs(crowd, directory):
    assert counts(crowd) == [252, 251, 251, 60, 60]
    more = ["--devices", "10", "--groups", "10", "--policies", "10", "--buses", "300"]
    done = run_manage("emulator_fill", "--data", directory / "data", *more)
    assert (done.returncode, done.stderr) == (0, "")
    assert counts(crowd) == [262, 261, 261, 70, 360]


def test_groups_nest_in_both_clouds(crowd):
    huawei = TokenCaller(crowd.url)
    groups = huawei.get(f"{IOTDA}/device-group", limit=50).json()["device_groups"]
    parents = {group["super_group_id"] for group in groups}
    assert all(huawei.get(f"{IOTDA}/device-group/{parent}").status_code == 200 for parent in parents - {None})
    (root,) = huawei.get(ROMA, app_id=ROMA_APP).json()["items"]
    assert root["children"][0]["children"][0]["children"]


def test_a_search_finds_one_among_many_by_its_name(crowd):
    enos = EnosCaller(crowd.url)
    device = search(enos, "", 3)["data"][7]
    name = device["deviceName"]["defaultValue"]
    for pattern in (name, name.lower(), f"%{name[3:]}"):
        found = search(enos, f'deviceName like "{pattern}"')
        assert [each["assetId"] for each in found["data"]] == [device["assetId"]]
        assert found["pagination"]["totalSize"] == 1


def test_pages_of_a_search_that_is_judged_row_by_row_fit_together(crowd):
    enos = EnosCaller(crowd.url)
    pages = [search(enos, 'deviceName like "Pump" and status = "online"', number) for number in (1, 2)]
    everything = [device for number in range(1, 8) for device in search(enos, "", number)["data"]]
    wanted = [
        device["assetId"]
        for device in everything
        if "Pump" in device["deviceName"]["defaultValue"] and device["status"] == "online"
    ]
    assert [device["assetId"] for page in pages for device in page["data"]] == wanted
    assert {page["pagination"]["totalSize"] for page in pages} == {len(wanted)}
