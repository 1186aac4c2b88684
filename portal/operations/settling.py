"""What becomes of operations that did not end by themselves.

An expired lease ends them (`sweep`); what may have happened is looked up on the platform, by the worker on
a schedule (`settle_due`) and by people (`look_again`), until it is found, absent, or a case for a human. An
absent create is watched for a day longer: a late commit is adopted, and the record says so. Several workers
may do all of this at once: each step is one conditional update on the database's clock.
"""

import logging
import threading
from contextlib import contextmanager
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import Min
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from portal.connections.models import Connection
from portal.connections.sealing import CannotOpen
from portal.errors import NotSent, PlatformError
from portal.kinds.settling import FOUND, MISSED, UNDECIDED, UNSEEN, Look
from portal.operations.entries import line, require_for
from portal.operations.models import ENDED, HAPPENED, OVER, RUNNING, UNANSWERED, Cause, Operation, State
from portal.record.models import Entry, Stage
from portal.record.redaction import redact
from portal.record.store import append

log = logging.getLogger(__name__)

MISSES = 3  # looks that must miss, over PORTAL_SETTLE_SECONDS, before a change counts as absent
LOOKS_KEPT = 20
LOOKED_FOR = (State.IN_DOUBT, State.ABSENT)  # states in which the worker looks
WATCH = timedelta(hours=24)
GIVE_UP = timedelta(hours=24)  # looks that lead nowhere for so long are a case for a human
# Verdicts that say nothing of the object, beside those of the strategies.
FAILED, WAITING = "failed", "waiting"
LOOKING = timedelta(seconds=120)  # longer than a look can take; then another worker may try
BATCH = 50

_lock = threading.Lock()
_looked_at = set()  # ids of connections at which a thread of this process looks just now


def sweep():
    """End what a dead process left behind; returns how many operations changed.

    An expired `sending` may have happened: in doubt. An expired `intent` certainly was not sent.
    """
    return sum(map(_expire, Operation.objects.filter(state__in=RUNNING, lease_until__lt=Now())))


def _expire(operation):
    was, changes = operation.state, {}
    if was == State.SENDING:
        operation.state = State.IN_DOUBT
        operation.message = _("The portal stopped while this was being sent, so the answer is not known.")
        changes["next_look_at"] = Now()
    else:
        operation.state, operation.cause = State.NOT_SENT, Cause.STOPPED
        operation.ended_at = timezone.now()
        operation.message = _("The portal stopped before this was sent. Nothing was sent.")
        changes |= OVER | {"cause": operation.cause, "ended_at": operation.ended_at}
    with transaction.atomic(durable=True):
        row = Operation.objects.filter(
            pk=operation.pk, attempt=operation.attempt, state=was, lease_until__lt=Now()
        )
        # The fence moves on: the process that held the lease, should it still live, can write no outcome.
        changes |= {"state": operation.state, "message": operation.message, "attempt": operation.attempt + 1}
        if not row.update(**changes):
            return 0
        operation.attempt += 1
        append(line(operation, Stage.OUTCOME, operation.state, {"message": operation.message}, via="system"))
    return 1


def settle_due(limit=BATCH):
    """Look at each operation whose next look has come; returns how many were looked at.

    Whatever goes wrong with one of them, the others get their look.
    """
    due = Operation.objects.filter(state__in=LOOKED_FOR, next_look_at__lte=Now()).order_by("next_look_at")
    with _lock:
        due = due.exclude(connection_id__in=[*_looked_at])
    count = 0
    for operation in due.select_related("connection", "actor", "team")[:limit]:
        with _turn(operation.connection_id) as is_mine:
            count += is_mine and _settle_one(operation)
    return count


@contextmanager
def _turn(connection_id):
    """One thread at a time looks at one connection: a slow platform keeps no other one waiting."""
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
        return 0  # another worker, or a person, is at it
    try:
        _look(operation)
    except PlatformError as error:
        log.info("operation %s could not be looked up: %s", operation.pk, type(error).__name__)
    except DatabaseError:
        raise
    except Exception:  # noqa: BLE001 - a bug in one look may not stop the others; the next look comes
        log.exception("the look at operation %s failed", operation.pk)
        _keep(operation, Look(FAILED, _("The portal itself failed while it looked.")), None)
    return 1


def look_again(operation, *, actor):
    """Look now, for a person, what became of an operation in doubt; returns the Look.

    Raises NotAllowed and PlatformError (nothing is concluded from a failed look). What was seen is kept
    with the operation and recorded with the name of the person who asked.
    """
    require_for(operation, actor, operation.verb.right, "look_again")
    return _look(operation, by=actor)


def _look(operation, by=None):
    try:
        look = _not_others(operation, _seen_on_platform(operation))
    except PlatformError as error:
        _keep(operation, Look(FAILED, str(error)), by)
        raise
    _keep(operation, look, by)
    return look


def _seen_on_platform(operation):
    if operation.connection is None:
        raise NotSent(_("Its connection was deleted, so its platform cannot be asked any more."))
    try:
        data = operation.sent_data
    except CannotOpen as error:
        raise NotSent(_("What was sent holds a secret that this portal's keys do not open.")) from error
    target = operation.target
    if operation.verb.on_object and target is None:
        return Look(UNDECIDED, _("The portal does not know the object any more."))
    client = operation.connection.client()
    with client.one_deadline():
        return operation.verb.settle.look(client, data, target, operation.baseline)


def _not_others(operation, look):
    """What another operation is known to have made is not what this one made.

    While another one of the same name is not over, it may be the one that made it.
    """
    if operation.verb.on_object or not look.candidates:
        return look
    rivals = _others(operation).filter(object_name=operation.object_name)
    if rivals.filter(state__in=RUNNING).exists():
        return Look(WAITING, _("Another operation of the same name is running. Its end is waited for."))
    if rivals.filter(state__in=UNANSWERED).exists():
        if operation.state == State.ABSENT:
            return Look(WAITING, _("Another operation of the same name is in doubt. It is settled first."))
        text = _("Two operations of the same name are in doubt, and either may have made what is there.")
        return Look(UNDECIDED, text, look.candidates)
    taken = taken_by_others(operation, [candidate["object"]["id"] for candidate in look.candidates])
    if not taken:
        return look
    left = [each for each in look.candidates if each["object"]["id"] not in taken]
    if not left:
        return Look(MISSED, _("What the platform shows was made by another operation."), look.candidates)
    text = _("Something is there that no other operation made, but others made some of what was seen.")
    return Look(UNDECIDED, text, left)


def taken_by_others(operation, ids):
    """Those ids whose objects another create is known to have made since this one was asked for.

    What was made before was in the baseline; and an id may come back after its object was deleted.
    """
    others = _others(operation).filter(state__in=HAPPENED, object_id__in=ids)
    made = {str(each.pk): each.object_id for each in others.only("object_id")}
    if not made:
        return set()
    # Before and after are the record's order: the clocks of two machines may differ.
    asked = Entry.objects.filter(operation=str(operation.pk)).aggregate(Min("seq"))["seq__min"]
    since = Entry.objects.filter(operation__in=made, outcome__in=HAPPENED, seq__gt=asked or 0)
    return {made[pk] for pk in since.values_list("operation", flat=True)}


def _others(operation):
    """Operations of the same verb in the same account, through whichever connection."""
    return Operation.objects.filter(
        connection_id__in=Connection.objects.of_account(operation.connection),
        kind_slug=operation.kind_slug,
        verb_name=operation.verb_name,
    ).exclude(pk=operation.pk)


def _verdict(operation, look):
    if look.verdict == FOUND:
        return State.FOUND
    if look.verdict == UNDECIDED:
        return State.NEEDS_HUMAN
    if operation.state != State.IN_DOUBT:
        return operation.state
    now, looks = _database_now(), operation.looks or []
    if looks and now - parse_datetime(looks[0]["at"]) > GIVE_UP:
        return State.NEEDS_HUMAN  # a whole day of looks has shown nothing either way
    missed = [each for each in looks if each["verdict"] in (MISSED, UNSEEN)]
    is_miss = look.verdict in (MISSED, UNSEEN)
    if not is_miss or len(missed) + 1 < MISSES:
        return operation.state
    if now - parse_datetime(missed[0]["at"]) < timedelta(seconds=settings.SETTLE_SECONDS):
        return operation.state
    # A list that cannot be searched is no proof, however often it was read.
    return State.ABSENT if look.verdict == MISSED and _all_missed(missed) else State.NEEDS_HUMAN


def _all_missed(looks):
    return all(each["verdict"] == MISSED for each in looks)


def _database_now():
    """The one clock that all machines share."""
    return Operation.objects.annotate(now=Now()).values_list("now", flat=True)[:1][0]


def _keep(operation, look, by):
    """Write what a look saw and what follows from it, on top of what others wrote meanwhile."""
    was = operation.state
    with transaction.atomic(durable=True):
        rows = Operation.objects.filter(pk=operation.pk, attempt=operation.attempt, state=was)
        row = rows.select_for_update().values("looks").first()
        if row is None:
            return  # it was settled meanwhile
        if was == State.ABSENT and look.verdict == FOUND:
            look = _not_others(operation, look)  # somebody may have asked for the same again meanwhile
        text = operation.scrubbed(str(look.text))
        seen = {
            "at": _database_now().isoformat(),
            "by": by.email if by else "",
            "verdict": look.verdict,
            "text": text,
            "candidates": operation.scrubbed(redact(look.candidates)),
        }
        operation.looks = row["looks"] or []
        state = _verdict(operation, look)
        # The first look stays: how long has it been missing?
        looks = [*operation.looks, seen]
        operation.looks = looks if len(looks) <= LOOKS_KEPT else [looks[0], *looks[1 - LOOKS_KEPT :]]
        if state == State.FOUND:
            operation.bring_mirror_in_line(look.object)
        rows.update(**_changes(operation, state, was))
        operation.state = state
        if state != was or by:
            stage = Stage.OUTCOME if state != was else Stage.NOTE
            via = "" if by else "system"
            append(line(operation, stage, state, {"look": seen}, by=by, via=via, summary=text))


def _changes(operation, state, was):
    # A secret that was in the lost answer cannot be read again.
    operation.secrets_lost = bool(state == State.FOUND and operation.data.get("require_secret"))
    changes = {
        "state": state,
        "looks": operation.looks,
        "object_id": operation.object_id,
        "object_name": operation.object_name,
        "secrets_lost": operation.secrets_lost,
        "next_look_at": None,
        "watch_until": None,
    }
    if state == State.IN_DOUBT:
        changes["next_look_at"] = Now() + _pause(len(operation.looks))
    if state == State.ABSENT:
        changes |= _watch(operation, was)
    if state in ENDED and was != state:
        operation.ended_at = timezone.now()
        changes["ended_at"] = operation.ended_at
    if state == State.FOUND:
        operation.message = _found_text(was)
        changes |= OVER | {"message": operation.message}
    return changes


def _watch(operation, was):
    """An absent create is looked for one day longer. Of an existing object nothing would be learnt: whoever
    changes it later on may do so for a reason of their own."""
    if was == State.ABSENT:
        is_over = operation.watch_until is None or operation.watch_until < _database_now()
    else:
        is_over = operation.verb.on_object
    if is_over:
        return OVER
    until = operation.watch_until if was == State.ABSENT else Now() + WATCH
    return {"watch_until": until, "next_look_at": Now() + timedelta(seconds=settings.SETTLE_SECONDS)}


def _found_text(was):
    if was == State.ABSENT:
        return _("It appeared late: the platform had committed it after it counted as absent.")
    return _("The answer was lost, but the platform shows that it happened.")


def _pause(looks):
    """Until the next look: short at first, doubling, never longer than half the settle time."""
    settle = settings.SETTLE_SECONDS
    return timedelta(seconds=min(settle / 30 * 2 ** min(looks - 1, 10), settle / 2))


def show_secrets(operation, *, actor):
    """{name: value} once, for the person who asked; recorded without the values.

    Raises CannotOpen for anybody else, after the hour, and when they were shown before.
    """
    if actor.pk != operation.actor_id or operation.secrets_until and operation.secrets_until < timezone.now():
        raise CannotOpen(_("These secrets are not yours to see, or they were dropped after an hour."))
    secrets = operation.open_secrets()
    with transaction.atomic(durable=True):
        row = Operation.objects.filter(pk=operation.pk, sealed_secrets=operation.sealed_secrets)
        if not row.update(sealed_secrets=""):
            operation.sealed_secrets = ""
            return operation.open_secrets()
        summary = _("The secrets of the answer were shown once.")
        append(line(operation, Stage.NOTE, "shown", {"secrets": sorted(secrets)}, by=actor, summary=summary))
    return secrets


def drop_secrets():
    """Forget secrets that nobody looked at, or asked for again, within the hour; returns of how many."""
    shown = Operation.objects.exclude(sealed_secrets="").filter(secrets_until__lt=Now())
    hour_ago = Now() - timedelta(seconds=settings.SHOW_SECRET_SECONDS)
    sent = Operation.objects.exclude(sealed_data="").filter(state__in=ENDED, watch_until=None)
    return shown.update(sealed_secrets="") + sent.filter(ended_at__lt=hour_ago).update(sealed_data="")
