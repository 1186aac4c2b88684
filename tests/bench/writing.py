"""Writers of the record and of plain tables, in processes of their own, all at the same moment.

The plain tables have the columns and the indexes of `record_entry` and `record_body`, and get the same rows
with the same durability. They have no triggers, no chain, no list and no search.
"""

import multiprocessing
import time
import uuid
from itertools import count, cycle

from django.db import connection, connections, transaction
from django.utils import timezone

from portal.record.models import Body, Entry
from portal.record.searching import FOLDING
from portal.record.store import append, line
from tests.bench import recording

PLAIN = {Entry: "plain_entry", Body: "plain_body"}
SECONDS = 120  # that writers wait for each other
FAR = 10**9  # from the numbers of one plain writer to those of the next
_fork = multiprocessing.get_context("fork")


def make_plain():
    with connection.cursor() as cursor:
        for table, plain in ((model._meta.db_table, PLAIN[model]) for model in PLAIN):
            cursor.execute(f"DROP TABLE IF EXISTS {plain}")
            if connection.vendor == "postgresql":
                indexes = "INCLUDING INDEXES" if table == "record_entry" else ""
                cursor.execute(f"CREATE TABLE {plain} (LIKE {table} INCLUDING DEFAULTS {indexes})")
            else:
                cursor.execute("SELECT sql FROM sqlite_master WHERE name = %s", [table])
                cursor.execute(cursor.fetchone()[0].replace(f'"{table}"', f'"{plain}"', 1))
        if connection.vendor == "postgresql":
            cursor.execute("ALTER TABLE plain_body ADD PRIMARY KEY (seq)")
            return
        cursor.execute("SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'record_entry'")
        for (text,) in cursor.fetchall():
            if text:
                name = text.split('"')[1]
                text = text.replace(f'"{name}"', f'"plain_{name}"', 1).replace(
                    '"record_entry"', '"plain_entry"'
                )
                cursor.execute(text)


def raw_lines(size=1000):
    """Fields of so many lines, as callers of `append` give them."""
    people, found, number = recording.scene(), [], 10**6
    while len(found) < size:
        found += recording.given(people, number)
        number += 1
    return found[:size]


def chained(raw, writer, batch):
    """A call that appends a batch of lines."""
    given = cycle(raw)

    def write():
        append(*[line(**next(given)) for _each in range(batch)])

    return write


def plain(raw, writer, batch):
    """A call that inserts the same as plain rows, which are ready but for their number and id."""
    made = cycle([line(**each) for each in raw])
    numbers = count(writer * FAR + 1)
    statements = [(model, _columns(model), _insert(model, batch)) for model in PLAIN]

    def write():
        rows = {Entry: [], Body: []}
        for each in (next(made) for _each in range(batch)):
            seq = next(numbers)
            hashed = {"prev_hash": "0" * 64, "hash": "0" * 64, "key_id": "0" * 8}
            at = {"seq": seq, "id": uuid.uuid4(), "at": timezone.now()}
            rows[Entry].append(each.fields | hashed | at)
            beside = {"salt": each.salt, "text": each.text, "search": each.search, "folding": FOLDING}
            rows[Body].append({"seq": seq, **beside})
        with transaction.atomic(durable=True), connection.cursor() as cursor:
            for model, fields, statement in statements:
                values = [
                    f.get_db_prep_save(row[f.attname], connection) for row in rows[model] for f in fields
                ]
                cursor.execute(statement, values)

    return write


def _columns(model):
    return model._meta.concrete_fields


def _insert(model, count):
    fields = _columns(model)
    row = f"({', '.join(['%s'] * len(fields))})"
    names = ", ".join(field.column for field in fields)
    return f"INSERT INTO {PLAIN[model]} ({names}) VALUES {', '.join([row] * count)}"


def rate(make, raw, *, writers, batch, seconds):
    """Rows a second of so many writers together. `make` is `chained` or `plain`."""
    barrier, done = _fork.Barrier(writers + 1), _fork.Queue()

    def work(number):
        write = make(raw, number, batch)
        write()
        barrier.wait(SECONDS)
        written, end = 0, time.monotonic() + seconds
        while time.monotonic() < end:
            write()
            written += batch
        done.put(written)
        connections.close_all()

    connections.close_all()  # each writer makes a connection of its own
    members = [_fork.Process(target=work, args=(number,)) for number in range(writers)]
    for each in members:
        each.start()
    barrier.wait(SECONDS)  # it breaks if one of them fails
    began = time.monotonic()
    counts = [done.get(timeout=SECONDS) for _each in members]
    taken = time.monotonic() - began
    for each in members:
        each.join()
    return sum(counts) / taken
