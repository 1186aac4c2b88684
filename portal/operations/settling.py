"""Settling: finding out what happened with operations that got no clear answer.

- `sweep` ends operations whose process died, which an expired lease shows.
- `settle_due` runs in the worker. It looks on the platform, on a schedule, whether a change happened.
- `look_again` does the same look for a person who pressed "Check again".

Looks go on until the change is found, absent, or needs a human. An absent create is watched for one more day:
if the platform commits it late, it becomes found, and the record says so. Any number of workers may run,
because each step is one conditional update on the database's clock.
"""

import logging
import threading
from contextlib import contextmanager
from copy import copy
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.db import DatabaseError, IntegrityError
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_noop as _

from portal.errors import NotSent, PlatformError
from portal.kinds.effects import OBJECT_GONE
from portal.kinds.evidence import FOUND, MISSED, UNDECIDED, UNSEEN, Look
from portal.operations import life
from portal.operations.answered import ALREADY_GONE
from portal.operations.attempts import hearing, told, unanswered
from portal.operations.authorship import end_earlier_claims, without_newer, without_others
from portal.operations.entries import line, require_for
from portal.operations.history import touched_since
from portal.operations.last_look import last_look
from portal.operations.models import ENDED, RUNNING, Cause, Operation, State
from portal.operations.quoting import quoting
from portal.operations.sides import sides
from portal.record import correlation
from portal.record.models import Stage
from portal.record.redaction import redact
from portal.sealing import CannotOpen
from portal.words import Said, Sentence, to_json

log = logging.getLogger(__name__)

MISSES = 3  # looks that must miss, over PORTAL_SETTLE_SECONDS, before a change counts as absent
LOOKS_KEPT = 20
# Looks that show nothing new have no entry. After so many, one entry tells of all their HTTP exchanges.
LOOKS_UNTOLD = 15
LOOKED_FOR = (State.IN_DOUBT, State.ABSENT)  # states in which the worker looks
WATCH = timedelta(hours=24)
GIVE_UP = timedelta(hours=24)  # after looks without a result for this long, it needs a human
FAILED = "failed"  # one more verdict than kinds/evidence.py has: the platform could not be read
LOOKING = timedelta(seconds=120)  # longer than a look can take; then another worker may try
BATCH = 50
RIVALS_FASTER = 5  # how often a look is judged again because another look was saved first

STOPPED_SENDING = Sentence(
    "operation.stopped_sending",
    _("The portal stopped while this was being sent, so the answer is unknown."),
)
STOPPED_BEFORE = Sentence(
    "operation.stopped_before", _("The portal stopped before this was sent. Nothing was sent.")
)
FOUND_LATE = Sentence(
    "operation.found_late",
    _("It appeared late: the platform committed it after it was marked as absent."),
)
FOUND_AFTERWARDS = Sentence(
    "operation.found", _("The answer was lost, but the platform shows that it happened.")
)
LOOK_FAILED = Sentence("look.failed_here", _("The portal itself failed during this check."))
NO_CONNECTION = Sentence(
    "look.no_connection", _("Its connection was deleted, so the platform can no longer be checked.")
)
SECRET_CLOSED = Sentence(
    "look.secret_closed", _("The request contains a secret that this portal's keys cannot decrypt.")
)

_lock = threading.Lock()
_looked_at = set()  # ids of connections at which a thread of this process looks right now


def sweep():
    """End the operations that a dead process left behind. Returns how many changed.

    If its lease expired, `sending` becomes in_doubt, because it may have happened; `intent` becomes not_sent.
    """
    count = 0
    for operation in Operation.objects.filter(state__in=RUNNING, lease_until__lt=Now()):
        with correlation.begin(operation.correlation):
            count += _expire(operation)
    return count


def _expire(operation):
    if operation.state == State.SENDING:
        to, said, columns = State.IN_DOUBT, STOPPED_SENDING(), {}
    else:
        to, said, columns = State.NOT_SENT, STOPPED_BEFORE(), {"cause": Cause.STOPPED}
    body = sides(operation, to) | unanswered(operation)
    return life.move(
        operation,
        to,
        columns={**columns, "words": to_json(said), "platform_message": ""},
        entry=lambda: line(operation, Stage.OUTCOME, to, body, via="system"),
        only=Q(lease_until__lt=Now()),
        takes_over=True,  # if the process is still alive after all, it can no longer write an outcome
    )


def settle_due(limit=BATCH):
    """Look for each operation whose next look is due. Returns how many looks there were.

    If one look fails, the others still run.
    """
    held = Q(state__in=ENDED, holds__isnull=False)
    due = Operation.objects.filter(Q(state__in=LOOKED_FOR) | held, next_look_at__lte=Now())
    due = due.order_by("next_look_at").annotate(now=Now())
    with _lock:
        due = due.exclude(connection_id__in=[*_looked_at])
    count = 0
    for operation in due.select_related("connection", "actor", "team")[:limit]:
        with _turn(operation.connection_id) as is_mine, correlation.begin(operation.correlation):
            count += is_mine and _settle_one(operation)
    return count


@contextmanager
def _turn(connection_id):
    """Let one thread at a time look through one connection, so that a slow platform delays no other one."""
    with _lock:
        is_mine = connection_id not in _looked_at
        _looked_at.add(connection_id)
    try:
        yield is_mine
    finally:
        if is_mine:
            _looked_at.discard(connection_id)


def _settle_one(operation):
    mine = Operation.objects.filter(pk=operation.pk, attempt=operation.attempt, state=operation.state)
    if not mine.filter(next_look_at__lte=Now()).update(next_look_at=Now() + LOOKING):
        return 0  # another worker, or a person, is looking
    try:
        if operation.state in ENDED and operation.holds:
            last_look(operation, operation.now)
        else:
            _look(operation)
    except PlatformError as error:
        log.info("operation %s could not be looked up: %s", operation.pk, type(error).__name__)
    except DatabaseError:
        raise
    except Exception:  # noqa: BLE001 - a bug in one look must not stop the others
        log.exception("the look at operation %s failed", operation.pk)
        if operation.state in LOOKED_FOR:
            _keep(operation, Look(FAILED, LOOK_FAILED()), None)
    return 1


def look_again(operation, *, actor):
    """Look now, for a person, whether an operation in doubt happened. Returns the Look.

    The look is saved with the operation and recorded with the person's name. Raises NotAllowed, and
    PlatformError if the platform could not be read; the state then stays the same.
    """
    require_for(operation, actor, operation.verb.right, "look_again")
    return _look(operation, by=actor)


def _look(operation, by=None):
    try:
        look = without_newer(operation, without_others(operation, _seen_on_platform(operation)))
    except PlatformError as error:
        _keep(operation, Look(FAILED, error.message), by)
        raise
    _keep(operation, look, by)
    return look


@quoting
@hearing
def _seen_on_platform(operation):
    if operation.connection is None:
        raise NotSent(NO_CONNECTION())
    try:
        data = operation.sent_data
    except CannotOpen as error:
        raise NotSent(SECRET_CLOSED()) from error
    target = operation.target if operation.verb.on_object else None
    if operation.verb.on_object and target is None:
        return Look(UNDECIDED, OBJECT_GONE())
    client = operation.connection.client()
    with client.one_deadline():
        bound = operation.kind.bound(client, target)
        since = () if operation.verb.on_object else (partial(touched_since, operation, data),)
        return operation.verb.evidence.look(bound, data, operation.baseline, *since)


def _keep(operation, look, by):
    """Save a look and the state that follows from it. If another look was saved first, judge it again."""
    was, shown = operation.state, operation.scrubbed(redact(look.candidates))
    heard = told(operation)
    for _try in range(RIVALS_FASTER):
        rows = Operation.objects.filter(pk=operation.pk, attempt=operation.attempt, state=was)
        row = rows.annotate(now=Now()).values_list("looks", "watch_until", "now").first()
        if row is None:
            return  # someone else settled it
        looks, operation.watch_until, now = row
        if was == State.ABSENT and look.verdict == FOUND:
            look = without_others(operation, look)  # someone may have requested the same again since
        seen = {**_as_kept(operation, look, shown, now, by), **heard}
        operation.looks = looks or []
        state = _verdict(operation, look, was, now)
        try:
            if _move(operation, state, was, look, seen, looks, now, by):
                return
        except IntegrityError:
            # Another create claimed the object after this look was judged.
            look = without_others(operation, look)
            if look.verdict == FOUND:
                raise
    log.warning("a look at operation %s was not kept: others were faster", operation.pk)


def _as_kept(operation, look, candidates, now, by):
    said = look.said if isinstance(look.said, Said) else None
    return {
        "at": now.isoformat(),
        "by": by.email if by else "",
        "verdict": look.verdict,
        "words": to_json(said),
        "text": "" if said else operation.scrubbed(str(look.said)),
        "candidates": candidates if look.candidates else [],
    }


def _move(operation, state, was, look, seen, looks, now, by):
    """Save the look and move the operation. Returns False if another look was saved first."""
    is_told = state != was or by is not None or _untold(operation.looks) >= LOOKS_UNTOLD
    body = _body(operation, state, look, seen) if is_told else {}
    # The first look is never dropped: it shows for how long the object has been missing.
    kept = [*(map(_told, operation.looks) if is_told else operation.looks), _told(seen) if is_told else seen]
    kept = kept if len(kept) <= LOOKS_KEPT else [kept[0], *kept[1 - LOOKS_KEPT :]]
    judged = copy(operation)  # a rival has the name that was asked for; the platform may give another one
    columns = _columns(operation, state, was, now, kept)
    if state == State.FOUND:
        columns |= operation.names_of(look.object)

    def happened():
        if not operation.verb.on_object:
            end_earlier_claims(operation, look.object)
        if not look.is_gone:
            operation.bring_mirror_in_line(look.object)

    def entry():
        stage = Stage.OUTCOME if state != was else Stage.NOTE
        said = look.said if isinstance(look.said, Said) else seen["text"]
        return line(operation, stage, state, body, by=by, via="" if by else "system", said=said)

    def still_ours():
        """Whether nobody requested the same again since the look was judged. The row's lock keeps it so."""
        Operation.objects.select_for_update().filter(pk=operation.pk).values_list("pk").first()
        return without_others(judged, look).verdict == FOUND

    return life.move(
        operation,
        state,
        was=(was,),
        columns=columns,
        only=None if looks is None else Q(looks=looks),
        guard=still_ours if was == State.ABSENT and state == State.FOUND else None,
        happened=happened if state == State.FOUND else None,
        entry=entry if is_told else None,
    )


def _untold(looks):
    """How many looks there were whose HTTP exchanges no entry of the record tells of yet."""
    return sum("attempts" in each for each in looks)


def _told(look):
    return {name: value for name, value in look.items() if name != "attempts"}


def _body(operation, state, look, seen):
    """The body of the entry about a look, which also tells of the earlier ones that had none."""
    attempts = [each for one in [*operation.looks, seen] for each in one.get("attempts", ())]
    body = {"look": _told(seen)} | ({"attempts": attempts} if attempts else {})
    if state == State.FOUND:
        body |= sides(operation, state, operation.scrubbed(redact(look.object)))
    return body


def _verdict(operation, look, was, now):
    """The state that follows from this look and the earlier ones."""
    if look.verdict == FOUND:
        return State.FOUND
    if look.verdict == UNDECIDED:
        return State.NEEDS_HUMAN
    if was != State.IN_DOUBT:
        return was
    looks = operation.looks
    if looks and now - parse_datetime(looks[0]["at"]) > GIVE_UP:
        return State.NEEDS_HUMAN  # a whole day of looks proved nothing
    missed = [each for each in looks if each["verdict"] in (MISSED, UNSEEN)]
    is_miss = look.verdict in (MISSED, UNSEEN)
    if not is_miss or len(missed) + 1 < MISSES:
        return was
    if now - parse_datetime(missed[0]["at"]) < timedelta(seconds=settings.SETTLE_SECONDS):
        return was
    # A list that cannot be searched proves nothing, however often it was read.
    all_missed = look.verdict == MISSED and all(each["verdict"] == MISSED for each in missed)
    return State.ABSENT if all_missed else State.NEEDS_HUMAN


def _columns(operation, state, was, now, looks):
    columns = {"looks": looks, "next_look_at": None, "watch_until": None}
    if state == State.IN_DOUBT:
        columns["next_look_at"] = Now() + _pause(len(looks))
    if state == State.ABSENT:
        columns |= _watch(operation, was, now)
    if state == State.FOUND:
        said = FOUND_LATE() if was == State.ABSENT else FOUND_AFTERWARDS()
        said = ALREADY_GONE(name=operation.object_name) if operation.was_gone else said
        columns |= {
            "words": to_json(said),
            "platform_message": "",
            # A secret in the lost answer is not read again.
            "secrets_lost": _is_secret_lost(operation),
        }
    return columns


def _is_secret_lost(operation):
    return operation.kind.declared.answers_secret(operation.verb_name, operation.data)


def _watch(operation, was, now):
    """The columns by which an absent create is watched for one more day.

    Other verbs are not watched. If an object gets the requested values later, someone else may have set them.
    """
    until = operation.watch_until if was == State.ABSENT else now + WATCH
    if operation.verb.on_object or until is None or until < now:
        return {}
    return {"watch_until": until, "next_look_at": Now() + timedelta(seconds=settings.SETTLE_SECONDS)}


def _pause(looks):
    """The time until the next look: short at first, then doubling, at most half the settle time."""
    settle = settings.SETTLE_SECONDS
    return timedelta(seconds=min(settle / 30 * 2 ** min(looks - 1, 10), settle / 2))
