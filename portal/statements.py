"""INSERT and UPDATE as plain SQL, for the few statements that every change of a platform makes.

The ORM takes several times as long to build these statements as the database takes to run them, and builds
the same text each time. The model's fields convert the values, as in the ORM. Only for hot paths:
docs/decisions/002-record-inserts-are-plain-sql.md says which, docs/measurements.md what they cost.
"""

from functools import cache, lru_cache

from django.db import connection, models
from django.db.models.sql import Query

# Databases take the values of these as Python has them; all other fields convert theirs.
AS_THEY_ARE = {
    *(models.CharField, models.TextField, models.BooleanField),
    *(models.PositiveIntegerField, models.PositiveSmallIntegerField),
}


def insert(row, *, unique=(), changing=()):
    """Insert a model instance; a row with the same `unique` columns gets the `changing` ones instead."""
    model = type(row)
    fields = _fields(model)
    places, values = [], []
    for name, field in fields.items():
        place, params = _place(field, getattr(row, name))
        places.append(place)
        values += params
    with connection.cursor() as cursor:
        cursor.execute(_insert(model, tuple(places), tuple(unique), tuple(changing)), values)


def update(model, values, **where):
    """Set {column: value} where the columns are as given, a tuple meaning any of its values; how many rows.

    A value may be an expression of the database, such as Now().
    """
    fields, settings, params = _fields(model), [], []
    for name, value in values.items():
        place, more = _place(fields[name], value)
        settings.append((name, place))
        params += more
    conditions = []
    for name, value in where.items():
        given = value if isinstance(value, tuple) else (value,)
        conditions.append((name, len(given)))
        params += [fields[name].get_db_prep_value(each, connection, prepared=False) for each in given]
    with connection.cursor() as cursor:
        cursor.execute(_update(model, tuple(settings), tuple(conditions)), params)
        return cursor.rowcount


@cache
def _fields(model):
    return {field.attname: field for field in model._meta.concrete_fields if not field.generated}


def _place(field, value):
    """(SQL, parameters) of a value."""
    if type(field) in AS_THEY_ARE:
        return "%s", (value,)
    if not hasattr(value, "resolve_expression"):
        return "%s", (field.get_db_prep_save(value, connection),)
    query = Query(field.model)
    compiler = query.get_compiler(connection=connection)
    return compiler.compile(value.resolve_expression(query))


@lru_cache(maxsize=256)
def _insert(model, places, unique, changing):
    names = ", ".join(f'"{field.column}"' for field in _fields(model).values())
    statement = f'INSERT INTO "{model._meta.db_table}" ({names}) VALUES ({", ".join(places)})'
    if not unique:
        return statement
    keys = ", ".join(f'"{name}"' for name in unique)
    changes = ", ".join(f'"{name}" = EXCLUDED."{name}"' for name in changing)
    return f"{statement} ON CONFLICT ({keys}) DO UPDATE SET {changes}"


@lru_cache(maxsize=256)
def _update(model, settings, conditions):
    fields = _fields(model)
    changes = ", ".join(f'"{fields[name].column}" = {place}' for name, place in settings)
    found = " AND ".join(
        f'"{fields[name].column}" IN ({", ".join(["%s"] * count)})' for name, count in conditions
    )
    return f'UPDATE "{model._meta.db_table}" SET {changes} WHERE {found}'
