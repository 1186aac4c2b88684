"""The bytes that hashes cover are what RFC 8785 writes.

Would catch: a header that another program writes otherwise, and so cannot verify; two headers that differ and
have one hash.
"""

import json
from datetime import UTC, datetime
from uuid import uuid4

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.record import canonical
from portal.record.models import Entry
from portal.record.store import append, line

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
WHOLE = st.integers(-(2**53) + 1, 2**53 - 1)
MEMBERS = st.dictionaries(
    st.text(st.characters(min_codepoint=32, max_codepoint=126)), st.none() | TEXT | WHOLE, max_size=40
)


@given(MEMBERS)
def test_bytes_are_those_of_the_standard(members):
    assert canonical.header_bytes(members) == rfc8785.dumps(members)


FIELDS = st.fixed_dictionaries(
    dict.fromkeys(canonical.NAMES, TEXT)
    | {canonical.NAMES[place]: st.none() | WHOLE for place in canonical.NUMBERS}
    | {"at": st.datetimes(min_value=datetime(1000, 1, 1), timezones=st.just(UTC))}
    | {"id": st.uuids(), "version": st.just(canonical.VERSION)}
)


@settings(max_examples=25)
@given(FIELDS, WHOLE)
def test_the_fast_ways_write_the_same(fields, seq):
    fields["seq"] = seq
    members = canonical.header(fields)
    expected = canonical.header_bytes(members)
    late = {name: fields[name] for name in canonical.LATE}
    late |= {"key_id": "0a1b", "prev_hash": "2c3d"}

    plain = canonical.plain_bytes(list(members.values()))

    is_plain = not any("\\" in encoded(members[name]) for name in members if name != "words")
    assert (plain == expected) == is_plain
    framed = canonical.framed_bytes(canonical.frame(fields), **late)
    assert framed == canonical.header_bytes(canonical.header(fields | late))


def encoded(value):
    return json.dumps(value, ensure_ascii=False)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("actor", value) for value in (b"a", 1, None, 'a\\"b', "a\\nb")),
        *(("words", value) for value in (b"a", 1, None)),
        *(("attempt", value) for value in (b"1", "1", 1.0, 1.5, float("inf"))),
    ],
)
def test_what_no_header_has_is_not_taken_for_plain(name, value):
    values = dict.fromkeys(canonical.NAMES, "x") | {canonical.NAMES[at]: 1 for at in canonical.NUMBERS}

    assert canonical.plain_bytes(list(values.values())) == canonical.header_bytes(values)
    assert canonical.plain_bytes(list((values | {name: value}).values())) is None


@given(st.datetimes(min_value=datetime(1000, 1, 1)))
def test_a_time_has_six_digits_of_a_second(moment):
    text = canonical.stamp(moment.replace(tzinfo=UTC))
    assert len(text) == len("2026-11-30T06:40:55.000123Z")
    assert datetime.fromisoformat(text) == moment.replace(tzinfo=UTC)


def test_a_header_has_every_field_but_the_hash():
    newest = canonical.HEADER[canonical.VERSION]
    assert sorted(newest) == sorted({field.attname for field in Entry._meta.fields} - {"hash"})
    assert set(canonical.HEADER[1]) < set(newest)


@pytest.mark.parametrize("name", canonical.HEADER[canonical.VERSION])
def test_each_member_changes_the_hash(name):
    entry = {
        **line(stage="note", outcome="ok", actor="a", verb="v").fields,
        **{"seq": 1, "prev_hash": "", "key_id": "k", "at": datetime(2026, 11, 30, tzinfo=UTC)},
    }
    plain = canonical.header_bytes(canonical.header(entry))
    changed = dict(entry)
    if name == "version":
        changed[name] = 1
    elif name == "id":
        changed[name] = uuid4()
    elif name == "at":
        changed[name] = datetime(2026, 11, 30, microsecond=1, tzinfo=UTC)
    elif name in ("seq", "attempt", "http_status", "duration_ms"):
        changed[name] = 7
    else:
        changed[name] = f"{entry[name]}x"
    assert canonical.header_bytes(canonical.header(changed)) != plain


@pytest.mark.database
def test_a_header_is_the_same_however_it_is_read(db):
    append(
        {
            "stage": "note",
            "outcome": "ok",
            "actor": "米林",
            "verb": "v",
            "http_status": 200,
            "summary": "\u2028\x7f",
        }
    )
    entry = Entry.objects.get()
    fields = {field.attname: getattr(entry, field.attname) for field in Entry._meta.fields}
    content = canonical.header_bytes(canonical.header(fields))
    assert json.loads(content)["at"] == canonical.stamp(entry.at)
    assert canonical.chained(content, entry.key_id) == entry.hash
