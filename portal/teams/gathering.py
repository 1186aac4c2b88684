"""What somebody read in an hour, gathered in the row that counts it: how often each page, which filters.

The database does it in the statement that counts, so nothing has to be read before.
"""

import json

from django.db import connection
from django.db.models.expressions import RawSQL

from portal.record.redaction import redact

LONGEST = 400  # characters of a value that are kept for the entry; the record cuts it again
FILTERS_MAX = 20  # different filters of one reader that an entry names
NONE_YET = {"pages": {}, "filters": []}  # `other_filters` counts those beyond the most

# `line` is the JSON of the entry. Values: the page twice, the filter four times.
SQLITE = """
    WITH counted AS (SELECT json_set(line, %s, coalesce(json_extract(line, %s), 0) + 1) AS line)
    SELECT CASE
        WHEN %s = '{{}}' OR EXISTS (
            SELECT 1 FROM json_each(line, '$.body.filters') WHERE value = json(%s)
        ) THEN line
        WHEN json_array_length(line, '$.body.filters') < {most}
            THEN json_insert(line, '$.body.filters[#]', json(%s))
        ELSE json_set(
            line, '$.body.other_filters', coalesce(json_extract(line, '$.body.other_filters'), 0) + 1
        )
    END FROM counted
"""
POSTGRESQL = """
    WITH counted AS (SELECT jsonb_set(
        line::jsonb, %s::text[], to_jsonb(coalesce((line::jsonb #>> %s::text[])::int, 0) + 1)
    ) AS told)
    SELECT CASE
        WHEN %s = '{{}}' OR EXISTS (
            SELECT 1 FROM jsonb_array_elements(told #> '{{body,filters}}') e WHERE e = %s::jsonb
        ) THEN told
        WHEN jsonb_array_length(told #> '{{body,filters}}') < {most}
            THEN jsonb_set(
                told, '{{body,filters}}', told #> '{{body,filters}}' || jsonb_build_array(%s::jsonb)
            )
        ELSE jsonb_set(
            told, '{{body,other_filters}}',
            to_jsonb(coalesce((told #>> '{{body,other_filters}}')::int, 0) + 1)
        )
    END::text FROM counted
"""


def gathered(body):
    """The new value of `Repeated.line`, with one more reading in it: `page`, and the `filter` it had."""
    filter = json.dumps(redact(body["filter"], longest=LONGEST))
    if connection.vendor == "sqlite":
        page, text = f"$.body.pages.{body['page']}", SQLITE
    else:
        page, text = ["body", "pages", body["page"]], POSTGRESQL
    return RawSQL(text.format(most=FILTERS_MAX), [page, page, filter, filter, filter])
