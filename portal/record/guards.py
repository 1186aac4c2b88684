"""Database triggers that make the record append-only and keep its chain, on SQLite and PostgreSQL.

They refuse every change of what is written, an entry that does not follow the head, and a body that is
emptied before the record itself says so (retention.py). The owner of the database can still drop a trigger:
`check` and `append` notice that it is missing, and the chain shows what was changed without it.

SQLite's INSERT OR REPLACE skips delete triggers unless recursive_triggers is on (settings.py turns it on for
the portal only), so inserting a number or id that exists is refused as well.
"""

import logging

from django.core import checks
from django.db import DatabaseError, connection, transaction

from portal.record import on_postgresql, on_sqlite

TABLES = (
    *("record_entry", "record_body", "record_head", "record_story", "record_facet"),
    *("record_checkpoint", "record_tile"),
)


class NotGuarded(DatabaseError):
    """A trigger of the record is missing or strange: nothing may be written."""


_complete = {}  # database -> SQLite's schema version at which nothing was missing


def _engine():
    return on_sqlite if connection.vendor == "sqlite" else on_postgresql


def expected():
    """{trigger name: the statement that creates it} for this database."""
    return _engine().triggers()


def present():
    """Names of the triggers that exist, are enabled and have the expected text."""
    with connection.cursor() as cursor:
        return {name for name, text in _engine().found(cursor).items() if expected().get(name) == text}


def missing():
    return sorted(set(expected()) - present())


def strangers():
    """Names of triggers on tables of the record that the portal did not make: one could drop entries."""
    with connection.cursor() as cursor:
        return sorted(set(_engine().on_tables(cursor)) - set(expected()))


def lock_head(cursor):
    """(number, hash) of the last entry; holds the head's lock until the transaction ends.

    Raises NotGuarded, and DatabaseError where there is no head.
    """
    cursor.execute(_engine().LOCK_HEAD)
    row = cursor.fetchone()
    if row is None:
        raise DatabaseError("The record has no head; run manage.py migrate.")
    seq, hash, sign = row
    if not _is_guarded(sign):
        raise NotGuarded("The record is not guarded by its triggers; run manage.py migrate.")
    return seq, hash


def _is_guarded(sign):
    """`sign` is SQLite's schema version, which any change of a trigger raises, or what PostgreSQL counted."""
    if connection.vendor == "postgresql":
        return sign == len(expected())
    database = str(connection.settings_dict["NAME"])
    if _complete.get(database) != sign:
        if missing() or strangers():
            return False
        _complete[database] = sign
    return True


def are_installed():
    return set(TABLES) <= set(connection.introspection.table_names())


def remove():
    """Take all triggers away: for migrations, which must `install` them in the same transaction."""
    with connection.cursor() as cursor:
        for name, table in _engine().on_tables(cursor).items():
            cursor.execute(_engine().drop(name, table))


def make_way(plan, **signal):
    """Receives pre_migrate: where a table of the record is to change, its triggers go until `install`.

    SQLite remakes a table that changes. It drops its triggers without a word, and fails where a trigger of
    another table names it. In the meantime `lock_head` lets nobody write.
    """
    if any(migration.app_label == "record" for migration, _is_backwards in plan):
        remove()


def install(**kwargs):
    """Create the triggers and the search index that are missing or differ; runs after each migration."""
    if not are_installed():
        return
    with connection.cursor() as cursor:
        try:
            with transaction.atomic():
                _engine().make_search(cursor)
        except DatabaseError as error:
            logging.getLogger(__name__).warning("The record is searched without an index: %s", error)
        _engine().make_functions(cursor)
        for name in missing():
            for statement in _engine().create(name):
                cursor.execute(statement)


def check(app_configs, databases, **kwargs):
    """Run by `migrate` and `check --database`: an error for each missing or strange trigger."""
    if not databases or not are_installed():
        return []
    errors = [(name, "is missing", "Run manage.py migrate.") for name in missing()]
    hint = "Find out who made it, drop it, and run manage.py audit_verify."
    errors += [(name, "is not the portal's", hint) for name in strangers()]
    return [
        checks.Error(f"The record's trigger {name} {what}.", hint=hint, id="portal.E001")
        for name, what, hint in errors
    ]


def check_owner(app_configs, databases, **kwargs):
    """Run by `check --deploy --database`: a warning if the portal could drop the triggers."""
    if not databases or connection.vendor != "postgresql" or not are_installed():
        return []
    with connection.cursor() as cursor:
        owned = on_postgresql.owned(cursor)
    if not owned:
        return []
    return [
        checks.Warning(
            f"The portal's database role owns tables of the record ({', '.join(owned)}), so it could take"
            " their triggers away.",
            hint="Let another role own them and run migrate; docs/audit.md says how.",
            id="portal.W003",
        )
    ]
