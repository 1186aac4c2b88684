"""Several devices in one call: each is an operation of its own.

Would catch: a device that is called created because the call was answered with code 0, a device whose answer
was lost and that is sent again, a device that two operations claim, a line that goes missing.
"""

import uuid

import pytest
from django.db import DatabaseError

from portal.enos import batch
from portal.enos.models import Device
from portal.kinds.registry import KINDS
from portal.operations import deciding, life, many, settling
from portal.operations.change import Change
from portal.operations.models import Operation, State
from portal.record.models import Entry
from portal.teams.models import Role
from tests.resources.forms import post, read
from tests.support.account import PRODUCT
from tests.support.plant import ids, make_plant, received

DEVICES, ADDRESS = "enos/devices", "/enos/devices/new/several/"
BATCH = {"method": "POST", "path": "/devices$", "query": "action=batchCreate"}
LOOK_UP = {"method": "GET", "path": "/devices$", "query": "deviceKey="}
PUMP_1 = {
    "product_key": PRODUCT,
    "device_key": "pump-1",
    "device_name": {"defaultValue": "Pump 1"},
    "timezone": "+08:00",
}


def typed(plant, *lines, **more):
    return {
        "connection": str(plant.connections["enos"].pk),
        "operation_key": str(uuid.uuid4()),
        "product_key": PRODUCT,
        "timezone": "+08:00",
        "devices": "\r\n".join(lines),
        **more,
    }


def ask(plant, *lines, role=Role.OPERATOR, **more):
    """(the response, the operations in the order of the lines)"""
    data = typed(plant, *lines, **more)
    response = post(plant.browser(role), ADDRESS, data)
    asked = Operation.objects.filter(key__startswith=data["operation_key"])
    return response, sorted(asked, key=lambda each: int(each.key.rpartition(".")[2]))


def sent(emulator, since=0):
    return [each for each in emulator.requests(since) if "action=batchCreate" in each["query"]]


def states(operations):
    for each in operations:
        each.refresh_from_db()
    return [each.state for each in operations]


def stages(operation):
    entries = Entry.objects.filter(operation=str(operation.pk)).order_by("seq")
    return list(entries.values_list("stage", flat=True))


def test_each_line_becomes_a_device_an_operation_and_a_row(plant, emulator):
    response, operations = ask(plant, "pump-1, Pump 1", "", " pump-2 ,Pump, the second ", "pump-3, 泵")
    assert response.status_code == 302
    assert states(operations) == [State.DONE] * 3
    assert len(sent(emulator)) == 1
    rows = {row.device_key: row for row in Device.objects.all()}
    names = {"pump-1": "Pump 1", "pump-2": "Pump, the second", "pump-3": "泵"}
    assert {key: row.name for key, row in rows.items()} == names
    for key, each in zip(names, operations, strict=True):
        assert each.made == each.place_of(rows[key].remote_id), "each claims its own device"
        assert each.verb_name == "create"
        assert each.object_id in ids(emulator, DEVICES)
        assert stages(each) == ["intent", "outcome"]
        assert "batchCreate" in each.request["url"], "the record holds what was really sent"
    page = plant.browser(Role.VIEWER).get(response["Location"]).text
    assert "3 operations" in page
    assert page.count('data-operation-state="done"') == 3
    assert 'id="again"' not in page


def test_each_device_stands_under_the_ticket_of_the_batch(plant, emulator):
    kind = KINDS[DEVICES]
    lines = [{**PUMP_1, "device_key": key} for key in ("pump-1", "pump-2")]
    change = Change(
        kind,
        kind.batch,
        plant.connection(kind),
        data={kind.batch.targets: lines},
        reason="hall 2",
        ticket="CHG-1042",
    )
    operations = many.perform_many(change, actor=plant.people[Role.OPERATOR], key="k")
    assert [(each.state, each.reason, each.ticket) for each in operations] == [
        ("done", "hall 2", "CHG-1042")
    ] * 2
    assert set(Entry.objects.values_list("reason", "ticket")) == {("hall 2", "CHG-1042")}


def test_each_is_looked_up_before_by_its_own_key(plant, emulator):
    before = len(emulator.requests())
    ask(plant, "pump-1, Pump 1", "pump-2, Pump 2")
    calls = [each["query"] for each in emulator.requests(before) if "deviceKey=" in each["query"]]
    assert ["deviceKey=pump-1" in each for each in calls] == [True, False]
    assert ["deviceKey=pump-2" in each for each in calls] == [False, True]


def test_what_is_refused_keeps_its_reason_and_is_asked_for_again_alone(plant, emulator):
    plant.made_in_the_console(DEVICES, {**plant.data(DEVICES), "device_key": "pump-2"})
    response, operations = ask(plant, "pump-1, Pump 1", "pump-2, Pump 2", "pump-3, Pump 3")
    assert states(operations) == [State.DONE, State.REJECTED, State.DONE]
    # "11702 DeviceKey existed": "already exists" in a batch, whose items have the codes 0 and -1 alone
    assert (operations[1].platform_code, operations[1].platform_message) == ("-1", "DeviceKey already exists")
    browser = plant.browser()
    page = browser.get(response["Location"]).text
    assert "DeviceKey already exists" in page

    again = browser.get(f"{ADDRESS}?again={operations[0].key.rpartition('.')[0]}")

    assert "Try again what was not created" in page
    form = read(again)
    assert form.fields["devices"] == ["pump-2, Pump 2"]
    assert form.fields["product_key"] == [PRODUCT]
    assert len(sent(emulator)) == 1, "opening the form sends nothing"


@pytest.mark.parametrize("fault", ["reset_mid_body", "reset"])
def test_a_lost_answer_is_settled_for_each_device_and_never_sent_again(plant, emulator, fault, settings):
    """`reset` comes before the platform does anything, `reset_mid_body` after it has."""
    emulator.faults([{"match": BATCH, "fault": fault}])
    _response, operations = ask(plant, "pump-1, Pump 1", "pump-2, Pump 2")
    assert states(operations) == [State.IN_DOUBT] * 2
    emulator.faults([])
    settings.SETTLE_SECONDS = 0
    for _look in range(settling.MISSES):
        Operation.objects.filter(state=State.IN_DOUBT).update(next_look_at="2020-01-01T00:00:00Z")
        settling.settle_due()
    expected = State.FOUND if fault == "reset_mid_body" else State.ABSENT
    assert states(operations) == [expected] * 2
    assert len(sent(emulator)) == 1
    assert [each.object_id in ids(emulator, DEVICES) for each in operations] == [expected == State.FOUND] * 2


def test_what_only_some_of_the_devices_show_is_told_apart(plant, emulator):
    answer = {"code": 99500, "msg": "Internal Server Error", "requestId": "r", "data": None}
    emulator.faults([{"match": BATCH, "fault": "answer", "status": 200, "body": answer}])
    _response, operations = ask(plant, "pump-1, Pump 1", "pump-2, Pump 2", "pump-3, Pump 3")
    emulator.faults([])
    plant.made_in_the_console(DEVICES, PUMP_1)
    other = {"device_key": "pump-2", "device_name": {"defaultValue": "Somebody else's"}}
    plant.made_in_the_console(DEVICES, {**PUMP_1, **other})
    settling.settle_due()
    assert states(operations) == [State.FOUND, State.NEEDS_HUMAN, State.IN_DOUBT]
    assert [bool(each.made) for each in operations] == [True, False, False]


def test_a_device_that_was_there_before_is_never_claimed(plant, emulator):
    plant.made_in_the_console(
        DEVICES,
        {
            "product_key": PRODUCT,
            "device_key": "pump-1",
            "device_name": {"defaultValue": "Pump 1"},
            "timezone": "+08:00",
        },
    )
    emulator.faults([{"match": BATCH, "fault": "reset"}])
    _response, operations = ask(plant, "pump-1, Pump 1")
    emulator.faults([])
    settling.settle_due()
    assert states(operations) == [State.NEEDS_HUMAN]
    assert operations[0].made is None


def test_a_single_create_and_a_line_do_not_both_claim_a_device(plant, emulator):
    emulator.faults([{"match": {"method": "POST", "query": "action=create"}, "fault": "reset"}])
    single = plant.perform(DEVICES, data=PUMP_1)
    assert single.state == State.IN_DOUBT
    emulator.faults([])
    _response, (line,) = ask(plant, "pump-1, Pump 1")
    assert line.state == State.DONE
    settling.settle_due()
    single.refresh_from_db()
    assert (line.made is not None, single.made) == (True, None)
    assert single.state != State.FOUND


OK = {"code": 0, "msg": "OK", "data": {"assetId": "a1", "productKey": PRODUCT, "deviceKey": "pump-1"}}
OTHER = {"code": 0, "msg": "OK", "data": {"assetId": "a2", "productKey": PRODUCT, "deviceKey": "pump-2"}}
NO = {"code": -1, "msg": "DeviceKey already exists", "data": None}
DONE, REFUSED, DOUBT = State.DONE, State.REJECTED, State.IN_DOUBT


@pytest.mark.parametrize(
    ("items", "more", "ends"),
    [
        ([OK, OTHER], {}, [DONE, DONE]),
        ([OTHER, OK], {}, [DONE, DONE]),
        ([OK, NO], {}, [DONE, REFUSED]),
        ([NO, OTHER], {}, [REFUSED, DONE]),
        ([NO, OK], {}, [DONE, DOUBT]),  # the answer keeps no order: whom does the refusal mean?
        ([NO, NO], {}, [REFUSED, REFUSED]),
        ([OK], {}, [DOUBT, DOUBT]),
        ([OK, OK], {}, [DOUBT, DOUBT]),
        ([OK, {**OTHER, "data": None}], {}, [DONE, DOUBT]),
        ([OK, {**OTHER, "code": None}], {}, [DONE, DOUBT]),
        ([OK, {**OTHER, "code": True}], {}, [DONE, DOUBT]),
        ([OK, {"code": 99500, "msg": "Internal Server Error"}], {}, [DONE, DOUBT]),
        ([OK, {**OTHER, "data": {**OTHER["data"], "deviceKey": "other"}}], {}, [DOUBT, DOUBT]),
        ([OK, OTHER], {"successSize": 1}, [DOUBT, DOUBT]),
        ([OK, OTHER], {"totalSize": 3}, [DOUBT, DOUBT]),
        ([OK, "x"], {}, [DOUBT, DOUBT]),
        (None, {}, [DOUBT, DOUBT]),
    ],
)
def test_only_what_the_answer_says_of_a_device_counts(plant, emulator, items, more, ends):
    """ "Batch: top-level code 0 can hide failed items (-1)." """
    done = sum(isinstance(each, dict) and each["code"] == 0 for each in items or ())
    sizes = {"successSize": done, "totalSize": 2, **more}
    body = {"code": 0, "msg": "OK", "requestId": "r", "data": items, **sizes}
    emulator.faults([{"match": BATCH, "fault": "answer", "status": 200, "body": body}])
    _response, operations = ask(plant, "pump-1, Pump 1", "pump-2, Pump 2")
    assert states(operations) == ends


def test_when_the_platform_refuses_the_call_all_are_refused(plant, emulator):
    answer = {"code": 99403, "msg": "Denied resource", "requestId": "r", "data": None}
    emulator.faults([{"match": BATCH, "fault": "answer", "status": 200, "body": answer}])
    _response, operations = ask(plant, "pump-1, Pump 1", "pump-2, Pump 2")
    assert states(operations) == [State.REJECTED] * 2
    assert {each.platform_code for each in operations} == {"99403"}
    assert {each.permission for each in operations} == {KINDS[DEVICES].verb("create").permission}


def test_if_one_cannot_be_looked_up_nothing_is_sent(plant, emulator):
    match = {**LOOK_UP, "query": "deviceKey=pump-2"}
    emulator.faults([{"match": match, "fault": "answer", "status": 503, "body": ""}])
    response, operations = ask(plant, "pump-1, Pump 1", "pump-2, Pump 2", "pump-3, Pump 3")
    assert states(operations) == [State.NOT_SENT] * 3
    assert sent(emulator) == []
    page = plant.browser().get(response["Location"]).text
    assert "was to be sent together with" in page
    assert 'id="again"' in page


def test_if_one_is_cancelled_at_the_last_moment_nothing_is_sent(plant, emulator, monkeypatch):
    marked = many.marked

    def cancelled(operation):
        if operation.key.endswith(".1"):
            person = plant.people[Role.OPERATOR]
            assert deciding.cancel(Operation.objects.get(pk=operation.pk), actor=person)
        return marked(operation)

    monkeypatch.setattr(many, "marked", cancelled)
    _response, operations = ask(plant, "pump-1, Pump 1", "pump-2, Pump 2", "pump-3, Pump 3")
    assert states(operations) == [State.NOT_SENT, State.CANCELLED, State.NOT_SENT]
    assert sent(emulator) == []


def test_the_same_press_twice_is_one_batch_and_another_content_is_a_conflict(plant, emulator):
    data = typed(plant, "pump-1, Pump 1", "pump-2, Pump 2")
    browser = plant.browser()
    first = post(browser, ADDRESS, data)
    second = post(browser, ADDRESS, data)
    assert first["Location"] == second["Location"]
    assert len(sent(emulator)) == 1
    for changed in ("pump-1, Pump 1", "pump-1, Pump 1\npump-2, Pump 2\npump-3, Pump 3", "pump-9, Pump 9"):
        other = post(browser, ADDRESS, {**data, "devices": changed})
        assert other.status_code == 409
        assert read(other).fields["devices"] == [changed]
    assert (len(sent(emulator)), Operation.objects.count()) == (1, 2)


def test_a_record_that_cannot_be_written_means_that_nothing_is_sent(plant, emulator, monkeypatch):
    def broken(*lines):
        raise DatabaseError("the disk is full")

    monkeypatch.setattr(life, "append", broken)
    response, operations = ask(plant, "pump-1, Pump 1", "pump-2, Pump 2")
    assert response.status_code == 503
    assert (operations, sent(emulator)) == ([], [])
    assert read(response).fields["devices"][0].startswith("pump-1, Pump 1")


def test_a_process_that_dies_in_between_loses_and_repeats_nothing(plant, emulator, monkeypatch):
    """It dies when it has recorded the end of the first device."""
    conclude, ended = many.conclude, []

    def dies(operation, *said, **more):
        if ended:
            raise KeyboardInterrupt
        ended.append(operation)
        return conclude(operation, *said, **more)

    monkeypatch.setattr(many, "conclude", dies)
    with pytest.raises(KeyboardInterrupt):
        ask(plant, "pump-1, Pump 1", "pump-2, Pump 2")
    monkeypatch.undo()
    operations = sorted(Operation.objects.all(), key=lambda each: each.key)
    assert states(operations) == [State.DONE, State.SENDING]
    Operation.objects.update(lease_until="2020-01-01T00:00:00Z")
    assert settling.sweep() == 1
    settling.settle_due()
    assert states(operations) == [State.DONE, State.FOUND]
    assert len(sent(emulator)) == 1


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["pump-1"], "Line 1: needs a key, a comma and a name"),
        (["pump-1, Pump 1", "", ", Pump"], "Line 3: needs a key"),
        (["pump-1, A", "pump-1, B"], "Line 2: has the same key as line 1"),
        # "4–64 chars; 2.4/3.0: letters, digits, `-` `_` `.` only"
        (["abc, A"], "Line 1, the key: needs at least 4 characters, but has 3"),
        (["a" * 65 + ", A"], "Line 1, the key: can have at most 64 characters, but has 65"),
        (["pump:1, A"], "Line 1, the key: can contain only letters, digits and ._-"),
        (["pump-1, " + "n" * 65], "Line 1, the name: can have at most 64 characters, but has 65"),
        ([f"pump-{n}, P" for n in range(batch.LINES_MAX + 1)], "There are 51 devices. Up to 50"),
        ([], "required"),
    ],
)
def test_a_line_that_breaks_a_rule_is_named_and_nothing_is_sent(plant, emulator, lines, words):
    response, operations = ask(plant, *lines)
    page = read(response)
    assert response.status_code == 422
    assert words in page.errors["devices"]
    assert page.fields["devices"] == ["\n".join(lines)]
    assert (operations, sent(emulator)) == ([], [])


def test_the_longest_batch_and_the_longest_words_are_created(plant, emulator):
    lines = ["a" * 64 + ", " + "n" * 64, "abcd, n", *(f"pump-{n}, P" for n in range(batch.LINES_MAX - 2))]
    response, operations = ask(plant, *lines)
    assert states(operations) == [State.DONE] * batch.LINES_MAX
    assert "50 operations" in plant.browser().get(response["Location"]).text


def test_a_product_whose_devices_need_attributes_is_refused_here(plant, monkeypatch):
    monkeypatch.setattr(batch.thing_models, "known", lambda *_: {"serial": {"isRequired": True}})
    response, operations = ask(plant, "pump-1, Pump 1")
    assert response.status_code == 422
    assert "need attributes (serial)" in read(response).errors["product_key"]
    assert operations == []


def test_who_may_not_create_is_refused_and_recorded(plant, emulator):
    response, operations = ask(plant, "pump-1, Pump 1", role=Role.VIEWER)
    assert (response.status_code, operations, sent(emulator)) == (403, [], [])
    assert Entry.objects.filter(outcome="denied", kind=DEVICES).count() == 1
    assert plant.browser(Role.VIEWER).get(ADDRESS).status_code == 403


def test_the_preview_shows_the_one_call(plant, emulator):
    response, operations = ask(plant, "pump-1, Pump 1", "pump-2, Pump 2", preview="1")
    assert "action=batchCreate" in response.text
    assert "pump-2" in response.text.partition('id="preview"')[2]
    assert (operations, sent(emulator)) == ([], [])


def test_another_team_sees_none_of_it(plant, emulator):
    response, _operations = ask(plant, "pump-1, Pump 1")
    harbour = make_plant(emulator.url, name="Harbour")
    assert 'id="batch"' not in harbour.browser(Role.OWNER).get(response["Location"]).text


def test_kinds_without_batches_have_no_such_page(plant):
    assert plant.browser().get("/iotda/devices/new/several/").status_code == 404
    assert "new/several" not in plant.browser().get("/iotda/devices/").text
    assert ADDRESS in plant.browser().get("/enos/devices/").text


def test_a_line_alone_can_be_asked_for_again_as_a_single_create(plant, emulator):
    plant.made_in_the_console(DEVICES, {**plant.data(DEVICES), "device_key": "pump-2"})
    response, operations = ask(plant, "pump-2, Pump 2")
    before, browser = len(emulator.requests()), plant.browser()
    post(browser, f"/operations/{operations[0].pk}/requeue/", {"operation_key": "again"})
    again = Operation.objects.get(key="again")
    assert (again.follows_id, again.platform_code) == (operations[0].pk, "11702")
    assert len(received(emulator, DEVICES, "create", before)) == 1
    assert 'id="again"' not in browser.get(response["Location"]).text
