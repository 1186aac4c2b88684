"""The text that an entry is found by: the fast way to write it writes what the rules say.

Would catch: an entry that cannot be found by its own name, and a change of the rules that is not numbered, of
which a check would say that all search texts were tampered with.
"""

import hashlib
import re
from unicodedata import unidata_version

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.outside import folded
from portal.record import searching

# Letters with marks, letters that are two, blanks, and what is left out.
ODD = (
    'aeiIsn<>"; K\u0301\u0307\u0338\u0345\u0131\u0130\u200d\u00ad\u034f\ufe0f\u00df\u1e9e\u03a3\u03c2\uff21'
    "\u3000\u00a8\u1161\u11a8\u1100\uac00\u212b\ufb01\u2028\x01\n\t\u4e2d\U0001f600\u0344\u0958\u0390\u1fb7"
    "\u00b5\u01c4\u0149\u1e96\u3099\u304b\u115f\u2800"
)


def by_the_rules(text):
    return re.sub(r"[^\x00-\x7f]", lambda found: f"u{ord(found[0]):04x}", folded(text))


@given(st.text(st.sampled_from(ODD), max_size=9) | st.text(max_size=20))
def test_the_fast_way_writes_what_the_rules_say(text):
    assert searching.written(text) == by_the_rules(text)


@pytest.mark.full
def test_the_fast_way_is_right_for_each_character_and_what_stands_beside_it():
    for number in {*range(0x80, 0x110000)} - {*range(0xD800, 0xE000)}:
        character = chr(number)
        for text in (f"a{character}", f"I{character}\u0301b"):
            assert searching.written(text) == by_the_rules(text), ascii(text)


def test_the_rules_have_a_number():
    """If this fails, what is searched is written otherwise than before: see searching.RULES."""
    body = '{"a":"Ａ İ ß 总线 \\"quoted\\" back\\\\slash  x\u0301","n":[1,null]}'
    text = searching.text({"actor": "Mei", "team": "Mei", "object_name": "Bus\u00a01 \u200d"}, body)
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    assert (searching.RULES, digest) == (1, "97b94fb4d14c347c")
    assert f"{searching.RULES} {unidata_version}" == searching.FOLDING
