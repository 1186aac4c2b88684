"""A mirror that an earlier version wrote, brought to this one on either database. Would catch: a time that is
lost on the way from a number to a text, a row that no search finds."""

import pytest
from django.db import connection as database
from django.db.migrations.executor import MigrationExecutor

from portal.enos.models import Device
from portal.iotda.models import DeviceGroup
from portal.kinds import search

BEFORE = [("enos", "0001_initial")]


@pytest.mark.full
def test_its_times_are_kept_and_its_rows_are_found(committed_plant):
    executor = MigrationExecutor(database)
    executor.migrate(BEFORE)
    earlier = executor.loader.project_state(BEFORE).apps.get_model("enos", "Device")
    account = committed_plant.connections["enos"].pk
    earlier.objects.create(
        connection_id=account, remote_id="a", name="Кран", device_key="KEY", create_time=1_700_000_000_250
    )
    earlier.objects.create(connection_id=account, remote_id="b", name="", create_time=None)

    executor = MigrationExecutor(database)
    executor.migrate(executor.loader.graph.leaf_nodes("enos"))

    rows = {row.remote_id: row for row in Device.objects.all()}
    assert {id: row.create_time for id, row in rows.items()} == {"a": "1700000000250", "b": ""}
    for typed in ("КРАН", "key", "A"):
        assert [row.remote_id for row in search.matching(Device.objects.all(), typed)] == ["a"]


@pytest.mark.full
def test_rules_of_groups_that_it_never_asked_for_are_not_shown_yet(committed_plant):
    executor = MigrationExecutor(database)
    executor.migrate([("iotda", "0004_product_services")])
    before = executor.loader.project_state([("iotda", "0004_product_services")]).apps
    earlier, account = before.get_model("iotda", "DeviceGroup"), committed_plant.connections["iotda"].pk
    earlier.objects.create(connection_id=account, remote_id="a", name="A")
    earlier.objects.create(connection_id=account, remote_id="b", name="B", unshown=["description"])

    executor = MigrationExecutor(database)
    executor.migrate(executor.loader.graph.leaf_nodes("iotda"))

    unshown = {row.remote_id: row.unshown for row in DeviceGroup.objects.all()}
    assert unshown == {"a": ["dynamic_group_rule"], "b": ["description", "dynamic_group_rule"]}
