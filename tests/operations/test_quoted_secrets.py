"""Secrets that were sent: they are not stored if a platform quotes them, and a repetition still has them."""

import pytest
from django.db import OperationalError, connection

from portal.errors import RecordUnavailable
from portal.operations import deciding, life, settling
from portal.operations.models import Decision, Operation, State
from portal.operations.shown import why_not_again
from portal.record.models import Body, Entry
from portal.teams.models import Role
from tests.examples import EXAMPLES, match
from tests.operations.dying import settle_all
from tests.operations.endings import due, in_doubt, someone
from tests.support.plant import received
from tests.support.quotes import forms, reads

DEVICE = "enos/devices"
SECRET = "hunter2-secret"
DATA = {**EXAMPLES[DEVICE].create, "device_tags": {"password": SECRET, "line": "4"}}
MADE = {"assetId": "a1", "productKey": "prodKey1", "deviceKey": "pump-0001"}
QUOTED = f"tag password: value {SECRET} is not allowed"


def answer(call, *, code=99400, data=None, msg=QUOTED, **options):
    body = {"code": code, "msg": msg, "requestId": f"r-{SECRET}", "data": data}
    return {"match": call, "fault": "answer", "status": 200, "body": body, **options}


def written():
    """Every column of every table that operations and their record are written to, as one text."""
    tables = ["operations_operation", Entry._meta.db_table, Body._meta.db_table]
    found = ""
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT * FROM {table}")
            found += repr(cursor.fetchall())
    return found


def create(plant, emulator, rule):
    emulator.faults([rule])
    operation = plant.perform(DEVICE, data=DATA)
    emulator.faults([])
    return operation


@pytest.mark.parametrize(
    ("rule", "state"),
    [
        (answer(match(DEVICE, "create")), State.REJECTED),
        (answer(match(DEVICE, "create"), code=99500), State.IN_DOUBT),
        (answer(match(DEVICE, "create"), status=429, headers={"Retry-After": "100"}), State.NOT_SENT),
        (
            answer(match(DEVICE, "create"), code=0, data={**MADE, "remark": QUOTED, SECRET: [QUOTED]}),
            State.DONE,
        ),
    ],
    ids=["refused", "unclear", "throttled", "done"],
)
def test_a_secret_that_the_platform_quotes_stands_nowhere(plant, emulator, caplog, rule, state):
    operation = create(plant, emulator, rule)

    assert operation.state == state
    assert "hmac:" in written()
    assert SECRET not in written()
    assert SECRET not in caplog.text
    page = plant.browser(Role.OWNER).get(f"/operations/{operation.pk}/")
    assert SECRET not in page.content.decode()


@pytest.mark.parametrize("code", [99400, 99500])
def test_nor_in_another_form_or_where_a_text_is_cut(plant, emulator, caplog, code):
    secret = "Hunter2/secret & more"
    data = {**DATA, "device_tags": {"password": secret, "line": "4"}}
    written_as = forms(secret)
    for number in range(0, len(written_as), 5):
        some = list(written_as.values())[number : number + 5]
        quoted = " ".join([*some, "w" * (495 - len(" ".join(some))), secret])
        body = {"a": some, "b": {each: each for each in some}}
        emulator.faults([answer(match(DEVICE, "create"), code=code, msg=quoted, data=body)])
        operation = plant.perform(DEVICE, data={**data, "device_key": f"pump-{number:04}"})
        assert "hmac:" in operation.platform_message

    page = plant.browser(Role.OWNER).get("/operations/").text
    for place in (written(), caplog.text, page):
        assert [form for form, text in written_as.items() if text in place] == []
        assert not reads(place, secret)
        assert "Hunter2" not in place


def test_nor_when_a_look_quotes_it(plant, emulator):
    operation = in_doubt(plant, emulator, DEVICE, DATA)
    reads = {"method": "GET", "path": "/connect-service/"}
    emulator.faults([answer(reads)])

    due()
    settling.settle_due()

    operation.refresh_from_db()
    assert [each["verdict"] for each in operation.looks] == ["failed"]
    assert "hmac:" in operation.looks[0]["text"]
    assert SECRET not in written()


def test_nor_when_what_is_there_shows_it_under_another_name(plant, emulator):
    operation = in_doubt(plant, emulator, DEVICE, DATA)
    plant.made_in_the_console(DEVICE, {**DATA, "device_desc": QUOTED, "timezone": "+01:00"})

    due()
    settling.settle_due()

    operation.refresh_from_db()
    assert operation.state == State.NEEDS_HUMAN
    (candidate,) = [each["object"]["id"] for each in operation.looks[-1]["candidates"]]
    assert SECRET not in written()
    owner = someone(plant, Role.OWNER)
    deciding.decide(operation, actor=owner, decision=Decision.OURS, candidate=candidate, reason="r")
    assert SECRET not in written()


# Asked for again


def test_after_a_failed_send_again_the_secret_goes_out_once_more_and_once_only(plant, emulator, monkeypatch):
    operation = in_doubt(plant, emulator, DEVICE, DATA)
    plant.made_in_the_console(DEVICE, {**DATA, "timezone": "+01:00"})
    due()
    settling.settle_due()
    operation.refresh_from_db()
    assert operation.state == State.NEEDS_HUMAN
    (seen,) = [each["object"] for each in operation.looks[-1]["candidates"]]
    plant.collection(DEVICE).delete(seen["id"])
    owner = someone(plant, Role.OWNER)
    real = life.append

    def fails_for_intents(line):
        if line.fields["stage"] == "intent":
            raise OperationalError("disk I/O error")
        return real(line)

    monkeypatch.setattr(life, "append", fails_for_intents)
    with pytest.raises(RecordUnavailable):
        deciding.decide(operation, actor=owner, decision=Decision.SEND_AGAIN, reason="r", key="again")
    monkeypatch.setattr(life, "append", real)
    operation = Operation.objects.get(pk=operation.pk)
    assert (operation.state, operation.decision, operation.can_requeue) == (State.ABSENT, "send_again", True)
    sent = len(received(emulator, DEVICE, "create"))

    new = deciding.requeue(operation, actor=owner, key="again")
    second = deciding.requeue(Operation.objects.get(pk=operation.pk), actor=owner, key="once more")

    assert (new.state, second.pk) == (State.DONE, new.pk)
    calls = received(emulator, DEVICE, "create")[sent:]
    assert len(calls) == 1
    assert SECRET in calls[0]["body"]
    assert set(Operation.objects.values_list("sealed_data", flat=True)) == {""}


def test_a_long_text_is_no_secret_and_goes_out_whole_again(plant, emulator):
    data = {**EXAMPLES[DEVICE].create, "device_desc": "x" * 5000}
    operation = create_of(plant, emulator, data)
    operation = Operation.objects.get(pk=operation.pk)
    assert (operation.state, operation.data_is_whole, operation.sealed_data) == (State.REJECTED, True, "")
    assert why_not_again(operation, True) == ""

    again = deciding.requeue(operation, actor=someone(plant), key="again")

    assert again.state == State.DONE
    assert plant.seen(DEVICE, again.target)["device_desc"] == "x" * 5000


def test_a_long_text_goes_out_whole_again_after_it_was_absent(plant, emulator, settings):
    settings.SETTLE_SECONDS = 0
    data = {**EXAMPLES[DEVICE].create, "device_desc": "x" * 5000}
    operation = in_doubt(plant, emulator, DEVICE, data)
    settle_all()
    operation.refresh_from_db()

    again = deciding.requeue(operation, actor=someone(plant), key="again")

    assert plant.seen(DEVICE, again.target)["device_desc"] == "x" * 5000


def create_of(plant, emulator, data):
    emulator.faults([answer(match(DEVICE, "create"), msg="no")])
    operation = plant.perform(DEVICE, data=data)
    emulator.faults([])
    return operation


@pytest.mark.parametrize("changed", [False, True])
def test_asking_again_for_an_edit_beside_a_secret_is_a_conflict_only_where_something_changed(
    plant, emulator, changed
):
    row = plant.make(DEVICE, device_tags={"password": SECRET, "line": "1"})
    expected = plant.shown(DEVICE, row)
    emulator.faults([answer(match(DEVICE, "update"), msg="no")])
    data = {**EXAMPLES[DEVICE].update, "device_tags": {"line": "2"}}
    operation = plant.perform(DEVICE, "update", data, target=row, expected=expected)
    emulator.faults([])
    operation = Operation.objects.get(pk=operation.pk)
    assert (operation.state, operation.can_requeue) == (State.REJECTED, True)
    if changed:
        devices = plant.collection(DEVICE)
        other = {**data, "device_tags": {"password": "another-secret", "line": "1"}}
        devices.client.send(devices.update_call(row.remote_id, other))

    again = deciding.requeue(operation, actor=someone(plant), key="again")

    assert (again.state, again.cause) == ((State.NOT_SENT, "conflict") if changed else (State.DONE, ""))
