"""Ways round append-only that SQL offers, through the portal's own connection: all are refused.

On PostgreSQL they are tried as the role that docs/audit.md gives the portal, which owns no table, and those
that need no ownership as the owner, too. What somebody does who owns the file or the tables is for the chain
to show (test_tampering.py).
"""

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from portal.record import guards
from portal.record.models import Body, Checkpoint, Entry, Facet, Head, Story, Tile
from portal.record.store import append
from tests.support.plugin import engine

pytestmark = pytest.mark.database
LINE = {"stage": "note", "outcome": "ok", "actor": "a@example.test", "verb": "test", "body": {"n": 1}}
ROLE = "portal_of_the_test"
COPY = "INSERT {or_replace}INTO record_entry SELECT {columns} FROM record_entry WHERE seq = 1 {more}"
CHECKPOINT = (
    "INSERT INTO record_checkpoint (number, size, root, head_hash, at, key_id, signature)"
    " SELECT {}, size, root, head_hash, at, key_id, signature FROM record_checkpoint WHERE number = 1"
)
BOTH = {
    "update": "UPDATE record_entry SET actor = 'somebody else'",
    "update hash": "UPDATE record_entry SET hash = prev_hash WHERE seq = 2",
    "delete": "DELETE FROM record_entry WHERE seq = 2",
    "delete all": "DELETE FROM record_entry",
    "upsert": COPY.format(or_replace="", columns="*", more="ON CONFLICT (seq) DO UPDATE SET actor = 'x'"),
    "forged entry": "forged 3 wrong",
    "entry before its time": "forged 9 right",
    "second entry of a number": "forged 2 right",
    "head back": "UPDATE record_head SET seq = 1",
    "head forward": "UPDATE record_head SET seq = seq + 1",
    "head gone": "DELETE FROM record_head",
    "body": "UPDATE record_body SET text = '{}'",
    "body emptied": "UPDATE record_body SET text = '', salt = ''",
    "body gone": "DELETE FROM record_body",
    "body before its entry": (
        "INSERT INTO record_body (seq, salt, text, search, folding) VALUES (99, '', '', '', '')"
    ),
    "story": "UPDATE record_story SET steps = 9",
    "story gone": "DELETE FROM record_story",
    "story made": "INSERT INTO record_story (first_seq, last_seq, steps, facet_id) VALUES (9, 9, 1, 1)",
    "facet": "UPDATE record_facet SET count = 9",
    "facet gone": "DELETE FROM record_facet",
    "checkpoint": "UPDATE record_checkpoint SET size = 1",
    "checkpoint gone": "DELETE FROM record_checkpoint",
    "checkpoint before its time": CHECKPOINT.format(3),
    "checkpoint of the last number there is": CHECKPOINT.format(2**63 - 1),
    "checkpoint before the first": CHECKPOINT.format(-1),
    "second checkpoint of a number": CHECKPOINT.format(1),
    "tile": "UPDATE record_tile SET root = 'x'",
    "tile gone": "DELETE FROM record_tile",
    "tile before its time": "INSERT INTO record_tile (number, root) VALUES (2, 'x')",
    "tile before the first": "INSERT INTO record_tile (number, root) VALUES (-1, 'x')",
    "second tile of a number": "INSERT INTO record_tile (number, root) VALUES (0, 'x')",
}
SQLITE = {
    "replace": COPY.format(or_replace="OR REPLACE ", columns="*", more=""),
    "replace a checkpoint": CHECKPOINT.format(1).replace("INSERT", "INSERT OR REPLACE"),
    "replace a tile": "INSERT OR REPLACE INTO record_tile (number, root) VALUES (0, 'x')",
    "drop trigger": "DROP TRIGGER record_entry_no_update",
    "drop table": "DROP TABLE record_entry",
    "drop search": "DROP TABLE record_search",
    "rename": "ALTER TABLE record_entry RENAME TO elsewhere",
    "drop column": "ALTER TABLE record_entry DROP COLUMN summary",
    "schema by hand": "PRAGMA writable_schema = ON",
    "replace without triggers": "PRAGMA recursive_triggers = OFF",
    "schema version": "PRAGMA schema_version = 1",
    "attach": "ATTACH ':memory:' AS other",
    "trigger that drops entries": (
        "CREATE TRIGGER quiet BEFORE INSERT ON record_entry BEGIN SELECT RAISE(IGNORE); END"
    ),
    "passing trigger": (
        "CREATE TEMP TRIGGER quiet BEFORE INSERT ON record_entry BEGIN SELECT RAISE(IGNORE); END"
    ),
    "search": "DELETE FROM record_search",
    "search gone": "INSERT INTO record_search(record_search) VALUES ('delete-all')",
    "trigger with the name of another": (
        "CREATE TEMP TRIGGER record_entry_follow AFTER INSERT ON teams_team BEGIN SELECT 1; END"
    ),
    "head replaced": "REPLACE INTO record_head (id, seq, hash) VALUES (1, 0, '')",
}
POSTGRESQL = {
    "truncate": "TRUNCATE record_entry",
    "truncate bodies": "TRUNCATE record_body CASCADE",
    "truncate head": "TRUNCATE record_head",
    "truncate tiles": "TRUNCATE record_tile",
    "truncate stories": "TRUNCATE record_story, record_facet",
}
AS_ROLE = {
    "disable trigger": "ALTER TABLE record_entry DISABLE TRIGGER ALL",
    "drop trigger": "DROP TRIGGER record_entry_no_change ON record_entry",
    "drop table": "DROP TABLE record_entry CASCADE",
    "alter": "ALTER TABLE record_entry ALTER COLUMN actor TYPE text",
    "rule": "CREATE RULE quiet AS ON INSERT TO record_entry DO INSTEAD NOTHING",
    "replication": "SET session_replication_role = replica",
    "function": (
        "CREATE OR REPLACE FUNCTION record_is_append_only() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RETURN NEW; END $$"
    ),
    "trigger": (
        "CREATE TRIGGER quiet BEFORE INSERT ON record_entry FOR EACH ROW"
        " EXECUTE FUNCTION suppress_redundant_updates_trigger()"
    ),
    "its own table in the record's chain": (
        "CREATE TEMP TABLE decoy (LIKE record_entry);"
        " CREATE TRIGGER decoy BEFORE INSERT ON decoy FOR EACH ROW EXECUTE FUNCTION record_follow();"
        " INSERT INTO decoy SELECT * FROM record_entry WHERE false"
    ),
    "function that shadows": "CREATE FUNCTION length(bytea) RETURNS int LANGUAGE sql AS 'SELECT 0'",
    "owner": f"ALTER TABLE record_entry OWNER TO {ROLE}",
}
TABLES = (Entry, Body, Head, Story, Facet, Checkpoint, Tile)


def state():
    return {model: list(model.objects.order_by("pk").values_list()) for model in TABLES}


@pytest.fixture
def two_entries(db):
    append(LINE)
    append(LINE)
    Checkpoint.objects.create(
        number=1, size=2, root="r", head_hash="h", at="2026-11-30T00:00Z", key_id="k", signature="s"
    )
    Tile.objects.create(number=0, root="r")


@pytest.fixture
def as_role(two_entries, capsys):
    """The rest of the test runs as the role of docs/audit.md."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no roles")
    call_command("audit_grants", ROLE)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {ROLE}")
        cursor.execute(capsys.readouterr().out)
        cursor.execute(f"SET ROLE {ROLE}")
    yield
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")


def pytest_generate_tests(metafunc):
    is_server = engine(metafunc.config) == "postgresql"
    ways = {
        "way": BOTH | (POSTGRESQL if is_server else SQLITE),
        "way_of_role": BOTH | POSTGRESQL | AS_ROLE if is_server else {},
    }
    for name in set(ways) & set(metafunc.fixturenames):
        metafunc.parametrize(name, ways[name].values(), ids=ways[name])


def attack(statement):
    """Run it; a forged entry is a copy of the second with another number and a right or wrong place."""
    with transaction.atomic(), connection.cursor() as cursor:
        if statement.startswith("forged"):
            _word, seq, place = statement.split()
            columns = [field.column for field in Entry._meta.fields]
            fresh = "'00000000000000000000000000000001'"
            prev = "(SELECT hash FROM record_head)" if place == "right" else "'wrong'"
            chosen = {"seq": seq, "id": f"CAST({fresh} AS uuid)", "prev_hash": prev, "hash": "'made up'"}
            if connection.vendor == "sqlite":
                chosen["id"] = fresh
            values = ", ".join(chosen.get(column, f'"{column}"') for column in columns)
            names = ", ".join(f'"{column}"' for column in columns)
            statement = f"INSERT INTO record_entry ({names}) SELECT {values} FROM record_entry WHERE seq = 2"
        cursor.execute(statement)


def is_refused(statement):
    before = state()
    with pytest.raises(DatabaseError):
        attack(statement)
    assert state() == before
    assert (guards.missing(), guards.strangers()) == ([], [])


def test_the_portals_own_connection_cannot_go_round_append_only(two_entries, way):
    is_refused(way)
    assert append(LINE)[0].seq == 3


def test_a_role_that_owns_nothing_can_do_even_less(as_role, way_of_role):
    is_refused(way_of_role)
    assert append(LINE)[0].seq == 3


def test_the_next_checkpoint_and_tile_are_taken(two_entries):
    attack(CHECKPOINT.format(2))
    attack("INSERT INTO record_tile (number, root) VALUES (1, 'r')")

    assert [Checkpoint.objects.count(), Tile.objects.count()] == [2, 2]


def test_a_trigger_of_another_table_does_not_write_the_list(two_entries):
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL's functions ask for the rights of who calls them")
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE decoy (n)")
        cursor.execute(
            "CREATE TEMP TRIGGER quiet AFTER INSERT ON decoy BEGIN UPDATE record_story SET steps = 9; END"
        )
    is_refused("INSERT INTO decoy VALUES (1)")


def test_a_table_of_the_same_name_that_passes_leads_nobody_astray(as_role):
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE decoy (LIKE record_head)")
        cursor.execute("ALTER TABLE decoy RENAME TO record_head")
        cursor.execute("INSERT INTO record_head VALUES (1, 77, 'x')")
    with pytest.raises(guards.NotGuarded), transaction.atomic():
        append(LINE)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE pg_temp.record_head")
    assert append(LINE)[0].seq == 3


def test_who_owns_the_record_is_told_when_a_deployment_is_checked(two_entries):
    warnings = guards.check_owner(None, ["default"])
    assert [each.id for each in warnings] == (["portal.W003"] if connection.vendor == "postgresql" else [])


def test_a_role_that_owns_nothing_is_not_warned_of(as_role):
    assert guards.check_owner(None, ["default"]) == []
