"""One SQL statement, put together from pieces that bring their values along.

The pages of the record are asked in SQL of their own: the ORM has neither the search index of SQLite nor
joins that go into each facet by its index.
"""

import json

from django.core.exceptions import EmptyResultSet
from django.db import connection

from portal.teams.access import visible_to

FETCHED = 10_000  # rows at a time
# A step of an operation's story (record.models.Story) says so by its stage.
STEP = "{0}.operation <> '' AND {0}.stage IN ('intent', 'outcome')"


def sees_all(user, model):
    """Whether the person may read every row."""
    return not visible_to(user, model.objects.all(), "read_record").query.where


class Statement:
    """Collects values by name while its text is written."""

    def __init__(self):
        self.values = {}
        self.is_sqlite = connection.vendor == "sqlite"

    def value(self, value):
        """The place of a value in the text."""
        name = f"v{len(self.values)}"
        self.values[name] = value
        return f"%({name})s"

    def moment(self, model, name, value):
        """The place of a time that is compared with a column."""
        field = model._meta.get_field(name)
        return self.value(field.get_db_prep_value(value, connection))

    def ids(self, numbers):
        """A SELECT of the numbers, as `id`."""
        if self.is_sqlite:
            return f"SELECT value AS id FROM json_each({self.value(json.dumps(list(numbers)))})"
        return f"SELECT unnest({self.value(list(numbers))}::bigint[]) AS id"

    def visible(self, user, model, *columns):
        """A SELECT of the columns of all rows that the person may read (teams.access)."""
        rows = visible_to(user, model.objects.order_by(), "read_record").values(*columns)
        return self.select(rows) or f"SELECT {', '.join(columns)} FROM {model._meta.db_table} WHERE 1 = 0"

    def select(self, rows):
        """The SELECT of a queryset; "" if it has no rows for sure."""
        try:
            text, values = rows.query.sql_with_params()
        except EmptyResultSet:
            return ""
        return text % tuple(map(self.value, values))

    def rows(self, text):
        with connection.cursor() as cursor:
            cursor.execute(text, self.values)
            return cursor.fetchall()

    def each(self, text):
        """Yield the rows, some at a time."""
        with connection.cursor() as cursor:
            cursor.execute(text, self.values)
            while rows := cursor.fetchmany(FETCHED):
                yield from rows
