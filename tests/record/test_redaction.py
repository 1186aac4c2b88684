"""Secrets are taken out before anything is written.

Would catch: a secret that reaches the database, two fingerprints of one secret, a text whose redaction takes
minutes, a fingerprint that is taken for a text.
"""

import hashlib
import json
import re
import time

import pytest
from hypothesis import example, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from portal.record import redaction
from portal.record.models import Body, Entry
from portal.record.redaction import fingerprint, redact, secrets_in, without
from portal.record.store import append
from portal.words import Said

LINE = {"stage": "note", "outcome": "ok", "actor": "a@example.test", "verb": "test"}
SECRET = "hunter2-f00dcafe"
NAMES = (
    "password Passwd user_pass deviceSecret secret_key X-Auth-Token signature sessionKey ak cookie".split()
)
HARMLESS = ["bus_name", "statement", "resources", "deviceName", "group_id", "items", "0"]
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIE"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abc"
SIGNED = "SDK-HMAC-SHA256 Access=DEMOAK0000000000EXMP, SignedHeaders=host, Signature=0123abcd"
OWN = f"iot_{'0af1' * 8}_{'89ef' * 16}_0123abcd"  # a token of the portal's API
LOOKALIKE = "hmac:0123456789abcdef"


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


# Texts around the limit of `redact(longest=400)`, whole and cut, and pieces of what looks like a secret.
PIECES = st.sampled_from(
    [KEY, JWT, SIGNED, OWN, LOOKALIKE, "Access=x", "Signature=", "\ud800", "ü", "eyJabcdefgh.abcdefgh"]
)
LONG = st.builds(lambda piece, times, end: (piece * times)[:394] + end, PIECES, st.integers(1, 400), PIECES)
TEXTS = st.one_of(
    st.text(max_size=20), PIECES, LONG, st.builds("".join, st.lists(st.one_of(LONG, PIECES), max_size=4))
)
TEXTS = st.one_of(TEXTS, TEXTS.map(lambda text: redact(text, longest=400)))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), TEXTS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.one_of(st.sampled_from([*NAMES, *HARMLESS, "requireSecret"]), TEXTS), inner, max_size=4
        ),
    ),
    max_leaves=12,
)


@examples(max_examples=500, deadline=None, database=None)
@given(VALUES, st.sampled_from([400, None]))
@example("x" * 389 + "eyJabcdefgh.abcdefgh and more", 400)  # cut, its end would look like a token
@example("/a?token=b&" + "x" * 360 + "&key_id=1&accessToken=" + "hunter2" * 9, 400)
@example("/a?" + "x" * 380 + "&token=hunter2-and-more&b=1", 400)
@example("/a?" + "x" * 390 + "&token=hunter2", 400)
@example("/a?token=%E2%80%A6&password=%&pin==1&secret=a=b", 400)
@example({"passwords" * 100: "x"}, 400)
@example({"x" * 395 + "pass" + "enger": "x"}, 400)
def test_what_was_redacted_stays_as_it_is(value, longest):
    once = redact(value, longest=longest)

    assert redact(once, longest=longest) == once


def test_one_secret_has_one_fingerprint_however_often_it_passes():
    body = {"password": SECRET, "long": "x" * 5000}

    assert redact(redact(redact(body)))["password"] == fingerprint(SECRET)
    assert redact(redact(body))["long"] == redact(body)["long"]


def test_a_name_that_is_secret_here_only_is_fingerprinted_once():
    body = redact({"named": SECRET}, secrets={"named"})

    assert redact(body, secrets={"named"}) == redact(body) == {"named": fingerprint(SECRET)}


QUERIES = {
    "/v5/things?limit=10&accessToken=hunter2-4711&name=a": ("limit=10", "name=a"),
    "https://h.example.test/a?user%50assword=hunter2%2D4711#part": ("https://h.example.test/a", "#part"),
    "see /in?x=1&amp;token=hunter2-4711 and more": ("see /in?x=1", " and more"),
    "user=a&password=hunter2-4711": ("user=a",),
}


@pytest.mark.parametrize("text", QUERIES)
def test_a_secret_in_the_query_of_an_address_is_taken_out_by_its_name(text):
    shown = redact({"attempts": [{"path": text}]})["attempts"][0]["path"]

    assert "hunter2" not in shown
    assert f"={fingerprint('hunter2-4711')}" in shown
    assert all(part in shown for part in QUERIES[text])
    assert redact(shown) == shown
    assert secrets_in({"path": text}) == {"hunter2-4711"}


def test_what_a_query_shows_to_everybody_stays():
    text = "/things?sort_key=a&productKey=b&token=&is it a password=no? token=4 and 1 & pin=1"

    assert redact(text) == text


def test_what_only_looks_like_a_fingerprint_stays_as_it_is():
    body = {"password": LOOKALIKE, "note": LOOKALIKE}

    assert redact(body) == body
    assert secrets_in(body) == set()
    assert redact({"password": f" {LOOKALIKE}"})["password"] != f" {LOOKALIKE}"
    assert redact({"password": LOOKALIKE.upper()})["password"] != LOOKALIKE.upper()


def test_no_secret_hides_behind_the_end_of_a_shortened_text():
    end = redact("x" * 5000)[4096:]

    assert redact((JWT + "x" * 4096)[:4096] + end) == fingerprint((JWT + "x" * 4096)[:4096] + end)
    assert len(redact("x" * 100_000 + end)) == len(redact("x" * 100_000))


def test_a_shortened_text_in_which_a_secret_was_replaced_is_not_shortened_again():
    shown = without(redact({"text": "abcd" + "x" * 9000}), {"abcd"})

    assert shown["text"].startswith("hmac:")
    assert redact(shown) == shown


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


@pytest.mark.parametrize(
    "text", [KEY, JWT, SIGNED, f"Authorization: {SIGNED}\nend", f"token-{JWT}", f"({JWT})"]
)
def test_what_looks_like_a_secret_is_taken_out_wherever_it_stands(db, text):
    append({**LINE, "summary": text, "object_name": text, "body": {"description": text, text: 1}})

    entry = Entry.objects.get()
    assert [entry.summary[:5], entry.object_name[:5]] == ["hmac:", "hmac:"]
    body = json.loads(Body.objects.get().text)
    assert body["description"] == fingerprint(text)
    assert set(body) == {"description", fingerprint(text)}


def test_a_token_of_the_api_is_taken_out_of_the_text_around_it(db):
    texts = [f"by {OWN}!", f"/api/v1/?q={OWN}&a=1", f"{OWN}{OWN}", f"'{OWN}' and password=1?{OWN}"]
    append(
        *({**LINE, "reason": text, "summary": text, "body": {"note": text, text: [text]}} for text in texts)
    )

    stored = [str(each) for each in (*Entry.objects.values_list(), *Body.objects.values_list())]
    assert not [each for each in stored if OWN.split("_")[2] in each]
    assert redact(texts[0]) == f"by {fingerprint(OWN)}!"
    assert redact("x" * 380 + OWN, longest=400).startswith("x" * 380 + "hmac:")
    assert secrets_in({"a": [texts[3]]}) >= {OWN}


@pytest.mark.parametrize(
    "text", ["Access=x\nSignature=y", "Signature=y Access=x", "eyJ.eyJ.", "xeyJabcdefgh.abcdefgh."]
)
def test_what_looks_like_half_a_secret_stays(text):
    assert redact(text) == text


def test_a_fingerprint_tells_equal_secrets_and_nothing_else():
    assert fingerprint("one") == fingerprint("one") != fingerprint("two")
    assert len(fingerprint("x" * 1000)) == len("hmac:") + 16
    assert hashlib.sha256(b"one").hexdigest()[:16] not in fingerprint("one")


# Texts that somebody wrote to make the search for secrets slow; with backtracking each takes minutes.
SLOW = {
    "tokens without an end": "-eyJ" * 50_000,
    "a token after every dot": "eyJabcdefghi." + "eyJabcdef." * 20_000,
    "keys without a signature": "Access=x " * 20_000 + "Signature=",
    "keys on lines": "Access=x\n" * 20_000 + "Signature=",
    "beginnings of a private key": "-----BEGIN " * 20_000 + "PRIVATE KEY-----",
    "a private key of endless kind": "-----BEGIN " + "A" * 200_000 + "PRIVATE KEY-----",
    "no letter of ASCII": "ü" * 200_000,
    "queries without a value": "?" + "a" * 200_000,
    "beginnings of queries": "?a&" * 70_000 + "=",
    "many queries": "&token=1" * 25_000,
    "beginnings of tokens of the API": "iot_0af1" * 25_000,
    "tokens of the API without an end": f"{OWN[:-1]}x" * 2_000,
}


@pytest.mark.parametrize("text", SLOW.values(), ids=SLOW)
def test_no_text_makes_redaction_slow(text):
    begin = time.process_time()
    for value in (text, {text: text}, {"password": text}):
        redact(value)
        redact(value, longest=None)
        without(value, secrets_in(value) | {"hunter2", SECRET})

    assert time.process_time() - begin < 2


def test_a_long_secret_that_almost_occurs_makes_nothing_slow():
    begin = time.process_time()
    without("a" * 199_999 + "hunter2", {"a" * 200_000, "hunter2"})

    assert time.process_time() - begin < 2


def test_a_large_answer_with_many_secrets_takes_no_longer_for_each():
    answer = {"devices": [{"id": f"d-{number}", "secret": f"secret-{number}"} for number in range(20_000)]}
    begin = time.process_time()
    secrets = secrets_in(answer)
    shown = without(answer, secrets)

    assert time.process_time() - begin < 4
    assert len(secrets) == 20_000
    assert shown == redact(answer)


# Texts without the secrets that were sent


def test_a_quoted_secret_is_replaced_and_the_longest_first():
    shown = without({"message": "bad secret: abcdef", "abcd": ["abcde", 5]}, {"abcd", "abcdef", "abc"})

    assert shown == {
        "message": f"bad secret: {fingerprint('abcdef')}",
        fingerprint("abcd"): [f"{fingerprint('abcd')}e", 5],
    }


@pytest.mark.parametrize("many", [False, True])
def test_a_fingerprint_is_not_searched_for_secrets(many):
    secrets = {"hmac", "0123", "cdef"} | (ENOUGH if many else set())

    assert without(f"{LOOKALIKE} 0123{LOOKALIKE}", secrets) == f"{LOOKALIKE} {fingerprint('0123')}{LOOKALIKE}"


ENOUGH = {f"another-{number}" for number in range(redaction.FEW)}  # to be many, with the others


@examples(max_examples=300, deadline=None, database=None)
@given(
    st.lists(st.sampled_from([*"abh", LOOKALIKE]), max_size=60).map("".join),
    st.sets(st.text("abh", min_size=4, max_size=8), min_size=1, max_size=8),
)
def test_few_or_many_secrets_are_replaced_from_the_left_the_longest_first(text, secrets):
    pattern = re.compile("|".join([LOOKALIKE, *sorted(secrets, key=len, reverse=True)]))
    expected = pattern.sub(lambda match: match[0] if match[0] == LOOKALIKE else fingerprint(match[0]), text)

    assert without(text, secrets) == expected
    assert without(text, secrets | ENOUGH) == expected


def test_the_parameters_of_a_sentence_are_searched_too():
    said = Said("busy", {"why": Said("quoted", {"text": f"busy: {SECRET}"}), "count": 3})

    assert without(said, {SECRET, "busy"}) == Said(
        "busy",
        {"why": Said("quoted", {"text": f"{fingerprint('busy')}: {fingerprint(SECRET)}"}), "count": 3},
    )


def test_secrets_are_found_by_name_and_by_look():
    data = {
        "password": SECRET,
        "nested": {"token": [{"a": 12345, "b": None, "c": "abc"}]},
        "note": JWT,
        "name": "x" * 9,
    }

    assert secrets_in(data) == {SECRET, "12345", JWT}
