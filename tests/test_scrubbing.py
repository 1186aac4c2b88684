"""Secrets are found in a text in every form, in linear time, and nothing else is.

Would catch: a password in base64 beside its user, a key in capitals, a token with escaped slashes, a text cut
in the middle of a character, and a short password that turns every text into marks.
"""

import base64
import json
import re
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portal.scrubbing import Scrubber
from tests.support.quotes import forms, reads

SECRETS = {
    "key": "DemoSK00000000000000000000000000000Exmpl",
    "password": "Pa/ss w+rd&1é",
    "signs": "$$!!//??&&%%",
    "uuid": "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee",
    "token": "MIIe/x+" + "aB3/" * 200 + "==",
    "six": "aB3dE6",
    "percent": "a%41b%2Fc\\u0041",
    "not Latin": "пароль密码geheim",
}
MARK = "‹secret›"


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_found_in_every_form(name):
    secret = SECRETS[name]
    scrub = Scrubber({secret: MARK})
    for form, written in forms(secret).items():
        for before, after in (("", ""), ("wrong key ", " (7)"), ('{"k": "', '"}'), ("é密=", ";ü")):
            left = scrub.text(f"{before}{written}{after}")
            assert MARK in left, (form, left)
            assert not reads(left, secret), (form, left)
            for decode in (json.loads, base64.b64decode, bytes.fromhex):
                core = left.replace(MARK, "").strip("é密=;ü ")
                try:
                    plain = decode(core)
                except ValueError:
                    continue
                assert not reads(str(plain), secret), (form, left)
            assert left.startswith(before.rstrip("=")), (form, left)
            assert left.endswith(after.lstrip(";")), (form, left)


@pytest.mark.parametrize("name", SECRETS)
def test_a_json_value_is_scrubbed_in_its_texts_names_and_numbers(name):
    secret = SECRETS[name]
    value = {f"a {secret}": [1, None, True, {"b": f"{secret.upper()} {secret}"}], "c": "fine"}
    left = Scrubber({secret: MARK}).value(value, json.dumps(value).encode())
    assert left[f"a {MARK}"][3] == {"b": f"{MARK} {MARK}"}
    assert (left["c"], left[f"a {MARK}"][:3]) == ("fine", [1, None, True])
    assert Scrubber({"20261128": MARK}).value([20261128, 120261128], b"20261128") == [MARK, 120261128]


def test_several_secrets_are_told_apart_and_one_may_hold_another():
    scrub = Scrubber({"first-secret": "<1>", "second-one": "<2>", "first-secret-and-more": "<3>"})
    assert scrub.text("x first-secret y SECOND-ONE z first-secret-and-more") == "x <1> y <2> z <3>"


@pytest.mark.parametrize(
    ("secret", "text", "left"),
    [
        ("abc", "abc and abc", "abc and abc"),
        ("", "nothing", "nothing"),
        ("test", "test, tested, TEST, dGVzdA==.", "*, tested, TEST, *."),
        ("plant", "plants in plant 3, plant_id", "plants in * 3, *_id"),
        ("secret", "secure tokens; a secret", "secure tokens; a *"),
        ("se-cr", "se-cr, se cr, secret", "*, se cr, secret"),
    ],
)
def test_a_short_secret_leaves_other_words_alone(secret, text, left):
    assert Scrubber({secret: "*"}).text(text) == left


def test_what_is_kept_stays():
    scrub = Scrubber({"beefbeef": "*"}, kept=re.compile(rb"hmac:[0-9a-f]{16}"))
    assert scrub.text("hmac:beefbeef00000000 beefbeef") == "hmac:beefbeef00000000 *"


@given(st.text(), st.text(alphabet="aAbB%0\\u&#;/+ é密\ud800", min_size=4, max_size=12), st.text())
@example("%", "41aaaa", "")
@example("\\", "u0041bcd", "")
def test_any_text_comes_back_whole_or_without_the_secret(before, secret, after):
    left = Scrubber({secret: MARK}).text(before + secret + after)
    assert len(secret) < 6 or secret not in left
    assert Scrubber({"no-such-secret": MARK}).text(before + after) == before + after


BIG = 1_000_000
BODIES = {
    "objects": json.dumps([{"id": f"{number:08}", "name": f"pump {number}"} for number in range(25_000)]),
    "escapes": "%41" * (BIG // 3),
    "backslashes": "\\" * BIG,
    "base64": "QUJD" * (BIG // 4),
    "almost": SECRETS["key"][:-1] * (BIG // 40),
    "entities": "&#65;" * (BIG // 5),
}


@pytest.mark.parametrize("name", BODIES)
def test_the_time_grows_with_the_size_of_the_text(name):
    scrub = Scrubber(dict.fromkeys([SECRETS[each] for each in ("key", "uuid", "token")], MARK))
    seconds = []
    for size in (BIG // 16, BIG):
        body = BODIES[name][:size].encode()
        began = time.process_time()
        scrub.value("x", body)
        seconds.append(time.process_time() - began)
    assert seconds[1] < 2
    assert seconds[1] < max(40 * seconds[0], 0.5)
