"""Somebody who has the database in their hands: changes the record past its triggers, and puts them back.

On SQLite by a plain connection to the file, on PostgreSQL as the owner of the tables.
"""

import random
import sqlite3
import uuid
from contextlib import closing, contextmanager
from types import SimpleNamespace

import psycopg
from django.db import connections, transaction

from portal.record import canonical, checkpoints, keys, reading, sinks
from portal.record.on_postgresql import TRIGGERS
from portal.record.store import append
from tests.support import databases as engines

TABLES = (
    *("record_entry", "record_body", "record_head", "record_story", "record_facet"),
    *("record_checkpoint", "record_tile", "record_sink"),
)
LAST = "(SELECT max(seq) FROM record_entry)"


def acts(seed, count):
    """Lines of a few people in two teams: operations with their steps, denials, notes."""
    dice, made = random.Random(seed), 0
    while made < count:
        person, team = dice.choice(["mei", "ola", "总线"]), dice.choice(["t1", "t2"])
        about = {
            "actor": f"{person}@example.test",
            "actor_id": person,
            "team_id": team,
            "team": team,
            "kind": dice.choice(["iotda/spaces", "enos/devices"]),
            "verb": dice.choice(["create", "delete"]),
            "object_name": f"thing {made}",
            "body": {"text": f"what was asked {made}", "list": [made]},
        }
        if dice.random() < 0.3:
            stage, outcome = dice.choice([("denied", "denied"), ("note", "ok")])
            lines = [{**about, "stage": stage, "outcome": outcome}]
        else:
            about["operation"] = str(uuid.UUID(int=dice.getrandbits(128)))
            lines = [
                {**about, "stage": "intent", "outcome": "asked"},
                {
                    **about,
                    "stage": "outcome",
                    "outcome": dice.choice(["done", "rejected"]),
                    "http_status": 201,
                },
            ]
        lines = lines[: count - made]
        made += len(lines)
        yield lines


def fill(seed, count, *, every):
    """Record so many entries; a checkpoint after each `every` of them, brought to all sinks."""
    since = 0
    for lines in acts(seed, count):
        with transaction.atomic():
            append(*lines)
        since += len(lines)
        if since >= every:
            anchor()
            since = 0
    anchor()


def anchor():
    checkpoint = checkpoints.make(now=True)
    for (name,) in sinks.due():
        sinks.deliver(name)
    return checkpoint


class Tamperer:
    """`run(statement)` while `at_work()`; `restore()` makes the record what it was at `keep()`."""

    def __init__(self, databases, database):
        self.databases, self.database = databases, database
        self.is_sqlite = databases.engine == "sqlite"

    def run(self, statement, values=()):
        marks = statement.replace("%s", "?") if self.is_sqlite else statement
        return self._db.execute(marks, values)

    def one(self, statement):
        return self.run(statement).fetchone()

    @contextmanager
    def at_work(self):
        """The triggers are out of the way inside, and as before afterwards."""
        connections.close_all()
        if self.is_sqlite:
            with closing(sqlite3.connect(self.database.url.removeprefix("sqlite://"))) as self._db:
                triggers = self.run("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
                for name, _sql in triggers:
                    self.run(f"DROP TRIGGER {name}")
                yield self
                for _name, sql in triggers:
                    self.run(sql)
                self._db.commit()
            return
        with psycopg.connect(self.database.url) as self._db:
            for name, (table, _text) in TRIGGERS.items():
                self.run(f"ALTER TABLE {table} DISABLE TRIGGER {name}")
            yield self
            for name, (table, _text) in TRIGGERS.items():
                self.run(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")

    def keep(self, name="kept"):
        connections.close_all()
        if self.is_sqlite:
            self.databases.create(name, template=self.database.name)
            return
        with self.at_work():
            self.run(f"DROP SCHEMA IF EXISTS {name} CASCADE")
            self.run(f"CREATE SCHEMA {name}")
            for table in TABLES:
                self.run(f"CREATE TABLE {name}.{table} AS SELECT * FROM {table}")

    def restore(self, name="kept"):
        connections.close_all()
        if self.is_sqlite:
            self.databases.restore(self.database.name, template=name)
            return
        with self.at_work():
            for table in TABLES:
                self.run(f"TRUNCATE {table}")
                self.run(f"INSERT INTO {table} SELECT * FROM {name}.{table}")
            self.run("DROP INDEX IF EXISTS record_body_search")
            self.run("CREATE INDEX record_body_search ON record_body USING gin (search gin_trgm_ops)")

    def forget(self):
        if self.is_sqlite:
            self.databases.drop("kept")


@contextmanager
def tamperer(databases, name):
    """A Tamperer on a database of its own."""
    with engines.pointed_at(databases, name) as database:
        made = Tamperer(databases, database)
        yield made
        made.forget()


def rewrite(db, seq, **changes):
    """Change an entry and compute all hashes from there on anew, with the right key; the head follows."""
    connections.close_all()
    found = SimpleNamespace(rows=list(reading.rows(seq, 1 << 40, bodies=False)))
    connections.close_all()
    previous = found.rows[0].members["prev_hash"]
    for row in found.rows:
        members = {**row.members, "prev_hash": previous}
        if members["seq"] == seq:
            members |= changes
            for name, value in changes.items():
                db.run(f"UPDATE record_entry SET {name} = %s WHERE seq = %s", [value, seq])
        previous = canonical.chained(reading.content(members), keys.current()[0])
        values = [members["prev_hash"], previous, members["seq"]]
        db.run("UPDATE record_entry SET prev_hash = %s, hash = %s WHERE seq = %s", values)
    db.run("UPDATE record_head SET hash = %s", [previous])


def count_again(db):
    """The counts of the filters, by the rows of the list."""
    mine = "FROM record_story WHERE facet_id = record_facet.id"
    db.run(
        f"UPDATE record_facet SET count = (SELECT count(*) {mine}),"
        f" newest = coalesce((SELECT max(first_seq) {mine}), 0)"
    )


def cut(db, count):
    """Remove the last entries and all that tells of them, so well that only a copy elsewhere knows."""
    last = db.one(f"SELECT {LAST}")[0] - count
    operations = "SELECT operation FROM record_entry WHERE seq > {0} AND operation <> ''"
    for statement in (
        "DELETE FROM record_story WHERE first_seq > {0}",
        f"DELETE FROM record_story WHERE operation IN ({operations})",
        "DELETE FROM record_checkpoint WHERE size > {0}",
        "DELETE FROM record_tile WHERE number >= {0} / 256",
        "UPDATE record_sink SET delivered = 0",
    ):
        db.run(statement.format(last))
    if db.is_sqlite:
        db.run(
            "INSERT INTO record_search(record_search, rowid, search)"
            f" SELECT 'delete', seq, search FROM record_body WHERE seq > {last}"
        )
    halves = db.run(
        f"SELECT seq, id FROM record_entry e WHERE seq <= {last} AND operation IN ({operations.format(last)})"
        " AND stage IN ('intent', 'outcome') ORDER BY seq"
    ).fetchall()
    for seq, _id in halves:  # of an operation that went on: its list row says now what its first step said
        db.run(
            "INSERT INTO record_story (first_seq, last_seq, steps, operation, facet_id) SELECT seq, seq, 1,"
            " operation, (SELECT id FROM record_facet f WHERE f.team_id = e.team_id"
            " AND f.actor_id = e.actor_id AND f.kind = e.kind AND f.verb = e.verb"
            " AND f.connection_id = e.connection_id AND f.space = e.space AND f.outcome = e.outcome)"
            f" FROM record_entry e WHERE seq = {seq}"
        )
    db.run(f"DELETE FROM record_body WHERE seq > {last}")
    db.run(f"DELETE FROM record_entry WHERE seq > {last}")
    count_again(db)
    db.run(
        f"UPDATE record_head SET seq = {last},"
        f" hash = coalesce((SELECT hash FROM record_entry WHERE seq = {last}), '')"
    )
