"""The values of a list's filters, found by stepping from each value to the next one in the filter's index.

So they cost as much as there are values, not rows.
"""

from collections import Counter
from dataclasses import dataclass

from django.db import connection as database

from portal.connections.models import Connection
from portal.kinds.models import KEY_LENGTH
from portal.outside import folded
from portal.teams.access import in_places

VALUES_MAX = 500  # of a filter; what is not among them can be searched for
# {key} holds the first characters of {column} alone, so a value that may be longer is read in full.
STEPS = """
{name} (place, value, number) AS (
    SELECT c.id, (SELECT {key} FROM {table} WHERE connection_id = c.id AND gone_at IS NULL
                  ORDER BY {key} LIMIT 1), 1
    FROM {connections} c WHERE c.id IN ({ids})
    UNION ALL
    SELECT place, (SELECT {key} FROM {table}
                   WHERE connection_id = place AND gone_at IS NULL AND {key} > value
                   ORDER BY {key} LIMIT 1), number + 1
    FROM {name} WHERE value IS NOT NULL AND number <= {most}
)"""
VALUES = """
SELECT '{column}', CASE WHEN LENGTH(value) < {length} THEN value ELSE
    (SELECT {column} FROM {table}
     WHERE connection_id = place AND gone_at IS NULL AND {key} = value LIMIT 1) END
FROM {name} WHERE value IS NOT NULL AND value <> ''"""


@dataclass(frozen=True)
class Facet:
    """A filter with its values; `value` is the one that is chosen, or ""."""

    name: str
    label: str
    value: str
    values: list

    def choices(self, names):
        """[(value, what people call it)]: names (names.Names) of what the values refer to, in their order.

        The value stands beside a name that several of them have.
        """
        labels = names.labels(self.name)
        called = {value: labels.get(value, value) for value in self.values}
        twice = Counter(called.values())
        shown = [(value, f"{name} ({value})" if twice[name] > 1 else name) for value, name in called.items()]
        return sorted(shown, key=lambda choice: folded(choice[1])) if labels else shown


def facets(kind, wanted, connections):
    """The filters of a kind's list. The value that is chosen is offered even if no row has it."""
    held = _held(kind, wanted, connections) if kind.filters and connections else {}
    return [
        Facet(
            name,
            kind.model._meta.get_field(name).verbose_name,
            wanted.filters.get(name, ""),
            sorted(({wanted.filters.get(name, "")} - {""}).union(sorted(held.get(name, ()))[:VALUES_MAX])),
        )
        for name in kind.filters
    ]


def _some(rows, column):
    values = rows.exclude(**{column: ""}).values_list(column, flat=True).distinct()
    return set(values[:VALUES_MAX])


def _held(kind, wanted, connections):
    """{column: set of values} of the rows on these connections that the person may see."""
    if any(each.open_spaces is not None for each in connections):
        rows = kind.model.objects.present().filter(connection__in=connections)
        rows = in_places(wanted.user, rows, connections).order_by()
        return {name: _some(rows, name) for name in kind.filters}
    names = {
        "table": kind.model._meta.db_table,
        "connections": Connection._meta.db_table,
        "ids": ", ".join(["%s"] * len(connections)),
        "most": VALUES_MAX,
        "length": KEY_LENGTH,
    }
    each = [
        names | {"name": f"values_{number}", "column": column, "key": f"{column}_key"}
        for number, column in enumerate(kind.filters)
    ]
    steps = ",".join(STEPS.format(**names) for names in each)
    sql = f"WITH RECURSIVE {steps} " + " UNION ALL ".join(VALUES.format(**names) for names in each)
    key = Connection._meta.pk
    ids = [key.get_db_prep_value(connection.pk, database) for connection in connections]
    held = {}
    with database.cursor() as cursor:
        cursor.execute(sql, ids * len(each))
        for column, value in cursor.fetchall():
            held.setdefault(column, set()).add(value)
    return held
