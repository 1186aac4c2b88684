"""Walks through all stories that an address asks for, oldest first, for exports and charts: nothing is left
out, and memory stays small however many there are."""

from array import array

from django.db import connection

from portal.audit import finding
from portal.audit.anchors import anchors
from portal.audit.statements import Statement
from portal.record.models import Story

CHUNK = 500
SORTED_MAX = 2_000_000  # stories of some facets whose numbers are sorted in memory, 8 bytes each


def walked(filters):
    """Yield lists of Story rows."""
    survey, found = filters.survey, anchors(filters)
    if survey.facets is not None and not survey.facets:
        return
    if found or (survey.facets is not None and survey.total <= SORTED_MAX):
        numbers = sorted_numbers(filters, found)
        for start in range(0, len(numbers), CHUNK):
            yield list(
                Story.objects.filter(first_seq__in=numbers[start : start + CHUNK]).order_by("first_seq")
            )
        return
    after = -1
    while rows := _next(filters, after):
        yield rows
        after = rows[-1].first_seq


def sorted_numbers(filters, found):
    """The numbers of all stories, as an array."""
    statement, way = Statement(), finding.Way.of(filters, after=-1)
    with connection.cursor() as cursor:
        cursor.execute(finding.all_numbers(statement, filters, way, found), statement.values)
        numbers = array("q")
        while rows := cursor.fetchmany(10_000):
            numbers.extend(row[0] for row in rows)
    return array("q", sorted(numbers))


def _next(filters, after):
    statement = Statement()
    text = finding.following(statement, filters, finding.Way.of(filters, after=after), CHUNK)
    return [Story.from_db(None, finding.COLUMNS, row) for row in statement.rows(text)]
