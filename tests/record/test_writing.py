"""Writing the record.

Would catch: gaps or doubles in its numbers, half-written entries, a body whose digest does not prove it, work
that is done while everybody else waits, and a statement too many.
"""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import DatabaseError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from portal.record.models import Body, Entry, Head
from portal.record.store import ROWS_AT_ONCE, append, line

LINE = {"stage": "note", "outcome": "ok", "actor": "a@example.test", "verb": "test"}


class Stop(Exception):
    pass


def test_eight_threads_number_their_entries_without_gaps_although_some_fail(committed_db):
    def work(thread):
        try:
            for number in range(12):
                try:
                    with transaction.atomic(durable=True):
                        append({**LINE, "body": {"thread": thread, "number": number}})
                        if number % 4 == 3:
                            raise Stop
                except Stop:
                    pass
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))

    seqs = list(Entry.objects.order_by("seq").values_list("seq", flat=True))
    assert seqs == list(range(1, 8 * 9 + 1))
    assert list(Body.objects.order_by("seq").values_list("seq", flat=True)) == seqs
    assert Head.objects.get().seq == seqs[-1]
    for thread in range(8):
        own = [
            json.loads(body.text)
            for body in Body.objects.order_by("seq")
            if f'"thread":{thread}}}' in body.text
        ]
        assert [each["number"] for each in own] == [0, 1, 2, 4, 5, 6, 8, 9, 10]


def test_several_lines_are_written_together_in_order(db):
    entries = append({**LINE, "verb": "first"}, {**LINE, "verb": "second"}, {**LINE, "verb": "third"})

    assert [entry.seq for entry in entries] == [1, 2, 3]
    assert list(Entry.objects.order_by("seq").values_list("verb", flat=True)) == ["first", "second", "third"]


def test_of_several_lines_all_or_none_are_written(db):
    with pytest.raises(DatabaseError), transaction.atomic():
        append(LINE, {**LINE, "attempt": -1})

    assert not Entry.objects.exists()
    assert not Body.objects.exists()
    assert Head.objects.get().seq == 0


def test_without_a_transaction_of_the_callers_it_is_all_or_none_too(committed_db):
    with pytest.raises(DatabaseError):
        append(LINE, {**LINE, "attempt": -1})

    assert (Entry.objects.count(), Body.objects.count(), Head.objects.get().seq) == (0, 0, 0)


def test_the_digest_of_an_entry_proves_its_body(db):
    append({**LINE, "body": {"b": 1, "a": [99999999999999999, "总线", None]}})

    entry, body = Entry.objects.get(), Body.objects.get()
    assert body.text == '{"a":[99999999999999999,"总线",null],"b":1}'
    assert hashlib.sha256(bytes(body.salt) + body.text.encode()).hexdigest() == entry.body_digest
    assert len(body.salt) == 16


def test_equal_bodies_have_different_digests(db):
    first, second = append({**LINE, "body": {"n": 1}}, {**LINE, "body": {"n": 1}})

    assert first.body_digest != second.body_digest


@pytest.mark.parametrize("text", ["nul \0 here", "half of a pair \ud800", "‮right to left", "x" * 100_000])
def test_any_text_can_be_recorded(db, text):
    append({**LINE, "object_name": text, "summary": text, "body": {"text": text, text: 1}})

    entry = Entry.objects.get()
    assert "\0" not in entry.object_name
    assert len(entry.object_name) <= 256
    assert len(Body.objects.get().text) < 10_000


class Watched(dict):
    """A body that notes whether a transaction is open when somebody reads it."""

    def __init__(self):
        super().__init__(n=1)
        self.seen = []

    def items(self):
        self.seen.append(connection.in_atomic_block)
        return super().items()


def test_a_body_is_made_ready_before_anybody_has_to_wait(committed_db):
    body = Watched()

    append({**LINE, "body": body})

    assert body.seen == [False]


def test_a_prepared_line_is_not_touched_again(committed_db):
    body = Watched()
    prepared = line(**LINE, body=body)
    body["n"] = 2

    with transaction.atomic():
        (entry,) = append(prepared)

    assert body.seen == [False]
    assert Body.objects.get().text == '{"n":1}'
    assert Entry.objects.get().body_digest == entry.body_digest


@pytest.mark.parametrize("lines", [1, 3])
def test_however_many_lines_they_are_numbered_and_written_in_three_statements(db, lines):
    with CaptureQueriesContext(connection) as captured:
        append(*[LINE] * lines)

    words = [query["sql"].split()[:3] for query in captured if not query["sql"].startswith("SAVEPOINT")]
    is_copied = connection.vendor == "postgresql" and lines > 1
    assert words[0] == ["SELECT", "seq,", "hash,"]
    assert words[1:] == [
        ["COPY", f'"{table}"', '("seq",'] if is_copied else ["INSERT", "INTO", f'"{table}"']
        for table in ("record_entry", "record_body")
    ]


def test_more_lines_than_one_statement_takes_are_written_too(db):
    append(*[LINE] * (ROWS_AT_ONCE + 1))

    assert Entry.objects.count() == Body.objects.count() == Head.objects.get().seq == ROWS_AT_ONCE + 1


def test_an_entry_comes_back_as_it_is_in_the_database(db):
    (returned,) = append({**LINE, "http_status": 200, "team_id": "x", "body": {"n": 1}})

    stored = Entry.objects.get()
    for field in Entry._meta.fields:
        assert getattr(returned, field.attname) == getattr(stored, field.attname), field.name


def test_nothing_to_append_is_nothing_written(db):
    assert append() == []
    assert Head.objects.get().seq == 0


@pytest.mark.parametrize("name", ["colour", "seq", "words", "body_digest"])
def test_a_line_takes_no_field_that_is_not_for_its_caller(name):
    with pytest.raises(TypeError, match=name):
        line(**LINE, **{name: "1"})


def test_times_rise_with_the_numbers_whenever_a_line_was_prepared(db):
    early = line(**LINE)
    append(LINE)
    append(early)

    times = list(Entry.objects.order_by("seq").values_list("at", flat=True))
    assert times == sorted(times)
