"""Endings become code and parameters, HTTP attempts move into the operation's row, updates name every field.

Nothing is lost: a sentence that no code stands for stays as text, beside what platforms said.
"""

import contextlib
import json
import uuid
from itertools import groupby, islice
from operator import attrgetter

from django.db import migrations, models

import portal.kinds.fields
from portal.sealing import CannotOpen, seal, unseal

BATCH = 500  # rows in memory

# The sentences without parameters that earlier versions stored -> the code that stands for them now.
CODES = {
    "It was changed on the platform since this form was opened. Nothing was sent.": "operation.conflict",
    "Another change of the same object has just ended. Try again.": "operation.busy_ended",
    "Another team's change of the same object is not over. Try again afterwards.": "operation.busy_elsewhere",
    "The portal's database failed meanwhile.": "operation.database_failed",
    "The portal stopped while this was being sent, so the answer is not known.": "operation.stopped_sending",
    "The portal stopped before this was sent. Nothing was sent.": "operation.stopped_before",
    "The answer was lost, but the platform shows that it happened.": "operation.found",
    "It appeared late: the platform had committed it after it counted as absent.": "operation.found_late",
}
# The fields that the update of each kind edited; one that was emptied was left out of the stored data.
EDITED = {
    "iotda/device-groups": ("name", "description"),
    "iotda/policies": ("policy_name", "statement"),
    "roma/device-groups": ("name", "description"),
    "enos/devices": ("device_name", "timezone", "device_desc", "device_attributes", "device_tags"),
}


def convert(apps, schema_editor):
    """In batches: an installation of years must not fit into memory, and one statement per row takes minutes."""
    operations = apps.get_model("operations", "Operation").objects.order_by()
    for text, code in CODES.items():
        words = {"code": code, "params": {}}
        operations.filter(platform_message=text).update(words=words, platform_message="")
    _move_attempts(apps.get_model("operations", "HttpAttempt"), operations, schema_editor.connection)
    updates = operations.filter(verb_name="update", kind_slug__in=EDITED).order_by("pk")
    updates, last = updates.only("kind_slug", "data", "sealed_data"), uuid.UUID(int=0)
    while batch := list(updates.filter(pk__gt=last)[:BATCH]):
        for operation in batch:
            _name_every_field(operation)
        operations.bulk_update(batch, ["data", "sealed_data"])
        last = batch[-1].pk


def _move_attempts(attempts, operations, connection):
    table, id = operations.model._meta.db_table, operations.model._meta.pk
    statement = f'UPDATE "{table}" SET attempts = %s WHERE id = %s'
    rows = attempts.objects.order_by("operation_id", "number").iterator(BATCH)
    grouped = (
        (json.dumps([_as_json(each) for each in group]), id.get_db_prep_value(pk, connection))
        for pk, group in groupby(rows, attrgetter("operation_id"))
    )
    with connection.cursor() as cursor:
        while batch := list(islice(grouped, BATCH)):
            cursor.executemany(statement, batch)


def _as_json(attempt):
    return {
        "number": attempt.number,
        "at": attempt.at.isoformat(),
        "ended_at": attempt.ended_at.isoformat() if attempt.ended_at else None,
        "http_status": attempt.http_status,
        "platform_code": attempt.platform_code,
        "platform_request_id": attempt.platform_request_id,
        "duration_ms": attempt.duration_ms,
        "words": None,
        "platform_message": attempt.message,
    }


def _name_every_field(operation):
    cleared = dict.fromkeys(EDITED[operation.kind_slug])
    if isinstance(operation.data, dict | None):
        operation.data = cleared | (operation.data or {})
    if operation.sealed_data:
        place = f"operation:{operation.pk}:data"
        with contextlib.suppress(CannotOpen):  # what no key opens, nobody can repeat either
            operation.sealed_data = seal(cleared | unseal(operation.sealed_data, place), place)


class Migration(migrations.Migration):
    dependencies = [("operations", "0002_surviving")]

    operations = [
        migrations.RenameField("operation", "message", "platform_message"),
        migrations.AddField(
            "operation",
            "words",
            portal.kinds.fields.JsonText(blank=True, default=None, null=True),
        ),
        migrations.AddField(
            "operation", "attempts", portal.kinds.fields.JsonText(blank=True, default=list)
        ),
        migrations.RunPython(convert, migrations.RunPython.noop, elidable=True),
        migrations.DeleteModel("HttpAttempt"),
        migrations.AlterField(
            "operation",
            "cause",
            models.CharField(
                blank=True,
                max_length=12,
                choices=[
                    ("busy", "another change of the same object is not over"),
                    ("conflict", "the object changed since the form was opened"),
                    ("paused", "calls are paused because the platform failed repeatedly"),
                    ("throttled", "too many requests"),
                    ("sign_in", "the sign-in failed"),
                    ("unreachable", "the platform could not be reached"),
                    ("gone", "the object no longer exists"),
                    ("stopped", "the portal stopped before it was sent"),
                    ("cancelled", "a person cancelled it"),
                ],
            ),
        ),
    ]
