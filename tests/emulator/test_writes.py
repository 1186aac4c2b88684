"""The log of writes. Would catch: a write that names no request or the wrong one, or the wrong order."""

import time

from tests.emulator.clouds import IOTDA, SECOND_SPACE, SPACE, policy

BUSES, GROUPS = f"{IOTDA}/harmony-soft-bus", f"{IOTDA}/device-group"


def told(emulator):
    return [(each["request"], each["resource"], each["id"], each["change"]) for each in emulator.writes()]


def test_each_write_names_its_request_and_nothing_else_is_listed(huawei, emulator):
    assert emulator.writes() == []
    group = huawei.post(GROUPS, {"name": "A"}).json()["group_id"]
    huawei.post(GROUPS, {"name": "A"})  # refused: the name is taken
    huawei.put(f"{GROUPS}/{group}", {"name": "B"})
    huawei.get(GROUPS)
    huawei.delete(f"{GROUPS}/{group}")
    numbers = [each["number"] for each in emulator.requests() if "/device-group" in each["path"]]
    made, _refused, changed, _read, removed = numbers
    slug = "iotda/device-groups"
    assert told(emulator) == [
        (made, slug, group, "made"),
        (changed, slug, group, "changed"),
        (removed, slug, group, "removed"),
    ]
    assert [each["number"] for each in emulator.writes(since=1)] == [2, 3]
    assert abs(emulator.writes()[0]["time"] - time.time()) < 60


def test_a_table_with_two_names_in_the_state_is_told_once(huawei, emulator):
    made = huawei.post(f"{IOTDA}/device-policies", policy()).json()["policy_id"]
    assert [(each["resource"], each["id"]) for each in emulator.writes()] == [("iotda/policies", made)]


def test_what_is_done_without_an_answer_is_told_as_well(huawei, enos, emulator):
    huawei.get(BUSES)
    for fault, name in (("late_commit", "late"), ("reset_mid_body", "lost")):
        emulator.faults([{"match": {"method": "POST"}, "fault": fault, "times": 1, "seconds": 2}])
        try:
            huawei.post(BUSES, {"bus_name": name})
        except OSError:
            continue
    lost = emulator.requests()[-1]["number"]
    assert [each["request"] for each in emulator.writes()] == [lost]
    end = time.monotonic() + 10
    while len(emulator.writes()) < 2 and time.monotonic() < end:
        time.sleep(0.02)
    assert [each["request"] for each in emulator.writes()] == [lost, lost - 1]


def test_what_changes_between_pages_counts_for_the_request_that_read_them(huawei, emulator):
    for number in range(3):
        huawei.post(BUSES, {"bus_name": f"bus_{number}"})
    since = emulator.writes()[-1]["number"]
    emulator.faults([{"match": {}, "fault": "change_between_pages"}])
    huawei.get(BUSES, limit=1)
    reading = emulator.requests()[-1]["number"]
    assert [(each["request"], each["change"]) for each in emulator.writes(since)] == [(reading, "made")]


def test_products_of_one_id_are_told_apart_by_their_space(huawei, emulator):
    service = {"service_id": "Meter", "service_type": "Meter"}
    body = {"product_id": "twin", "name": "Twin", "device_type": "Meter", "protocol_type": "MQTT"}
    body |= {"data_format": "json", "service_capabilities": [service]}
    for space in (SPACE, SECOND_SPACE):
        huawei.post(f"{IOTDA}/products", {**body, "app_id": space})
    huawei.delete(f"{IOTDA}/products/twin?app_id={SECOND_SPACE}")
    seen = [(each["id"], each["scope"], each["change"]) for each in emulator.writes()]
    places = [("twin", SPACE, "made"), ("twin", SECOND_SPACE, "made"), ("twin", SECOND_SPACE, "removed")]
    assert seen == places
