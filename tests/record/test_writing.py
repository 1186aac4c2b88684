"""Writing the record.

Would catch: gaps or doubles in its numbers, half-written entries, a body whose digest does not prove it, and
a secret that reaches the database.
"""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import DatabaseError, connections, transaction
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from portal.record.models import Body, Entry, Head
from portal.record.redaction import fingerprint, redact
from portal.record.store import append

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
        append(LINE, {**LINE, "at": None})

    assert not Entry.objects.exists()
    assert not Body.objects.exists()
    assert Head.objects.get().seq == 0


def test_without_a_transaction_of_the_callers_it_is_all_or_none_too(committed_db):
    with pytest.raises(DatabaseError):
        append(LINE, {**LINE, "at": None})

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


SECRET = "hunter2-f00dcafe"
NAMES = [
    *(
        "password",
        "passwd",
        "Password",
        "PASSWORD",
        "user_pass",
        "secret",
        "deviceSecret",
        "app_secret",
        "secret_key",
    ),
    *(
        "token",
        "X-Auth-Token",
        "access_token",
        "security_token",
        "authorization",
        "Authorization",
        "signature",
    ),
    *(
        "sessionKey",
        "session_key",
        "appKey",
        "app_key",
        "access_key",
        "accessKey",
        "privateKey",
        "private_key",
    ),
    *("credentials", "ak", "sk", "AK", "SK", "cookie", "Set-Cookie", "api_key", "apikey"),
]
HARMLESS = ["bus_name", "statement", "resources", "deviceName", "group_id", "items", "0"]


def around(inner):
    harmless = st.sampled_from(HARMLESS)
    other = st.dictionaries(harmless, st.one_of(st.text(max_size=5), st.integers(), st.none()), max_size=2)
    return st.one_of(
        st.builds(lambda value, beside, name: {**beside, name: value}, inner, other, harmless),
        st.builds(lambda value, before: [*before, value], inner, st.lists(st.integers(), max_size=2)),
    )


PLANTED = st.recursive(
    st.builds(
        lambda name, value: {name: value},
        st.sampled_from(NAMES),
        st.sampled_from(
            [SECRET, [SECRET], {"value": SECRET}, {"deep": [{"er": SECRET}]}, f"Bearer {SECRET}"]
        ),
    ),
    around,
    max_leaves=6,
)


@examples(max_examples=300, deadline=None, database=None)
@given(PLANTED)
def test_a_secret_at_any_depth_leaves_no_trace_but_its_fingerprint(body):
    text = json.dumps(redact(body), ensure_ascii=False)

    assert SECRET not in text
    assert "hmac:" in text


def test_what_is_written_to_the_database_holds_no_secret(db):
    append(
        {**LINE, "body": {"request": {"headers": {"X-Auth-Token": SECRET}, "body": [{"password": SECRET}]}}}
    )
    append({**LINE, "body": {"named": SECRET}, "secrets": ["named"]})

    assert SECRET not in "".join(Body.objects.values_list("text", flat=True))


@pytest.mark.parametrize("value", [0, 1, 1234, 1.0, "0"])
def test_a_secret_that_is_a_number_is_taken_out_too(value):
    assert redact({"password": value})["password"] == fingerprint(value)


@pytest.mark.parametrize("value", [None, "", True, False])
def test_that_there_is_no_secret_may_be_seen(value):
    assert redact({"password": value}) == {"password": value}


@pytest.mark.parametrize("name", ["requireSecret", "productKey", "deviceKey", "product_key", "device_key"])
def test_names_that_only_look_secret_stay_readable(name):
    assert redact({name: "prodKey1"}) == {name: "prodKey1"}


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abc",
        "SDK-HMAC-SHA256 Access=DEMOAK0000000000EXMP, SignedHeaders=host, Signature=0123abcd",
    ],
)
def test_what_looks_like_a_secret_is_taken_out_wherever_it_stands(db, text):
    append({**LINE, "summary": text, "object_name": text, "body": {"description": text}})

    entry = Entry.objects.get()
    assert [entry.summary[:5], entry.object_name[:5]] == ["hmac:", "hmac:"]
    assert text[:40] not in Body.objects.get().text


def test_a_fingerprint_tells_equal_secrets_and_nothing_else():
    assert fingerprint("one") == fingerprint("one") != fingerprint("two")
    assert len(fingerprint("x" * 1000)) == len("hmac:") + 16
    assert hashlib.sha256(b"one").hexdigest()[:16] not in fingerprint("one")
