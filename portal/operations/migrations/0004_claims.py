"""Each create that made an object claims it; objects stay held while an attempt may still arrive.

Of several old creates with one object, the one that the platform answered keeps it, else the latest. What was
deleted through the portal since is claimed by nobody.
"""

import hashlib
import uuid
from urllib.parse import urlsplit

from django.db import migrations, models

BATCH = 500  # rows in memory
HAPPENED = ("done", "found")


def claim(apps, schema_editor):
    operations = apps.get_model("operations", "Operation").objects.order_by()
    accounts = apps.get_model("connections", "Connection").objects
    known = operations.filter(verb_name="create", state__in=HAPPENED).exclude(connection=None)
    known = known.exclude(object_id="").order_by("pk")
    columns = ("pk", "connection_id", "kind_slug", "object_id", "state", "ended_at", "created_at")
    last = uuid.UUID(int=0)
    while batch := list(known.filter(pk__gt=last).only(*columns)[:BATCH]):
        last = batch[-1].pk
        connections = accounts.in_bulk({each.connection_id for each in batch})
        removed = _removed(operations, batch)
        best = {}
        for each in batch:
            deleted_at = removed.get((each.connection_id, each.kind_slug, each.object_id))
            if deleted_at is None or deleted_at < each.created_at:
                place = _place(connections[each.connection_id], each)
                best[place] = max(best.get(place, each), each, key=_rank)
        _write(operations, best)


def _removed(operations, batch):
    """{object: when a delete of it was requested last}"""
    deletes = operations.filter(
        verb_name="delete",
        state__in=HAPPENED,
        connection_id__in={each.connection_id for each in batch},
        object_id__in={each.object_id for each in batch},
    )
    found = deletes.order_by("created_at").values_list("connection_id", "kind_slug", "object_id", "created_at")
    return {tuple(key): at for *key, at in found.iterator(BATCH)}


def _write(operations, best):
    holders = {each.made: each for each in operations.filter(made__in=best)}
    for place, each in best.items():
        holder = holders.get(place)
        if holder and _rank(holder) >= _rank(each):
            continue
        if holder:
            operations.filter(pk=holder.pk).update(made=None)
        operations.filter(pk=each.pk).update(made=place)


def _rank(operation):
    at = operation.ended_at or operation.created_at
    return operation.state == "done", at, operation.pk


def _place(connection, operation):
    host = urlsplit(connection.endpoint).hostname or ""
    ids = (connection.project_id, connection.instance_id, connection.org_id)
    account = hashlib.sha256(repr((connection.platform, host, *ids)).encode()).hexdigest()[:32]
    return f"{account}:{operation.kind_slug}:{operation.object_id}"


class Migration(migrations.Migration):
    dependencies = [("operations", "0003_words_and_attempts")]

    operations = [
        migrations.AddField("operation", "made", models.CharField(max_length=300, null=True, unique=True)),
        migrations.AddField("operation", "late_until", models.DateTimeField(null=True)),
        migrations.AddIndex(
            "operation",
            models.Index(fields=["connection", "kind_slug", "object_id"], name="operation_of_kind"),
        ),
        migrations.RunPython(claim, migrations.RunPython.noop, elidable=True),
    ]
