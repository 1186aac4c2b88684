"""Lines of the record about the portal's own things, and the one way to record a denial.

A line is a dict for `record.store.append`.
"""

from contextlib import contextmanager

from django.db import DatabaseError, transaction
from django.utils.translation import gettext_noop as _

from portal.errors import NotAllowed, RecordUnavailable
from portal.record.models import Stage
from portal.record.store import append
from portal.teams import folding
from portal.teams.access import require
from portal.words import Sentence

COMMAND_LINE = "command line"
UNRECORDED = Sentence(
    "record.unavailable",
    _("The portal can't write to its audit log right now, so nothing was changed. Try again in a minute."),
)


def line(verb, *, kind, actor, team=None, via="web", object_id="", object_name="", **fields):
    """One line for `append`; `actor` is None for the command line of the machine."""
    return {
        "stage": Stage.OUTCOME,
        "outcome": "done",
        "actor_id": str(actor.pk) if actor else "",
        "actor": actor.email if actor else COMMAND_LINE,
        "via": via,
        "team_id": str(team.pk) if team else "",
        "team": team.name if team else "",
        "kind": kind,
        "verb": verb,
        "object_id": str(object_id),
        "object_name": object_name,
        **fields,
    }


def through(token):
    """What the body of an entry says of the ApiToken that somebody acts by; nothing without one."""
    return {"through": {"id": str(token.pk), "name": token.name}} if token else {}


def spoken(said):
    """The field of a line that holds what the portal says about it; the record keeps code and parameters."""
    return {"said": said}


def require_recorded(actor, right, thing, line):
    """`access.require`; a denial is recorded before it is raised.

    `line` says what was tried: who, the verb, the object, and in `body` what else is worth keeping. Stage and
    outcome are set here. The command line (`actor` None) may do everything. Raises NotVisible, NotAllowed,
    and RecordUnavailable when the denial cannot be recorded.
    """
    if actor is not None:
        with denials_recorded(line):
            require(actor, right, thing)


@contextmanager
def denials_recorded(line):
    """Record the NotAllowed that is raised inside, then raise it; RecordUnavailable when that is impossible.

    Not inside a transaction: a denial is committed on its own.
    """
    try:
        yield
    except NotAllowed as denial:
        deny(denial, line)
        raise


def deny(denial, line):
    """Record a denial, an error with a `message` and maybe a `right`. Raises RecordUnavailable."""
    body = {**line.get("body", {})}
    if right := getattr(denial, "right", ""):
        body["right"] = right
    tried = {**line, "stage": Stage.DENIED, "outcome": "denied", "body": body, "said": denial.message}
    fold(folding.DENIED, tried)


def record(*lines):
    """Write lines in a transaction of their own. Raises RecordUnavailable."""
    try:
        with transaction.atomic(durable=True):
            append(*lines)
    except DatabaseError as error:
        raise RecordUnavailable(UNRECORDED()) from error


def fold(fold, tried):
    """Write a line, or count it if it repeats others. Raises RecordUnavailable if that is impossible.

    Not inside a transaction: it is committed on its own.
    """
    try:
        if fold.merged and folding.count_once_more(fold, tried):
            return
        with transaction.atomic(durable=True):
            lines = folding.take_due(actor_id=tried["actor_id"])
            if folding.count(fold, tried) <= fold.in_full:
                lines.append(tried)
            if lines:
                append(*lines)
    except DatabaseError as error:
        raise RecordUnavailable(UNRECORDED()) from error


def write_folded():
    """Write the entries of what was folded, when its period is over; the worker calls it. How many."""
    if not folding.due().exists():
        return 0  # a transaction would hold the write lock of SQLite for nothing
    with transaction.atomic(durable=True):
        lines = folding.take_due()
        if lines:
            append(*lines)
    return len(lines)
