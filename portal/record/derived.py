"""What pages show beside entries, computed anew: the list, its filters, the search index. And triggers."""

import sqlite3
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

from django.db import connection

from portal.record import findings, guards, on_postgresql, on_sqlite

_STEP = "e.operation <> '' AND e.stage IN ('intent', 'outcome')"
_FIELDS = ("team_id", "actor_id", "kind", "verb", "connection_id", "space")
_OF_ENTRY = ", ".join(f"e.{name}" for name in _FIELDS)
# The rows that the list should have (models.Story): the steps of each operation as one, what others did
# with it, and every other entry.
_WANTED = f"""
    WITH own AS (
        SELECT e.operation, min(e.seq) AS first_seq, max(e.seq) AS last_seq, count(*) AS steps
        FROM record_entry e WHERE {_STEP} GROUP BY e.operation
    ), wanted AS (
        SELECT own.first_seq, own.last_seq, own.steps, own.operation, {_OF_ENTRY}, latest.outcome
        FROM own JOIN record_entry e ON e.seq = own.first_seq
        JOIN record_entry latest ON latest.seq = own.last_seq
        UNION ALL
        SELECT e.seq, e.seq, 1, NULL, {_OF_ENTRY}, e.outcome FROM record_entry e WHERE NOT ({_STEP})
        UNION ALL
        SELECT e.seq, e.seq, 1, NULL, {_OF_ENTRY}, e.outcome
        FROM own JOIN record_entry first ON first.seq = own.first_seq
        JOIN record_entry e ON e.operation = own.operation AND e.seq > own.first_seq
        WHERE own.steps > 1 AND {_STEP} AND e.actor_id <> first.actor_id
    )
"""
_DIFFERENT = " OR ".join(f"facet.{name} <> wanted.{name}" for name in (*_FIELDS, "outcome"))
# One statement sees one moment, also while entries are appended.
STORIES = f"""{_WANTED}
    SELECT min(CASE WHEN story.first_seq IS NULL OR facet.id IS NULL OR story.last_seq <> wanted.last_seq
        OR story.steps <> wanted.steps OR coalesce(story.operation, '') <> coalesce(wanted.operation, '')
        OR {_DIFFERENT} THEN wanted.first_seq END),
        count(*), (SELECT count(*) FROM record_story)
    FROM wanted LEFT JOIN record_story story ON story.first_seq = wanted.first_seq
    LEFT JOIN record_facet facet ON facet.id = story.facet_id
"""
FACETS = f"""
    WITH counted AS (
        SELECT facet_id, count(*) AS count, max(first_seq) AS newest FROM record_story GROUP BY facet_id
    )
    SELECT (SELECT count(*) FROM record_facet facet LEFT JOIN counted ON counted.facet_id = facet.id
        WHERE facet.count <> coalesce(counted.count, 0) OR facet.newest <> coalesce(counted.newest, 0))
        + (SELECT count(*) FROM (SELECT 1 AS one FROM record_facet
            GROUP BY {", ".join(_FIELDS)}, outcome HAVING count(*) > 1) twice)
"""
BODIES = (
    "SELECT min(b.seq) FROM record_body b WHERE NOT EXISTS (SELECT 1 FROM record_entry e WHERE e.seq = b.seq)"
)


def check_triggers(report):
    for name in guards.missing():
        report.add(findings.TRIGGER_GONE, name=name)
    for name in guards.strangers():
        report.add(findings.TRIGGER_STRANGE, name=name)


@contextmanager
def checked_beside(report):
    """Check all this while the block runs: the database does it beside Python, on another core."""
    with ThreadPoolExecutor(2, thread_name_prefix="beside") as pool:
        checks = _check_lists, _check_trigrams if connection.vendor == "postgresql" else _check_index
        found = [pool.submit(_found, check) for check in checks]
        yield
        for each in found:
            for finding in each.result():
                report.take(finding)


def _found(check):
    """The findings of a check that has a thread, and so a connection, of its own."""
    report = findings.Report()
    try:
        check(report)
    finally:
        connection.close()
    return report.findings


def _check_lists(report):
    with connection.cursor() as cursor:
        cursor.execute(BODIES)
        if (seq := cursor.fetchone()[0]) is not None:
            report.add(findings.BODY_STRANGE, seq)
        cursor.execute(STORIES)
        first, wanted, there = cursor.fetchone()
        if first is not None:
            report.add(findings.STORY_DIFFERS, first)
        elif wanted != there:
            report.add(findings.STORY_STRANGE, wanted=wanted, there=there)
        cursor.execute(FACETS)
        if cursor.fetchone()[0]:
            report.add(findings.FACET_DIFFERS)


def _check_index(report):
    try:
        if not _check_fts(Path(connection.settings_dict["NAME"])):
            report.add(findings.INDEX_DIFFERS)
    except (OSError, sqlite3.OperationalError) as error:
        report.add(findings.INDEX_UNCHECKED, is_sure=False, error=str(error)[:200])


def _check_trigrams(report):
    """PostgreSQL keeps its index by itself; it must be the one for all texts."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_indexdef(indexrelid), indisvalid FROM pg_index"
            " WHERE indexrelid = to_regclass('record_body_search')"
        )
        found = cursor.fetchone()
    wanted = on_postgresql.INDEX.partition(" USING ")[2]
    if found and not (found[1] and found[0].partition(" USING ")[2] == wanted):
        report.add(findings.INDEX_DIFFERS)


def _check_fts(path):
    """Whether SQLite's index is that of the texts; looked at in a copy, so that nobody has to wait for it."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix="record-check-") as directory:
        copy = Path(directory, "copy.sqlite3")
        return _copy(path, copy) and _is_sound(copy)


def _copy(path, copy):
    """Copy the texts and the tables of the index, as they are at one moment; False if it is another index."""
    with closing(sqlite3.connect(copy, uri=True, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode=OFF")
        db.execute("PRAGMA synchronous=OFF")
        db.execute("CREATE TABLE record_body (seq INTEGER PRIMARY KEY, search TEXT)")
        db.execute(on_sqlite.SEARCH)
        db.execute("ATTACH ? AS portal", [f"{path.absolute().as_uri()}?mode=ro"])
        db.execute("BEGIN")
        made = db.execute("SELECT sql FROM portal.sqlite_master WHERE name = 'record_search'").fetchone()
        if made != (on_sqlite.SEARCH,):
            return False
        db.execute("INSERT INTO record_body SELECT seq, search FROM portal.record_body")
        for table in ("data", "idx", "config"):
            db.execute(f"DELETE FROM record_search_{table}")
            db.execute(f"INSERT INTO record_search_{table} SELECT * FROM portal.record_search_{table}")
        db.execute("COMMIT")
    return True


def _is_sound(copy):
    with closing(sqlite3.connect(copy, isolation_level=None)) as db:
        try:
            db.execute("INSERT INTO record_search(record_search, rank) VALUES ('integrity-check', 1)")
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:  # "malformed": the index is not that of the texts
            return False
    return True
