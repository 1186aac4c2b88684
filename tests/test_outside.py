"""What counts as a character that is not seen, and how text from outside stands in plain text."""

import sys
import unicodedata

import pytest

from portal.outside import MARKED, folded, isolated, name_or_id, parts, readable, shortened, shows_nothing

# Format characters that are drawn: signs of number, of verses, and of hieroglyphs.
DRAWN = {*"\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"}


def test_every_control_and_format_character_is_marked():
    unmarked = []
    for number in range(sys.maxunicode + 1):
        character = chr(number)
        unseen = unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")
        drawn = character in DRAWN or 0x13430 <= number <= 0x1345F
        if unseen and not drawn and character not in "\t\n" and not MARKED.fullmatch(character):
            unmarked.append(f"U+{number:04X}")
    assert unmarked == []


@pytest.mark.parametrize(
    "text", ["a\u200cb", "а\u200dб", "a\ufe0f", "x\ry", "\u200d", "e\u034f", "\U000e0041"]
)
def test_a_character_that_is_not_seen_where_it_stands_is_marked(text):
    assert any(mark for _piece, mark in parts(text))


@pytest.mark.parametrize(
    "text",
    [
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian: without it the letters join
        "\u0915\u094d\u200d\u0937",  # Devanagari: a half letter
        "\U0001f468\u200d\U0001f469\u200d\U0001f467",
        "\u2764\ufe0f 1\ufe0f\u20e3",
        "\u845b\U000e0100",
        "a\tb\r\nc",
        "\u6cf5\u3000\u7ad9",
    ],
)
def test_characters_that_do_their_honest_work_are_not_marked(text):
    assert not any(mark for _piece, mark in parts(text))
    assert not shows_nothing(text)


def test_plain_text_is_marked_and_isolated_only_where_it_must_be():
    assert isolated("pump-1 <b>") == "pump-1 <b>"
    assert isolated("pump\u202eA") == "pump[U+202E]A"
    assert isolated("\u05e9 \u2069") == "\u2068\u05e9 [U+2069]\u2069"


def test_a_sentence_keeps_what_it_isolated_and_marks_the_rest():
    sentence = f"{isolated(chr(0x5E9))} said \u202ethis\u2068"
    assert readable(sentence) == "\u2068\u05e9\u2069 said [U+202E]this[U+2068]"


def test_a_name_that_shows_nothing_is_not_used():
    assert name_or_id(" \u200b", "17") == name_or_id(None, 17) == "17"
    assert name_or_id("0", "17") == "0"


def test_a_shortened_text_says_so():
    assert shortened("abc", 3) == "abc"
    assert shortened("abcd", 3) == "ab…"


def test_folding_is_stable():
    for text in ("Stra\u00dfe", "\u0130\u0131Ii", "\uff21\u0301", "\u1e9e", "\u0345\u0399", "a\u0315\u0300"):
        assert folded(folded(text)) == folded(text)
