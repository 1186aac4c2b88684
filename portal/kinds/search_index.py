"""The index behind the search of lists: made after each migration, kept by the database itself.

Both databases look up pieces of three characters: SQLite in an FTS5 table, PostgreSQL in a GIN index of
pg_trgm. An index only proposes rows, and `search_text` decides; so an index makes a search fast and never
changes what it finds. On SQLite triggers keep it, so that every way of writing the mirror is covered. It
knows rows by SQLite's own number (rowid), which VACUUM leaves alone in tables that have an index, as all
mirrors have; tests/kinds/test_search_index.py holds SQLite to that.

Who takes only so many proposals must not get those of other teams alone: the beginning of the connection's id
is indexed beside the text, as two pieces. They are in nearly all rows, so they are looked up only if needed.
"""

import logging

from django.core import checks
from django.db import DatabaseError, connection, transaction

from portal.kinds.registry import KINDS

SHORTEST = 3  # characters of a text that can be looked up
PIECES = 12  # that are looked up of a long text; the row's text decides anyway
SQLITE_TABLE = (
    "CREATE VIRTUAL TABLE {index} USING fts5(text, head, body, content='', detail=none, columnsize=0,"
    " tokenize='trigram case_sensitive 1')"
)
VALUES = (
    "{row}.rowid, {row}.search_text, substr({row}.connection_id, 1, 3), substr({row}.connection_id, 4, 3)"
)
ADD = "INSERT INTO {index}(rowid, text, head, body) SELECT " + VALUES
TAKE = "INSERT INTO {index}({index}, rowid, text, head, body) SELECT 'delete', " + VALUES
ADD_NEW, TAKE_OLD = ADD.replace("{row}", "NEW"), TAKE.replace("{row}", "OLD")
SQLITE_TRIGGERS = {
    "{index}_insert": "AFTER INSERT ON {table} BEGIN " + ADD_NEW,
    "{index}_delete": "AFTER DELETE ON {table} BEGIN " + TAKE_OLD,
    "{index}_update": "AFTER UPDATE OF search_text, connection_id ON {table}"
    " WHEN OLD.search_text <> NEW.search_text OR OLD.connection_id <> NEW.connection_id"
    f" BEGIN {TAKE_OLD}; {ADD_NEW}",
}
# A short list of what is not sorted in yet: each search reads it from end to end.
POSTGRESQL_INDEX = (
    "CREATE INDEX {index} ON {table} USING gin (search_text gin_trgm_ops) WITH (gin_pending_list_limit = 512)"
)
_there = set()  # (database, model): an index that was seen once stays until the next migration


def is_there(model):
    key = (connection.settings_dict["NAME"], model)
    if key not in _there and set(_parts(model)) <= _existing():
        _there.add(key)
    return key in _there


def proposed(model, text, connection_ids=(), most=None):
    """(SQL, parameters): rowids that may hold the folded text; SQLite only.

    With `most`, only so many; if there are more, then only of these connections.
    """
    index = _index_of(model)
    anywhere = " AND ".join('"{}"'.format(piece.replace('"', '""')) for piece in _pieces(text))
    sql = f"SELECT rowid FROM {index} WHERE {index} MATCH %s"
    if most is None:
        return sql, [anywhere]
    here = " OR ".join(f'("{id.hex[:3]}" AND "{id.hex[3:6]}")' for id in connection_ids)
    are_many = f"(SELECT COUNT(*) FROM ({sql} LIMIT {most + 1})) > {most}"
    choice = f"(SELECT CASE WHEN {are_many} THEN %s ELSE %s END)"
    sql = f"SELECT rowid FROM {index} WHERE {index} MATCH {choice} LIMIT {most}"
    return sql, [anywhere, f"({here}) AND {anywhere}", anywhere]


def _pieces(text):
    """The last three characters, and those that stand beside each other from the first."""
    beside = [text[start : start + SHORTEST] for start in range(0, len(text) - SHORTEST + 1, SHORTEST)]
    return list(dict.fromkeys([text[-SHORTEST:], *beside]))[:PIECES]


def _index_of(model):
    return f"{model._meta.db_table}_search"


def _parts(model):
    """{name: the statement that creates it}, for this database."""
    names = {"index": _index_of(model), "table": model._meta.db_table}
    if connection.vendor == "postgresql":
        return {names["index"]: POSTGRESQL_INDEX.format(**names)}
    triggers = {name.format(**names): text.format(**names) for name, text in SQLITE_TRIGGERS.items()}
    return {
        names["index"]: SQLITE_TABLE.format(**names),
        **{name: f"CREATE TRIGGER {name} {text}; END" for name, text in triggers.items()},
    }


def _existing():
    """Names of all indexes and triggers that are as they should be."""
    wanted = {name: text for kind in KINDS.values() for name, text in _parts(kind.model).items()}
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT indexname FROM pg_indexes WHERE indexname = ANY(%s)", [list(wanted)])
            return {name for (name,) in cursor.fetchall()}
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'trigger')")
        return {name for name, text in cursor.fetchall() if wanted.get(name) == text}


def _lacking():
    """The mirrors that have a table and no whole index."""
    existing, tables = _existing(), set(connection.introspection.table_names())
    return [
        kind.model
        for kind in KINDS.values()
        if kind.model._meta.db_table in tables and not set(_parts(kind.model)) <= existing
    ]


def install(**kwargs):
    """Make the indexes that are missing or differ; runs after each migration."""
    _there.clear()
    if not (lacking := _lacking()):
        return
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            for model in lacking:
                _make(cursor, model)
    except DatabaseError as error:
        logging.getLogger(__name__).warning("Lists are searched without an index: %s", error)


def _make(cursor, model):
    parts, index, table = _parts(model), _index_of(model), model._meta.db_table
    if connection.vendor == "postgresql":
        cursor.execute(parts[index])
        return
    for name in parts:
        cursor.execute(f"DROP {'TABLE' if name == index else 'TRIGGER'} IF EXISTS {name}")
    for name, text in parts.items():
        cursor.execute(text)
        if name == index:
            cursor.execute(f"{ADD.format(index=index, row=table)} FROM {table}")


def check(app_configs, databases, **kwargs):
    """Run by `migrate` and `check --database`: a warning for each list that is searched without an index."""
    return [
        checks.Warning(
            f"{model._meta.verbose_name_plural} ({model._meta.label}) are searched without an index: among"
            " many, a search looks at the first ones only.",
            hint="Run manage.py migrate. On PostgreSQL the role must be allowed to create the extension"
            " pg_trgm, or somebody who may must create it first.",
            id="portal.W002",
        )
        for model in (_lacking() if databases else [])
    ]
