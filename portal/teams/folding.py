"""Folds: of what one person does again and again, the first times are entries, and the later ones a count.

The counts are rows of Repeated. When its period is over, a row becomes one entry, "7 more identical denials
between A and B": written by the person's next visit or by the worker, whichever comes first. Row and entry
change in one transaction, so a killed process loses no count and nothing is written twice. Only the
database's clock decides.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection
from django.db.models import Case, F, Q, When
from django.db.models.functions import Now
from django.utils.translation import gettext_noop as _

from portal.record.redaction import redact
from portal.teams.gathering import LONGEST, NONE_YET, gathered
from portal.teams.models import Repeated
from portal.words import Sentence

BATCH = 100  # rows that become entries in one transaction

SAME = "actor_id verb kind object_id object_scope object_name operation team_id connection_id space".split()
KEPT = [*SAME, *"actor via team connection platform stage outcome".split()]

NOW = {
    "sqlite": "STRFTIME('%%Y-%%m-%%d %%H:%%M:%%f', 'NOW')",
    "postgresql": "STATEMENT_TIMESTAMP()",
}
# One statement, so that processes which count at the same moment are all counted.
COUNT = """
    INSERT INTO {table} (fold, same, actor_id, line, began_at, first_at, last_at, times)
    VALUES (%s, %s, %s, %s, {now}, {now}, {now}, 1)
    ON CONFLICT (same) DO UPDATE SET
        times = {table}.times + 1,
        first_at = CASE WHEN {table}.times > {in_full} THEN {table}.first_at ELSE excluded.last_at END,
        last_at = excluded.last_at
    RETURNING times
"""


@dataclass(frozen=True)
class Fold:
    """What counts as the same, and how much of it is written.

    - The first `in_full` of each `period` are entries of their own.
    - Lines are the same if they agree in the columns `same` and in what `asked(body)` returns.
    - `merged(body)` returns an expression: the line that is kept, with one more body put into it.
    - `one_more` and `more` are its sentences.
    """

    name: str
    period: timedelta
    in_full: int
    one_more: Sentence
    more: Sentence
    same: tuple = tuple(SAME)
    asked: Callable = lambda body: {}
    merged: Callable | None = None


def _of_denial(body):
    """The right that was missing, what was asked of an operation (cancel, ...), and by which token."""
    return {name: body[name] for name in ("right", "asked", "through") if name in body}


def _of_sign_in(body):
    """Who was tried from where; longer texts are cut, as in the entry."""
    return {name: redact(str(body[name]), longest=None)[:LONGEST] for name in ("email", "address", "why")}


def _of_token(body):
    """From where, and why it does not work."""
    return {name: redact(str(body[name]), longest=None)[:LONGEST] for name in ("address", "why")}


def _of_reset(body):
    """For which address, and from where."""
    return {name: redact(str(body[name]), longest=None)[:LONGEST] for name in ("email", "address")}


DENIED = Fold(
    "denied",
    timedelta(minutes=1),
    20,
    Sentence("access.denied_once_more", _("One more identical denial at %(last)s.")),
    Sentence("access.denied_more", _("%(count)s more identical denials between %(first)s and %(last)s.")),
    asked=_of_denial,
)
SIGN_IN_FAILED = Fold(
    "sign_in",
    timedelta(minutes=1),
    20,
    Sentence("account.failed_once_more", _("One more identical failed sign-in at %(last)s.")),
    Sentence(
        "account.failed_more", _("%(count)s more identical failed sign-ins between %(first)s and %(last)s.")
    ),
    asked=_of_sign_in,
)
TOKEN_FAILED = Fold(
    "token",
    timedelta(minutes=1),
    20,
    Sentence("token.failed_once_more", _("One more identical refused token at %(last)s.")),
    Sentence(
        "token.failed_more", _("%(count)s more identical refused tokens between %(first)s and %(last)s.")
    ),
    asked=_of_token,
)
RESET_ASKED = Fold(
    "reset",
    timedelta(minutes=1),
    20,
    Sentence("account.reset_once_more", _("One more identical request at %(last)s.")),
    Sentence("account.reset_more", _("%(count)s more identical requests between %(first)s and %(last)s.")),
    asked=_of_reset,
)
READ = Fold(
    "read",
    timedelta(hours=1),
    1,
    Sentence("record.read_once_more", _("The record was read once more, at %(last)s.")),
    Sentence("record.read_more", _("The record was read %(count)s more times, from %(first)s to %(last)s.")),
    same=("actor_id", "verb", "team_id"),
    asked=lambda body: NONE_YET,
    merged=gathered,
)
FOLDS = {each.name: each for each in (DENIED, SIGN_IN_FAILED, TOKEN_FAILED, RESET_ASKED, READ)}


def count(fold, tried):
    """Count a line; returns how many of the same there are in its period, itself among them."""
    names, asked, same = _identity(fold, tried)
    table = Repeated._meta.db_table
    statement = COUNT.format(table=table, now=NOW[connection.vendor], in_full=fold.in_full)
    with connection.cursor() as cursor:
        kept = json.dumps({**names, "body": asked})
        cursor.execute(statement, [fold.name, same, names["actor_id"], kept])
        (times,) = cursor.fetchone()
    if fold.merged and times > fold.in_full:
        Repeated.objects.filter(same=same).update(line=fold.merged(tried["body"]))
    return times


def count_once_more(fold, tried):
    """Count a line whose period goes on, in one statement; returns False if it does not go on."""
    _names, _asked, same = _identity(fold, tried)
    goes_on = Repeated.objects.filter(same=same, times__gte=fold.in_full, began_at__gt=Now() - fold.period)
    first = Case(When(times__gt=fold.in_full, then="first_at"), default=Now())
    line = fold.merged(tried["body"])
    return bool(goes_on.update(times=F("times") + 1, line=line, first_at=first, last_at=Now()))


def _identity(fold, tried):
    """(the columns that are kept, what is kept of the body, the digest of what makes lines the same)"""
    asked = fold.asked(tried.get("body", {}))
    names = {name: redact(str(tried.get(name, "")), longest=None)[:LONGEST] for name in KEPT}
    same = json.dumps([fold.name, [names[name] for name in fold.same], asked], sort_keys=True)
    return names, asked, hashlib.sha256(same.encode()).hexdigest()


def due(**narrowed):
    over = Q()
    for fold in FOLDS.values():
        over |= Q(fold=fold.name, began_at__lte=Now() - fold.period)
    return Repeated.objects.filter(over, **narrowed)


def take_due(**narrowed):
    """Delete the rows whose period is over; returns the line of each entry that they become.

    The caller appends them in the same transaction. Rows that another process is taking are left to it.
    """
    rows = list(due(**narrowed).select_for_update(skip_locked=True).order_by("pk")[:BATCH])
    Repeated.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return [_line(row) for row in rows if row.times > FOLDS[row.fold].in_full]


def _line(row):
    fold, line = FOLDS[row.fold], json.loads(row.line)
    more = row.times - fold.in_full
    if more == 1:
        said = fold.one_more(last=row.last_at)
    else:
        said = fold.more(count=more, first=row.first_at, last=row.last_at)
    line["body"] |= {"count": more, "first": row.first_at.isoformat(), "last": row.last_at.isoformat()}
    return {**line, "said": said}
