"""Whatever somebody changes who has the database, the triggers' names and even the key, it is found.

Each change is made past the triggers, which are as before afterwards. Would catch: a column that pages show
and nothing checks, a cut end, an old backup, and a false alarm.
"""

import json
import random

import pytest
from django.db import connection

from portal.record import authorizing, findings, searching, verifying
from portal.record.findings import Result
from portal.record.models import Story
from portal.record.store import append
from tests.record import tampering
from tests.record.changes import CHANGES, delete, edit, search_index, search_text
from tests.support.processes import run_manage

pytestmark = pytest.mark.database
SMALL, LARGE = 30, 600


@pytest.fixture
def outside(settings, tmp_path):
    """The file outside the database that gets checkpoints."""
    path = tmp_path / "checkpoints.log"
    settings.CHECKPOINT_SINKS = [f"file:{path}"]
    return path


@pytest.fixture
def db_(databases, django_db_setup, django_db_blocker, outside):
    with django_db_blocker.unblock(), tampering.tamperer(databases, "tampered") as made:
        yield made


@pytest.fixture
def small(db_):
    tampering.fill(7, SMALL, every=10)
    assert verifying.verify().result == Result.GOOD
    db_.keep()
    return db_


@pytest.fixture
def large(db_):
    tampering.fill(8, LARGE, every=90)
    assert verifying.verify().result == Result.GOOD
    db_.keep()
    return db_


def found(db, change, seq):
    with db.at_work():
        expected = change(db, seq)
    report = verifying.verify()
    told = [each.said.plain for each in report.sorted]
    assert report.result == Result.TAMPERED, (seq, told)
    if expected is not None:
        assert report.first_bad == expected, (seq, told)
    assert not any(
        each.said.is_from(findings.TRIGGER_GONE, findings.TRIGGER_STRANGE) for each in report.findings
    )
    return report


def test_what_was_changed_is_found_and_named(small):
    """Each change at one place of a small record."""
    dice = random.Random(1)
    for change in CHANGES:
        found(small, change, dice.randrange(2, SMALL))
        small.restore()
    assert verifying.verify().result == Result.GOOD


def test_the_step_that_was_changed_is_named_and_not_the_first_of_its_act(small):
    step = Story.objects.filter(steps__gt=1, first_seq__gt=2).first().last_seq
    found(small, delete, step)
    small.restore()


@pytest.mark.full
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_what_was_changed_is_found_at_200_places(large, change):
    for seq in random.Random(2).sample(range(2, LARGE), 200):
        found(large, change, seq)
        large.restore()


@pytest.mark.parametrize("count", [1, 2, 11, SMALL])
def test_a_cut_end_is_found_with_a_checkpoint_outside(small, count):
    with small.at_work():
        tampering.cut(small, count)

    report = verifying.verify()

    assert report.result == Result.TAMPERED
    assert report.first_bad == SMALL - count + 1
    assert all(each.said.is_from(findings.COPY_AHEAD) for each in report.findings if each.is_sure)


@pytest.mark.full
def test_an_end_of_any_length_is_found(large):
    for count in range(1, 201):
        with large.at_work():
            tampering.cut(large, count)
        report = verifying.verify()
        assert (report.result, report.first_bad) == (Result.TAMPERED, LARGE - count + 1), count
        large.restore()


def test_without_a_copy_outside_nobody_could_tell(small, settings):
    """The checkpoint outside is what finds it: this is what the pages warn of."""
    with small.at_work():
        tampering.cut(small, 11)
    settings.CHECKPOINT_SINKS = []

    assert verifying.verify().result == Result.GOOD


@pytest.mark.parametrize("goes_on", [False, True])
def test_an_old_backup_is_found(small, goes_on):
    small.keep("backup")
    tampering.fill(9, 12, every=5)
    small.restore("backup")
    if goes_on:
        tampering.fill(10, 20, every=5)

    report = verifying.verify()

    assert (report.result, report.first_bad) == (Result.TAMPERED, SMALL + 1)


@pytest.mark.parametrize("change", ["missing", "strange"])
def test_a_trigger_that_is_not_right_is_named(small, change):
    with connection.cursor() as cursor, authorizing.lifted():
        if change == "missing":
            table = "" if small.is_sqlite else " ON record_entry"
            name = "record_entry_no_delete" if small.is_sqlite else "record_entry_no_change"
            cursor.execute(f"DROP TRIGGER {name}{table}")
        elif small.is_sqlite:
            name = "record_entry_sneaky"
            cursor.execute(f"CREATE TRIGGER {name} AFTER INSERT ON record_entry BEGIN SELECT 1; END")
        else:
            name = "record_entry_sneaky"
            does = "FOR EACH ROW EXECUTE FUNCTION record_is_append_only()"
            cursor.execute(f"CREATE TRIGGER {name} AFTER DELETE ON record_entry {does}")

    report = verifying.verify()

    assert report.result == Result.TAMPERED
    assert name in " ".join(each.said.plain for each in report.findings)


def clean(databases, seed, name):
    with tampering.tamperer(databases, name):
        dice = random.Random(seed)
        tampering.fill(seed, dice.randrange(1, 60), every=dice.randrange(1, 20))
        report = verifying.verify()
        assert report.result == Result.GOOD, [each.said.plain for each in report.findings]


def test_a_clean_record_raises_no_alarm(databases, django_db_setup, django_db_blocker, outside):
    with django_db_blocker.unblock():
        for seed in range(5):
            outside.unlink(missing_ok=True)
            clean(databases, seed, f"clean_{seed}")


@pytest.mark.full
def test_a_thousand_clean_records_raise_no_alarm(databases, django_db_setup, django_db_blocker, outside):
    with django_db_blocker.unblock():
        for seed in range(1000):
            outside.unlink(missing_ok=True)
            clean(databases, seed, f"clean_{seed}")


def test_the_command_says_it_with_its_exit_code(small, outside):
    asked = {"database": small.database, "PORTAL_CHECKPOINT_SINKS": f"file:{outside}"}
    good = run_manage("audit_verify", **asked)
    assert (good.returncode, good.stderr) == (0, "")
    assert "The record is intact." in good.stdout
    assert f"{SMALL} entries, {SMALL} bodies" in good.stdout

    other = run_manage("audit_verify", "--json", **asked, PORTAL_RECORD_KEY="0123456789abcdef" * 4)
    assert other.returncode == 2
    assert json.loads(other.stdout)["result"] == "unclear"

    with small.at_work():
        edit(small, 5)
    bad = run_manage("audit_verify", "--json", **asked)
    told = json.loads(bad.stdout)
    assert (bad.returncode, told["result"], told["first_bad"]) == (1, "tampered", 5)
    assert "Entry 5 was changed" in told["findings"][0]["text"]


def test_nothing_to_check_is_not_called_good(committed_db, outside):
    report = verifying.verify()

    assert report.result == Result.UNCLEAR
    sinks = {"PORTAL_CHECKPOINT_SINKS": f"file:{outside}"}
    assert run_manage("audit_verify", database=committed_db, **sinks).returncode == 2


@pytest.mark.parametrize("number", [2**62, 2**63 - 1])
def test_a_checkpoint_of_a_strange_number_does_not_keep_the_check_from_its_end(small, number):
    with small.at_work():
        small.run(
            "INSERT INTO record_checkpoint (number, size, root, head_hash, at, key_id, signature)"
            f" SELECT {number}, size, root, head_hash, at, key_id, signature FROM record_checkpoint"
            " WHERE number = 1"
        )

    assert verifying.verify().result == Result.TAMPERED


def test_a_forged_rule_that_names_no_number_does_not_keep_the_check_from_its_end(small):
    with small.at_work():
        small.run(
            "UPDATE record_entry SET verb = 'drop_bodies', outcome = 'done', object_id = 'x' WHERE seq = 5"
        )

    report = verifying.verify()

    assert report.result == Result.TAMPERED
    assert any(each.seq == 5 and each.said.is_from(findings.CHANGED) for each in report.findings)


@pytest.mark.parametrize(
    ("folding", "text", "result"),
    [
        ("1 99.0.0", "a bus \U0001f600", Result.UNCLEAR),  # a character that an older version did not know
        *(
            pytest.param(*each, marks=pytest.mark.full)
            for each in (
                ("1 99.0.0", "a bus 总线", Result.TAMPERED),  # no version of Unicode folds these otherwise
                ("0 99.0.0", "a bus", Result.UNCLEAR),  # other rules of the portal
                (searching.FOLDING, "a bus \U0001f600", Result.TAMPERED),
            )
        ),
    ],
)
@pytest.mark.parametrize("is_changed", [pytest.param(False, marks=pytest.mark.full), True])
def test_a_search_text_of_other_rules_raises_no_false_alarm(small, folding, text, result, is_changed):
    append({"stage": "note", "outcome": "ok", "actor": "a", "verb": "test", "object_name": text})
    tampering.anchor()
    with small.at_work():
        small.run("UPDATE record_body SET folding = %s", [folding])
        if is_changed:
            if small.is_sqlite:  # whose index then is that of the new text
                search_index(small, SMALL + 1)
            search_text(small, SMALL + 1)
            if small.is_sqlite:
                small.run(
                    "INSERT INTO record_search(rowid, search) SELECT seq, search FROM record_body"
                    f" WHERE seq = {SMALL + 1}"
                )

    report = verifying.verify()

    assert report.result == (result if is_changed else Result.GOOD)
    assert {each.seq for each in report.findings if each.seq} == ({SMALL + 1} if is_changed else set())


def test_a_lost_copy_is_said(small, outside):
    outside.unlink()

    report = verifying.verify()

    assert report.result == Result.UNCLEAR
    assert report.findings[0].said.is_from(findings.COPY_LACKS)


def test_a_forged_copy_is_found(small, outside):
    lines = outside.read_text().splitlines()
    told = json.loads(lines[1])
    lines[1] = json.dumps({**told, "size": told["size"] - 1})
    outside.write_text("\n".join([*lines, '{"number": 9', ""]))

    report = verifying.verify()

    assert report.result == Result.TAMPERED
    assert report.findings[0].said.plain.startswith("Line 2 of ")
