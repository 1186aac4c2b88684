"""What the portal says is kept as code and parameters, and read in the language of whoever reads."""

import subprocess
import sys
from datetime import UTC, datetime

import pytest
from django.conf import settings

from portal import words
from portal.words import Said, Sentence, from_json, to_json

BUSY = Sentence("test.busy", "%(person)s is busy until %(time)s: %(why)s")
LATE = Sentence("test.late", "it is late")


def test_a_said_comes_back_from_its_column_as_it_was():
    at = datetime(2026, 11, 28, 9, 30, tzinfo=UTC)
    said = BUSY(person="ann@example.test", time=at, why=LATE())
    kept = from_json(to_json(said))
    assert kept == said
    assert str(kept) == "ann@example.test is busy until 2026-11-28 09:30:00 UTC: it is late"


def test_each_reader_gets_their_own_language(monkeypatch):
    monkeypatch.setattr(words, "translate", {"it is late": "es ist spät"}.get)
    assert str(LATE()) == "es ist spät"


def test_texts_from_outside_turn_no_sentence_and_are_kept_as_they_were():
    said = BUSY(person="a\u202eb", time="\u05e9\u05dc", why=BUSY(person="\u200b", time=1, why="ok"))
    assert str(said) == "a[U+202E]b is busy until \u2068\u05e9\u05dc\u2069: [U+200B] is busy until 1: ok"
    assert said.plain == "a\u202eb is busy until \u05e9\u05dc: \u200b is busy until 1: ok"
    assert from_json(to_json(said)) == said


@pytest.mark.parametrize(
    "said", [Said("test.unknown", {"a": 1}), Said("test.busy", {"person": "ann"}), Said("test.busy")]
)
def test_what_an_older_or_newer_version_kept_is_still_shown(said):
    assert str(said) == said.code


@pytest.mark.parametrize("value", [None, "", "text", {}, {"code": 1}, [], {"params": {}}])
def test_what_is_no_said_is_none(value):
    assert from_json(value) is None


def test_two_sentences_never_share_a_code():
    with pytest.raises(ValueError, match="test.late"):
        Sentence("test.late", "it is early")


def test_a_command_knows_the_sentences_of_rooms_that_it_does_not_use():
    script = """
import django; django.setup()
from portal.words import Said
for code in ("operation.stopped_before", "access.admins_only", "look.id_missed"):
    print(Said(code))
"""
    command = [sys.executable, "-c", script]
    ended = subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines() == [
        "The portal stopped before this was sent. Nothing was sent.",
        "Only portal administrators can create teams and switch accounts on and off.",
        "The platform does not have the id that was sent.",
    ]
