"""Lines of the record about the portal's own things: teams, members, connections."""

from django.db import DatabaseError, transaction
from django.utils.translation import gettext as _

from portal.errors import NotAllowed, RecordUnavailable
from portal.record.models import Stage
from portal.record.store import append
from portal.teams.access import require

COMMAND_LINE = "command line"


def line(verb, *, kind, actor, team=None, via="web", object_id="", object_name="", body=None, **fields):
    """One line for `append`; `actor` is None for the machine's command line."""
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
        "body": body or {},
        **fields,
    }


def require_or_record(actor, right, attempt):
    """`access.require` in the line's team; a member's denial is recorded before it is raised.

    The command line (no actor) may do everything. Raises NotVisible, NotAllowed and RecordUnavailable.
    """
    if actor is None:
        return
    try:
        require(actor, right, attempt.team.pk)
    except NotAllowed as denial:
        record_denial(attempt, denial)
        raise


class Attempt:
    """What somebody tries to do: enough to write its denial or its outcome."""

    def __init__(self, verb, *, kind, actor, team=None, **fields):
        self.verb, self.kind, self.actor, self.team, self.fields = verb, kind, actor, team, fields

    def line(self, **fields):
        names = {"kind": self.kind, "actor": self.actor, "team": self.team}
        return line(self.verb, **names, **{**self.fields, **fields})


def record_denial(attempt, denial):
    """Commit the denied attempt on its own; raises RecordUnavailable."""
    denied = {
        "stage": Stage.DENIED,
        "outcome": "denied",
        "summary": str(denial),
        "body": {"right": denial.right},
    }
    try:
        with transaction.atomic(durable=True):
            append(attempt.line(**denied))
    except DatabaseError as error:
        text = _(
            "The portal cannot write its record just now, so nothing was changed. Try again in a minute."
        )
        raise RecordUnavailable(text) from error
