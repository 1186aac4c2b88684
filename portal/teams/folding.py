"""Identical denials of one person: the first 20 within a minute are entries of their own, later ones a count.

The counts are rows of RepeatedDenial. When the minute is over, its row becomes one entry, "7 more identical
denials between A and B": written by the person's next denial or by the worker, whichever comes first. Row
and entry change in one transaction, so a killed process loses no count and nothing is written twice. Only
the database's clock decides.
"""

import hashlib
import json
from datetime import timedelta

from django.db import connection
from django.db.models.functions import Now
from django.utils.translation import gettext_noop as _

from portal.record.redaction import redact
from portal.teams.models import RepeatedDenial
from portal.words import Sentence

IN_FULL = 20  # identical denials of a minute that are entries of their own
MINUTE = timedelta(minutes=1)
BATCH = 100  # rows that become entries in one transaction
LONGEST = 400  # characters of a value that are kept for the entry; the record cuts it again

# Denials are identical when all of these are, together with the right that was missing and what was asked of
# an operation (cancel, decide, ...).
SAME = "actor_id verb kind object_id object_scope object_name operation team_id connection_id".split()
KEPT = [*SAME, "actor", "via", "team", "connection", "platform"]

ONE_MORE = Sentence("access.denied_once_more", _("One more identical denial at %(last)s."))
MORE = Sentence("access.denied_more", _("%(count)s more identical denials between %(first)s and %(last)s."))

NOW = {
    "sqlite": "STRFTIME('%%Y-%%m-%%d %%H:%%M:%%f', 'NOW')",
    "postgresql": "STATEMENT_TIMESTAMP()",
}
# One statement, so that processes which are denied at the same moment are all counted.
COUNT = """
    INSERT INTO {table} (same, actor_id, line, began_at, first_at, last_at, times)
    VALUES (%s, %s, %s, {now}, {now}, {now}, 1)
    ON CONFLICT (same) DO UPDATE SET
        times = {table}.times + 1,
        first_at = CASE WHEN {table}.times > {in_full} THEN {table}.first_at ELSE excluded.last_at END,
        last_at = excluded.last_at
    RETURNING times
"""


def count(denied):
    """Count one denied line; returns how many identical ones there are in its minute, itself among them."""
    asked = {name: denied["body"][name] for name in ("right", "asked") if name in denied["body"]}
    names = {name: redact(str(denied.get(name, "")), longest=None)[:LONGEST] for name in KEPT}
    same = json.dumps([[names[name] for name in SAME], asked], sort_keys=True)
    kept = json.dumps({**names, "body": asked})
    table = RepeatedDenial._meta.db_table
    statement = COUNT.format(table=table, now=NOW[connection.vendor], in_full=IN_FULL)
    with connection.cursor() as cursor:
        cursor.execute(statement, [hashlib.sha256(same.encode()).hexdigest(), names["actor_id"], kept])
        return cursor.fetchone()[0]


def due(**narrowed):
    return RepeatedDenial.objects.filter(began_at__lte=Now() - MINUTE, **narrowed)


def take_due(**narrowed):
    """Delete the rows whose minute is over; returns (line, what it says) of each entry they become.

    The caller appends them in the same transaction. Rows that another process is taking are left to it.
    """
    rows = list(due(**narrowed).select_for_update(skip_locked=True).order_by("pk")[:BATCH])
    RepeatedDenial.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return [_entry(row) for row in rows if row.times > IN_FULL]


def _entry(row):
    more = row.times - IN_FULL
    said = ONE_MORE(last=row.last_at) if more == 1 else MORE(count=more, first=row.first_at, last=row.last_at)
    line = json.loads(row.line)
    line["body"] |= {"count": more, "first": row.first_at.isoformat(), "last": row.last_at.isoformat()}
    return line, said
