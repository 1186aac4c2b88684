"""Whatever somebody changes who has the database, the triggers' names and even the key, it is found.

Each change is made past the triggers, which are as before afterwards. Would catch: a column that pages show
and nothing checks, a cut end, an old backup, and a false alarm.
"""

import json
import random

import pytest
from django.db import connection

from portal.record import authorizing, findings, verifying
from portal.record.findings import Result
from tests.record import tampering
from tests.record.tampering import LAST
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


TEXTS = (
    *("actor_id", "actor", "via", "team_id", "team", "connection_id", "connection", "platform", "kind"),
    *("verb", "object_id", "object_scope", "object_name", "operation", "correlation", "platform_code"),
    *("platform_request_id", "reason", "ticket", "summary", "words", "stage", "outcome", "body_digest"),
    *("prev_hash", "hash"),
)


def edit(db, seq):
    column = TEXTS[seq % len(TEXTS)]
    db.run(f"UPDATE record_entry SET {column} = 'forged' WHERE seq = {seq}")
    return seq if column != "hash" else None


def edit_number(db, seq):
    column = ["http_status", "duration_ms", "attempt", "version"][seq % 4]
    db.run(f"UPDATE record_entry SET {column} = 99 WHERE seq = {seq}")
    return seq


def edit_time(db, seq):
    db.run(f"UPDATE record_entry SET at = '2020-01-01 00:00:00.000001+00' WHERE seq = {seq}")
    return seq


def forget_status(db, seq):
    value = "NULL" if db.one(f"SELECT http_status FROM record_entry WHERE seq = {seq}")[0] else "200"
    db.run(f"UPDATE record_entry SET http_status = {value} WHERE seq = {seq}")
    return seq


def other_key(db, seq):
    db.run(f"UPDATE record_entry SET key_id = '00000000' WHERE seq = {seq}")


def delete(db, seq):
    db.run(f"DELETE FROM record_entry WHERE seq = {seq}")
    db.run(f"DELETE FROM record_body WHERE seq = {seq}")
    return seq


def delete_and_close_the_gap(db, seq):
    delete(db, seq)
    for table in ("record_entry", "record_body"):
        db.run(f"UPDATE {table} SET seq = -seq WHERE seq > {seq}")
        db.run(f"UPDATE {table} SET seq = -seq - 1 WHERE seq < 0")
    db.run(f"UPDATE record_head SET seq = {LAST}")


def insert(db, seq):
    names = tampering.reading.NAMES
    taken = [
        name if name not in ("seq", "id") else {"seq": f"{LAST} + 1", "id": "%s"}[name] for name in names
    ]
    id = "0" * 28 + "beef"
    db.run(
        f"INSERT INTO record_entry ({', '.join(names)}, hash) SELECT {', '.join(taken)}, hash"
        f" FROM record_entry WHERE seq = {seq}",
        [id],
    )
    db.run(f"UPDATE record_head SET seq = {LAST}")


def reorder(db, seq):
    for table in ("record_entry", "record_body"):
        db.run(f"UPDATE {table} SET seq = -1 WHERE seq = {seq}")
        db.run(f"UPDATE {table} SET seq = {seq} WHERE seq = {seq} - 1")
        db.run(f"UPDATE {table} SET seq = {seq} - 1 WHERE seq = -1")
    return seq - 1


def swap_bodies(db, seq):
    columns = ("text", "salt", "search")
    one, other = (
        db.one(f"SELECT {', '.join(columns)} FROM record_body WHERE seq = {each}") for each in (seq, seq - 1)
    )
    for values, each in ((one, seq - 1), (other, seq)):
        db.run(f"UPDATE record_body SET text = %s, salt = %s, search = %s WHERE seq = {each}", list(values))
    return seq - 1


def edit_body(db, seq):
    db.run(f"UPDATE record_body SET text = '{{}}' WHERE seq = {seq}")
    return seq


def empty_body(db, seq):
    db.run(f"UPDATE record_body SET text = '', salt = '' WHERE seq = {seq}")
    return seq


def delete_body(db, seq):
    db.run(f"DELETE FROM record_body WHERE seq = {seq}")
    return seq


def search_text(db, seq):
    db.run(f"UPDATE record_body SET search = 'nothing to see' WHERE seq = {seq}")
    return seq


def search_index(db, seq):
    if db.is_sqlite:
        db.run(
            "INSERT INTO record_search(record_search, rowid, search)"
            f" SELECT 'delete', seq, search FROM record_body WHERE seq = {seq}"
        )
    else:
        db.run("DROP INDEX record_body_search")
        db.run(
            "CREATE INDEX record_body_search ON record_body USING gin (search gin_trgm_ops)"
            f" WHERE seq <> {seq}"
        )


def _story(db, seq):
    """The list row that the entry belongs to, or another one."""
    return db.one(f"SELECT max(first_seq) FROM record_story WHERE first_seq <= {seq}")[0]


def story_steps(db, seq):
    db.run(f"UPDATE record_story SET steps = steps + 1 WHERE first_seq = {_story(db, seq)}")
    return _story(db, seq)


def story_end(db, seq):
    db.run(f"UPDATE record_story SET last_seq = last_seq + 1 WHERE first_seq = {_story(db, seq)}")
    return _story(db, seq)


def story_facet(db, seq):
    """Shown under somebody else's filters; the counts are right again."""
    story = _story(db, seq)
    db.run(
        "UPDATE record_story SET facet_id = (SELECT id FROM record_facet f"
        f" WHERE f.id <> record_story.facet_id ORDER BY count DESC LIMIT 1) WHERE first_seq = {story}"
    )
    tampering.count_again(db)
    return story


def story_gone(db, seq):
    story = _story(db, seq)
    db.run(f"DELETE FROM record_story WHERE first_seq = {story}")
    return story


def story_more(db, seq):
    db.run(
        "INSERT INTO record_story (first_seq, last_seq, steps, operation, facet_id)"
        f" SELECT {LAST} + {seq}, last_seq, steps, NULL, facet_id FROM record_story WHERE first_seq = 1"
    )


def facet_count(db, seq):
    db.run(
        "UPDATE record_facet SET count = count + 1 WHERE id ="
        f" (SELECT facet_id FROM record_story WHERE first_seq = {_story(db, seq)})"
    )


def facet_name(db, seq):
    db.run(
        "UPDATE record_facet SET actor_id = 'somebody' WHERE id ="
        f" (SELECT facet_id FROM record_story WHERE first_seq = {_story(db, seq)})"
    )


def head_back(db, seq):
    db.run(f"UPDATE record_head SET seq = {seq} - 1")
    return seq - 1


def head_hash(db, seq):
    db.run("UPDATE record_head SET hash = 'forged'")
    return db.one(f"SELECT {LAST}")[0]


def rewrite(db, seq):
    tampering.rewrite(db, seq, reason="never said")
    db.run("DELETE FROM record_tile")


def rewrite_without_checkpoints(db, seq):
    rewrite(db, seq)
    db.run("DELETE FROM record_checkpoint")
    db.run("UPDATE record_sink SET delivered = 0")


def change_a_checkpoint(db, seq):
    db.run("UPDATE record_checkpoint SET root = head_hash WHERE number = 2")


def delete_a_checkpoint(db, seq):
    db.run("DELETE FROM record_checkpoint WHERE number = 2")


CHANGES = (
    *(edit, edit_number, edit_time, forget_status, other_key, delete, delete_and_close_the_gap, insert),
    *(reorder, swap_bodies, edit_body, empty_body, delete_body, search_text, search_index),
    *(story_steps, story_end, story_facet, story_gone, story_more, facet_count, facet_name),
    *(head_back, head_hash, rewrite, rewrite_without_checkpoints, change_a_checkpoint, delete_a_checkpoint),
)


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

    other = run_manage("audit_verify", "--json", **asked, PORTAL_RECORD_KEY="another-key-of-the-chain")
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
    assert run_manage("audit_verify", database=committed_db).returncode == 2


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
