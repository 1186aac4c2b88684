"""HarmonyOS soft buses, rule by rule. Source: "Create ...", "Synchronize ...", 2026-01-29."""

import re
import time

import pytest

from tests.emulator.clouds import GROUP, IOTDA, SECOND_SPACE, SPACE

BUSES = f"{IOTDA}/harmony-soft-bus"


def test_the_printed_example_is_created(huawei):
    example = b"""{
  "bus_name" : "GroupA",
  "group_id" : "04ed32dc1b0025b52fe3c01a27c2b0a8",
  "app_id" : "jeQDJQZltU8iKgFFoW060F5SGZka"
}"""
    answer = huawei.post(BUSES, example)
    assert answer.status_code == 201
    bus = answer.json()
    assert re.fullmatch(r"[0-9a-f]{32}", bus.pop("bus_id"))
    assert bus == {
        "bus_name": "GroupA",
        "app_id": "jeQDJQZltU8iKgFFoW060F5SGZka",
        "group_id": "04ed32dc1b0025b52fe3c01a27c2b0a8",
        "status": "ToBeSynchronized",
    }
    assert answer.headers["Content-Type"].startswith("application/json")


@pytest.mark.parametrize(
    "name",
    ["a" * 64, "_?'#().,&%@!-", "Az09", "总线" * 32, "x"],
    ids=["64", "signs", "letters", "chinese", "one"],
)
def test_names_within_the_rule_are_accepted(huawei, name):
    answer = huawei.post(BUSES, {"bus_name": name, "group_id": GROUP})
    assert (answer.status_code, answer.json()["bus_name"]) == (201, name)


@pytest.mark.parametrize(
    "body",
    [
        {"bus_name": "a" * 65},
        {"bus_name": "with space"},
        {"bus_name": "semi;colon"},
        {"bus_name": "a\n"},
        {"bus_name": "slash/"},
        {"bus_name": "é"},
        {"bus_name": 5},
        {"bus_name": None},
        {"bus_name": ["a"]},
        {"bus_name": "a", "app_id": "a" * 37},
        {"bus_name": "a", "app_id": "a.b"},
        {"bus_name": "a", "app_id": None},
        {"bus_name": "a", "group_id": 1},
        {"bus_name": "a", "group_id": None},
        [],
        "text",
    ],
)
def test_bodies_outside_the_rules_are_400(huawei, body, emulator):
    answer = huawei.post(BUSES, body)
    assert answer.status_code == 400
    assert re.fullmatch(r"IOTDA\.\d{6}", answer.json()["error_code"])
    assert answer.json()["error_msg"]
    assert emulator.state()["iotda/soft-buses"]["count"] == 0


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b'{"bus_name": NaN}', b"\xff\xfe", b"[" * 100_000, b'{"bus_name": "a"} x', b"\xef\xbb\xbf{}"],
)
def test_bodies_that_are_no_json_are_400(huawei, body):
    answer = huawei.post(BUSES, body)
    assert (answer.status_code, answer.json()["error_code"]) == (400, "IOTDA.000008")


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/json;charset=latin-1", "application/x-www-form-urlencoded"]
)
def test_other_media_types_and_charsets_are_400(huawei, kind):
    assert huawei.post(BUSES, {"bus_name": "a"}, headers={"Content-Type": kind}).status_code == 400


@pytest.mark.parametrize("kind", ["application/json;charset=UTF-8", "application/json; charset=utf8"])
def test_the_media_type_may_name_its_charset(huawei, kind):
    assert huawei.post(BUSES, {"bus_name": "a"}, headers={"Content-Type": kind}).status_code == 201


def test_every_field_may_be_left_out(huawei):
    bus = huawei.post(BUSES, {}).json()
    assert bus["app_id"] == SPACE
    assert bus["bus_name"] == bus["bus_id"]
    assert bus["status"] == "ToBeSynchronized"


def test_of_a_key_given_twice_the_last_counts_and_unknown_members_are_ignored(huawei):
    answer = huawei.post(BUSES, b'{"bus_name": "first", "colour": null, "bus_name": "second"}')
    assert answer.json()["bus_name"] == "second"


def test_a_name_is_unique_in_its_space_only(huawei):
    assert huawei.post(BUSES, {"bus_name": "A"}).status_code == 201
    assert huawei.post(BUSES, {"bus_name": "A", "app_id": SPACE}).status_code == 400
    assert huawei.post(BUSES, {"bus_name": "A", "app_id": SECOND_SPACE}).status_code == 201
    assert huawei.post(BUSES, {"bus_name": "a"}).status_code == 201


def test_an_absent_group_is_400_and_an_absent_space_403(huawei):
    answer = huawei.post(BUSES, {"bus_name": "A", "group_id": "0" * 32})
    assert answer.status_code == 400
    answer = huawei.post(BUSES, {"bus_name": "A", "app_id": "noSuchSpace"})
    assert (answer.status_code, answer.json()["error_code"]) == (403, "IOTDA.001000")
    assert huawei.post(BUSES, {"bus_name": "A", "app_id": SECOND_SPACE, "group_id": GROUP}).status_code == 400


def test_a_user_without_rights_reads_but_neither_creates_nor_syncs(huawei, reader):
    bus_id = huawei.post(BUSES, {"bus_name": "A"}).json()["bus_id"]
    assert reader.get(f"{BUSES}/{bus_id}").status_code == 200
    for answer in (reader.post(BUSES, {"bus_name": "B"}), reader.post(f"{BUSES}/{bus_id}/sync")):
        assert (answer.status_code, answer.json()["error_code"]) == (403, "IOTDA.000022")


def test_a_sync_answers_at_once_with_nothing_and_ends_later(huawei, emulator):
    emulator.settings({"sync_s": 4})  # 0.2 s at the tests' twentyfold speed
    bus_id = huawei.post(BUSES, {"bus_name": "A", "group_id": GROUP}).json()["bus_id"]
    answer = huawei.post(f"{BUSES}/{bus_id}/sync")
    assert (answer.status_code, answer.content, answer.headers["Content-Length"]) == (200, b"", "0")
    seen = [huawei.get(f"{BUSES}/{bus_id}").json()["status"]]
    end = time.monotonic() + 10
    while seen[-1] != "Synchronized" and time.monotonic() < end:
        seen.append(huawei.get(f"{BUSES}/{bus_id}").json()["status"])
    assert seen[0] == "Synchronizing"
    assert seen[-1] == "Synchronized"
    assert set(seen) == {"Synchronizing", "Synchronized"}
    assert huawei.get(BUSES).json()["harmony_soft_buses"][0]["status"] == "Synchronized"


def test_a_sync_needs_no_body_and_no_content_type(huawei):
    bus_id = huawei.post(BUSES, {"bus_name": "A"}).json()["bus_id"]
    assert huawei.post(f"{BUSES}/{bus_id}/sync", headers={"Content-Type": None}).status_code == 200


@pytest.mark.parametrize("bus_id", ["0" * 32, "f" * 37, "not-hex", "%7Bbus_id%7D", "%00", "%ff"])
def test_an_absent_bus_is_404(huawei, bus_id):
    for answer in (huawei.post(f"{BUSES}/{bus_id}/sync"), huawei.get(f"{BUSES}/{bus_id}")):
        assert answer.status_code == 404
        assert re.fullmatch(r"IOTDA\.\d{6}", answer.json()["error_code"])


def test_lists_are_narrowed_by_group_and_space(huawei):
    huawei.post(BUSES, {"bus_name": "A", "group_id": GROUP})
    huawei.post(BUSES, {"bus_name": "B"})
    huawei.post(BUSES, {"bus_name": "C", "app_id": SECOND_SPACE})

    def names(**query):
        return [bus["bus_name"] for bus in huawei.get(BUSES, **query).json()["harmony_soft_buses"]]

    assert names() == ["C", "B", "A"]
    assert names(group_id=GROUP) == ["A"]
    assert names(app_id=SPACE) == ["B", "A"]
    assert huawei.get(BUSES, app_id="noSuchSpace").status_code == 403
