"""What the portal says of an entry is stored as code and parameters.

Would catch: a sentence in the language of whoever wrote it, a secret in a parameter, triggers or entries that
the migration loses.
"""

import json
from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from portal import words
from portal.record import authorizing, guards
from portal.record.migrations import _append_only
from portal.record.models import Entry
from portal.record.redaction import fingerprint
from portal.record.store import WORDS_MAX, append
from portal.teams.models import Role
from portal.words import Said, Sentence

LINE = {"stage": "note", "outcome": "ok", "actor": "a@example.test", "verb": "test"}
LATE = Sentence("test.record_late", "%(person)s came at %(time)s")
WHY = Sentence("test.record_why", "it failed: %(why)s")
AT = datetime(2026, 11, 28, 9, 30, tzinfo=UTC)
SECRET = "hunter2-f00dcafe"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abc"


def stored(**fields):
    append(LINE | fields)
    return Entry.objects.get()


def test_a_sentence_is_stored_by_its_code_and_read_in_the_readers_language(db, monkeypatch):
    entry = stored(said=LATE(person="ann", time=AT))

    assert entry.summary == ""
    assert json.loads(entry.words)["code"] == "test.record_late"
    assert entry.text == "ann came at 2026-11-28 09:30:00 UTC"
    monkeypatch.setattr(words, "translate", {"%(person)s came at %(time)s": "%(time)s: %(person)s"}.get)
    assert entry.text == "2026-11-28 09:30:00 UTC: ann"


def test_words_of_a_platform_stay_a_text(db):
    entry = stored(said="The name 'x' exists.")

    assert (entry.words, entry.summary, entry.text) == ("", "The name 'x' exists.", "The name 'x' exists.")


def test_a_summary_that_is_given_stays_beside_the_sentence(db):
    entry = stored(said=WHY(why="x"), summary="platform text")

    assert (entry.summary, entry.text) == ("platform text", "it failed: x")


def test_an_entry_without_a_sentence_shows_its_summary(db):
    assert stored(summary="old text").text == "old text"


@pytest.mark.parametrize(
    "said",
    [
        Said("test.record_why", {"why": JWT}),
        Said("test.record_why", {"why": "x", "password": SECRET}),
        Said("test.record_why", {"why": Said("test.record_why", {"why": "x", "wifi_key": SECRET})}),
        Said("test.record_why", {"why": ["x", JWT]}),
    ],
    ids=["by look", "by name", "in a sentence in it", "in a list"],
)
def test_no_secret_slips_in_by_a_parameter(db, said):
    entry = stored(said=said)

    assert SECRET not in entry.words
    assert JWT not in entry.words
    assert "hmac:" in entry.words


def test_a_parameter_that_was_redacted_before_stays_as_it_is(db):
    entry = stored(said=WHY(why="wrong", token=fingerprint(SECRET)))

    assert json.loads(entry.words)["params"]["token"] == fingerprint(SECRET)


def test_a_long_parameter_is_shortened(db):
    entry = stored(said=WHY(why="x" * 100_000))

    assert len(entry.words) < 1000
    assert entry.text.startswith("it failed: xxx")
    assert "(100000 characters" in entry.text


def test_a_sentence_that_is_too_long_becomes_a_text_without_its_secrets(db):
    entry = stored(said=WHY(why=JWT, **{f"param_{number}": "x" * 300 for number in range(WORDS_MAX // 300)}))

    assert entry.words == ""
    assert entry.summary == entry.text == f"it failed: {fingerprint(JWT)}"


def test_any_text_can_be_a_parameter(db):
    entry = stored(said=WHY(why="nul \0, half of a pair \ud800, ‮right to left"))

    kept = json.loads(entry.words)["params"]["why"]
    assert kept == "nul \0, half of a pair ?, \u202eright to left"
    assert entry.text == "it failed: nul [U+0000], half of a pair ?, [U+202E]right to left"


def test_reviewers_read_the_sentence(plant):
    (entry,) = append(LINE | {"team_id": str(plant.team.pk), "said": WHY(why="<b>no</b>")})

    page = plant.browser(Role.AUDITOR).get(f"/audit/{entry.seq}/").content.decode()

    assert "it failed: &lt;b&gt;no&lt;/b&gt;" in page


def migrated(name):
    """The app registry after the record's migration of that name; no signal puts triggers back here."""
    executor = MigrationExecutor(connection)
    executor.migrate([("record", name)])
    return executor.loader.project_state([("record", name)]).apps


@pytest.fixture
def lifted(committed_db):
    with authorizing.lifted():
        yield


def test_the_migrations_keep_entries_and_leave_the_record_append_only(lifted):
    old = migrated("0002_head").get_model("record", "Entry")
    _append_only.install()
    old.objects.create(
        seq=1, at=timezone.now(), stage="note", outcome="ok", actor="a", verb="v", summary="text"
    )
    connection.cursor().execute("UPDATE record_head SET seq = 1")

    for name in ("0003_words", "0004_objects_within_a_scope", "0005_chain"):
        migrated(name)
        for statement in ("UPDATE record_entry SET verb = 'x'", "DELETE FROM record_entry"):
            with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
                connection.cursor().execute(statement)

    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())
    guards.install()
    assert guards.missing() == guards.strangers() == []
    entry = Entry.objects.get()
    assert (entry.seq, entry.summary, entry.words, entry.text) == (1, "text", "", "text")
