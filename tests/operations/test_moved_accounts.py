"""A connection keeps its account while operations are unsettled: on another one nobody could find them."""

import threading
import time

import pytest
from django.core.exceptions import ValidationError
from django.db import connection as database
from django.db import connections

from portal.connections import service as connection_service
from portal.connections.models import Connection
from portal.errors import PortalError, RecordUnavailable
from portal.operations import settling
from portal.operations.models import Operation, State
from portal.teams.models import Role
from tests.operations.dying import settle_all
from tests.operations.endings import due, in_doubt, lost, someone
from tests.support.plant import received

GROUP, DEVICE, POLICY = "iotda/device-groups", "enos/devices", "iotda/policies"
ELSEWHERE = {
    "endpoint": "http://127.0.0.1:9",
    "iam_endpoint": "http://127.0.0.1:9",
    "region": "cn-east-3",
    "project_id": "f" * 32,
    "instance_id": "another-instance",
    "org_id": "o15999999999999",
}


def change(plant, platform, credentials=None, **values):
    connection = Connection.objects.get(pk=plant.connections[platform].pk)
    return connection_service.change(
        connection,
        actor=someone(plant, Role.OWNER),
        values=values,
        credentials=credentials or connection.credentials(),
    )


def test_the_destination_is_every_field_that_says_where_the_account_is():
    assert set(connection_service.DESTINATION) == set(ELSEWHERE)


@pytest.mark.parametrize("field", ELSEWHERE)
def test_a_connection_does_not_move_away_from_what_is_in_doubt(plant, emulator, field):
    in_doubt(plant, emulator, GROUP, committed=True)
    before = getattr(plant.connections["iotda"], field)

    with pytest.raises(ValidationError):
        change(plant, "iotda", **{field: ELSEWHERE[field]})

    assert getattr(Connection.objects.get(platform="iotda"), field) == before
    due()
    settling.settle_due()
    assert Operation.objects.get().state == State.FOUND
    assert getattr(change(plant, "iotda", **{field: ELSEWHERE[field]}), field) == ELSEWHERE[field]


@pytest.mark.parametrize("state", [State.INTENT, State.SENDING, State.NEEDS_HUMAN])
def test_nor_from_what_runs_or_waits_for_a_human(plant, emulator, state):
    in_doubt(plant, emulator, GROUP)
    Operation.objects.update(state=state)

    with pytest.raises(ValidationError):
        change(plant, "iotda", endpoint=ELSEWHERE["endpoint"])


def test_what_a_lost_delete_left_is_not_called_gone_by_another_account(plant, emulator, settings):
    settings.SETTLE_SECONDS = 0
    operation = lost(plant, emulator, DEVICE, "delete", committed=False)

    with pytest.raises(ValidationError):
        change(plant, "enos", org_id=ELSEWHERE["org_id"])
    settle_all()

    operation.refresh_from_db()
    assert (operation.state, operation.target.gone_at) == (State.ABSENT, None)


def test_its_name_its_credentials_and_its_limits_may_change_meanwhile(plant, emulator):
    operation = in_doubt(plant, emulator, GROUP, committed=True)
    reader = {
        "access_key": "DEMOREADAK0000000000",
        "secret_key": "DemoReadSK000000000000000000000000000Exmpl",
    }

    changed = change(
        plant, "iotda", reader, name="moved", calls_per_minute=60, calls_at_once=2, endpoint=plant.url
    )

    assert (changed.name, changed.calls_per_minute, changed.credentials()) == ("moved", 60, reader)
    due()
    settling.settle_due()
    operation.refresh_from_db()
    assert operation.state == State.FOUND


def test_what_is_absent_is_not_watched_at_another_account(plant, emulator, settings):
    settings.SETTLE_SECONDS = 0
    data = {"product_key": "prodKey1", "device_key": "moved", "device_tags": {"password": "hunter2-secret"}}
    operation = in_doubt(plant, emulator, DEVICE, data)
    settle_all()
    operation.refresh_from_db()
    assert operation.is_watched
    assert operation.sealed_data

    change(plant, "enos", org_id=ELSEWHERE["org_id"])

    operation.refresh_from_db()
    assert (operation.state, operation.is_watched, operation.sealed_data) == (State.ABSENT, False, "")
    due()
    assert settling.settle_due() == 0


def test_the_form_of_a_connection_says_why_it_does_not_move(plant, emulator):
    in_doubt(plant, emulator, GROUP)
    connection = plant.connections["iotda"]
    address = f"/connections/{connection.pk}/edit/"
    browser = plant.browser(Role.OWNER)
    posted = {
        name: value
        for name, value in browser.get(address).context["form"].initial.items()
        if value is not None
    }

    response = browser.post(address, {**posted, "project_id": ELSEWHERE["project_id"]})

    assert response.status_code == 422
    assert "not resolved yet" in response.content.decode()
    assert Connection.objects.get(platform="iotda").project_id == connection.project_id


# Deleted in the same moment


def on_postgresql():
    if database.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")


def until_it_waits(thread):
    """Until a thread waits for a lock that another transaction holds, or has ended."""
    waits = """SELECT count(*) FROM pg_stat_activity
               WHERE datname = current_database() AND wait_event_type = 'Lock'"""
    for _poll in range(600):
        with database.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(waits)
            if cursor.fetchone()[0] or not thread.is_alive():
                return
        time.sleep(0.02)
    pytest.fail("it neither ended nor waited for a lock")


def test_what_is_asked_for_while_its_connection_is_deleted_is_not_sent(
    committed_plant, emulator, monkeypatch
):
    on_postgresql()
    plant, ended = committed_plant, []
    real = connection_service._settled_or_refused

    def ask():
        try:
            ended.append(plant.perform(GROUP).state)
        except PortalError as error:
            ended.append(type(error))
        finally:
            connections.close_all()

    asking = threading.Thread(target=ask)

    def slow(row):
        real(row)
        asking.start()
        until_it_waits(asking)

    monkeypatch.setattr(connection_service, "_settled_or_refused", slow)

    connection_service.delete(plant.connections["iotda"], actor=someone(plant, Role.OWNER))
    asking.join()

    assert ended == [RecordUnavailable]
    assert not Operation.objects.exists()
    assert received(emulator, GROUP, "create") == []
