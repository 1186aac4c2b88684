"""Someone else at work in the same account, who adds and removes objects while a client reads a list.

What a copy looks like is declared by each resource (`Neighbour` in resource.py).
"""

import json

from django.db.models import ProtectedError

from portal.emulator.models import writing


def shown(neighbour, response):
    """The rows of the page that `response` shows, in its order; [] when no other page follows."""
    answer = json.loads(response.content)
    items = [item for items in answer.values() if isinstance(items, list) for item in items]
    ids = [item.get(neighbour.member) for item in items]
    found = {
        getattr(row, neighbour.column): row
        for row in neighbour.table.objects.filter(**{f"{neighbour.column}__in": ids})
    }
    rows = [found[id] for id in ids if id in found]
    return rows if rows and _goes_on(answer, neighbour, rows[-1]) else []


def _goes_on(answer, neighbour, last):
    if "pagination" in answer:
        page = answer["pagination"]
        return page["pageNo"] * page["pageSize"] < page["totalSize"]
    return neighbour.table.objects.filter(pk__lt=last.pk).exists()


def insert(neighbour, rows):
    """Copy the first row. Lists are newest first, so the copy comes before all others."""
    row = rows[0]
    row.pk, row._state.adding = None, True
    for name, value in neighbour.renewed(row).items():
        setattr(row, name, value)
    with writing():
        row.save()


def remove(neighbour, rows):
    """Remove the last row of the page that no other object refers to. All later rows move up by one."""
    for row in reversed(rows):
        try:
            with writing():
                row.delete()
        except ProtectedError:
            continue
        return
