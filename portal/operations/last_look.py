"""The last look at an object that an ended operation still holds: no attempt of it can arrive any more.

While it was held, nobody changed it through the portal. If it shows something else than the operation's end
says, the record says so. Then others may change it.
"""

from datetime import timedelta

from django.db.models import Q
from django.utils.translation import gettext_noop as _

from portal.errors import Missing, PlatformError
from portal.kinds import mirroring
from portal.kinds.evidence import FOUND, MISSED, UNDECIDED
from portal.operations import life
from portal.operations.attempts import hearing, told
from portal.operations.entries import line
from portal.operations.models import ENDED, HAPPENED, State
from portal.operations.sides import sides
from portal.record.models import Stage
from portal.record.redaction import redact
from portal.words import Sentence, to_json

FAILED = "failed"
GIVE_UP = timedelta(hours=24)  # after which the object is released without having been seen
LOOKS_KEPT = 20
HELD = Q(holds__isnull=False)

AS_IT_ENDED = Sentence(
    "last_look.same", _("No attempt can arrive any more. The object is as this operation left it.")
)
CHANGED_SINCE = Sentence(
    "last_look.changed",
    _(
        "No attempt can arrive any more. The object no longer shows what was sent: somebody changed it "
        "outside the portal since."
    ),
)
ARRIVED_LATE = Sentence(
    "last_look.arrived",
    _("The object now shows what was sent: it arrived late, or somebody did the same outside the portal."),
)
SOME_ARRIVED = Sentence(
    "last_look.some",
    _(
        "The object now shows a part of what was sent: it arrived late, or somebody did the same outside the "
        "portal."
    ),
)
NEVER_ARRIVED = Sentence(
    "last_look.never", _("No attempt can arrive any more. The object does not show what was sent.")
)
AS_BEFORE = Sentence(
    "last_look.as_before",
    _("The object shows what was sent, as it did before, so this does not tell whether an attempt arrived."),
)
NOT_READ = Sentence("last_look.failed", _("The platform could not be read for the last check."))


def last_look(operation, now):
    """Look, keep what is seen, and release the object. Raises PlatformError if it is to be tried again."""
    target = operation.target
    if operation.connection is None or target is None:
        return _release(operation, now, FAILED, NOT_READ())
    evidence, data = operation.verb.evidence, operation.data or {}
    if operation.state == State.PARTLY:
        data = operation.without_refused(data)
    try:
        seen = _seen(operation, target, data)
    except PlatformError:
        if now - operation.late_until < GIVE_UP:
            raise
        return _release(operation, now, FAILED, NOT_READ())
    shows = evidence.shows(data, redact(seen))
    if operation.state in (*HAPPENED, State.PARTLY):
        return _release(operation, now, FOUND if shows else MISSED, _said(shows), seen, is_read=True)
    if shows and evidence.showed(data, operation.baseline):
        return _release(operation, now, UNDECIDED, AS_BEFORE(), seen, is_read=True)
    if shows and operation.state == State.ABSENT:
        return _arrived(operation, now, seen, State.FOUND, ARRIVED_LATE())
    if operation.state == State.ABSENT and evidence.shows_some(data, seen, operation.baseline):
        return _arrived(operation, now, seen, State.NEEDS_HUMAN, SOME_ARRIVED())
    return _release(operation, now, MISSED, NEVER_ARRIVED(), seen, is_read=True)


def _said(shows):
    return AS_IT_ENDED() if shows else CHANGED_SINCE()


@hearing
def _seen(operation, target, data):
    client = operation.connection.client()
    with client.one_deadline():
        try:
            return operation.verb.evidence.seen(operation.kind.bound(client, target), data)
        except Missing:
            return None


def _release(operation, now, verdict, said, seen=None, *, is_read=False):
    """Let go of the object. The record keeps what was seen, if the platform could be asked."""

    def entry():
        return line(operation, Stage.NOTE, operation.state, body, via="system", said=said)

    looks = _looks(operation, now, verdict, said, seen)
    body = {"look": looks[-1]} | told(operation)
    is_surprise = said.is_from(CHANGED_SINCE)
    life.keep(
        operation,
        states=ENDED,
        only=HELD,
        happened=(lambda: _mirror(operation, seen)) if is_read else None,
        entry=entry if is_surprise or "attempts" in body else None,
        holds=None,
        next_look_at=None,
        looks=looks,
        **({"words": to_json(said), "platform_message": ""} if is_surprise else {}),
    )


def _arrived(operation, now, seen, to, said):
    looks = _looks(operation, now, FOUND if to == State.FOUND else UNDECIDED, said, seen)
    body = {"look": looks[-1]} | sides(operation, to, redact(seen)) | told(operation)
    columns = {"looks": looks, "words": to_json(said), "platform_message": "", "holds": None}
    life.move(
        operation,
        to,
        columns=columns,
        only=HELD,
        happened=lambda: _mirror(operation, seen),
        entry=lambda: line(operation, Stage.OUTCOME, to, body, via="system", said=said),
    )


def _looks(operation, now, verdict, said, seen):
    candidates = [{"object": redact(seen), "compared": []}] if seen else []
    shown = {"verdict": verdict, "words": to_json(said), "text": "", "candidates": candidates}
    looks = [*(operation.looks or []), {"at": now.isoformat(), "by": "", **shown}]
    return looks if len(looks) <= LOOKS_KEPT else [looks[0], *looks[1 - LOOKS_KEPT :]]


def _mirror(operation, seen):
    if seen:
        mirroring.keep(operation.kind, operation.connection, seen, operation.object_scope)
    else:
        mirroring.mark_gone(operation.kind, [operation.target])
