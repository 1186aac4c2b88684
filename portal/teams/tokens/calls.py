"""How often a token may call the API, and all tokens of a team together: so many times in a minute.

The minute begins with its first call. One statement counts a call, so calls at once in several processes are
counted exactly. A call that a token has no more left for is not counted against its team.
"""

import math
import time

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from portal.teams.models import ApiToken, Calls

SECONDS = 60
NOW = {
    "sqlite": "(julianday('now') - 2440587.5) * 86400.0",
    "postgresql": "EXTRACT(EPOCH FROM STATEMENT_TIMESTAMP())",
}
# Whoever waited for the row of another call may be a moment behind it.
COUNT = """
    INSERT INTO {table} (key, began, times) VALUES (%s, {now}, 1)
    ON CONFLICT (key) DO UPDATE SET
        times = CASE WHEN {over} THEN 1 ELSE {table}.times + 1 END,
        began = CASE WHEN {over} THEN excluded.began ELSE {table}.began END
    RETURNING times, began + {seconds} - {now}
"""


class TooMany(Exception):
    """This call is one too many; `seconds` says when the next may be made, `whose` whose limit it was."""

    def __init__(self, whose, most, seconds):
        super().__init__(whose)
        self.whose, self.most, self.seconds = whose, most, seconds


def count(token, address):
    """Count one call of a token, and note at its first of a minute from where it came. Raises TooMany."""
    with transaction.atomic():
        times, left = _counted(f"token:{token.pk}")
        if times == 1:
            used = {"last_used_at": timezone.now(), "last_address": address}
            ApiToken.objects.filter(pk=token.pk).update(**used)
        refusal = _refusal("token", settings.TOKEN_CALLS, times, left)
        if refusal is None:
            refusal = _refusal("team", settings.TEAM_CALLS, *_counted(f"team:{token.team_id}"))
    if refusal:  # outside: what was counted stays
        raise refusal


def _counted(key):
    """(how many calls of its minute this one is, seconds until the minute is over)"""
    table = Calls._meta.db_table
    over = f"ABS(excluded.began - {table}.began) >= {SECONDS}"
    statement = COUNT.format(table=table, now=NOW[connection.vendor], over=over, seconds=SECONDS)
    with connection.cursor() as cursor:
        cursor.execute(statement, [key])
        return cursor.fetchone()


def _refusal(whose, most, times, left):
    return TooMany(whose, most, max(math.ceil(left), 1)) if times > most else None


def forget_old():
    """Delete the counts of minutes that are long over; a chore."""
    Calls.objects.filter(began__lt=time.time() - 3600).delete()
