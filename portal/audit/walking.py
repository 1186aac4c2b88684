"""Walks through all stories that an address asks for, oldest first, for exports and charts: nothing is left
out, and memory stays small however many there are."""

from portal.audit import finding
from portal.audit.statements import Statement
from portal.record.models import Story

CHUNK = 500
SORTED_MAX = 2_000_000  # stories of some facets whose numbers are sorted in memory, 8 bytes each


def walked(filters):
    """Yield lists of Story rows."""
    survey, found = filters.survey, filters.anchors
    if survey.facets is not None and not survey.facets:
        return
    if found or (survey.facets is not None and survey.total <= SORTED_MAX):
        numbers = finding.numbers(filters, found)
        for start in range(0, len(numbers), CHUNK):
            yield list(
                Story.objects.filter(first_seq__in=numbers[start : start + CHUNK]).order_by("first_seq")
            )
        return
    after = -1
    while rows := _next(filters, after):
        yield rows
        after = rows[-1].first_seq


def _next(filters, after):
    statement = Statement()
    text = finding.following(statement, filters, finding.Way.of(filters, after=after), CHUNK)
    return [Story.from_db(None, finding.COLUMNS, row) for row in statement.rows(text)]
