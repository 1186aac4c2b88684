"""A mirror that an earlier version wrote, brought to this one on either database. Would catch: a time that is
lost on the way from a number to a text, a row that no search finds."""

from django.db import connection as database
from django.db.migrations.executor import MigrationExecutor

from portal.enos.models import Device
from portal.kinds import search

BEFORE = [("enos", "0001_initial")]


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
