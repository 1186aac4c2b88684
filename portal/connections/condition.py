"""The condition of a connection: how a pause begins and ends, and what the portal says about it."""

from contextlib import contextmanager
from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext_noop

from portal.connections.models import Condition, Refusal
from portal.platforms import causes
from portal.sealing import CannotOpen
from portal.words import Said, Sentence

FAILURES = 5  # in a row; then a pause begins
PAUSE_SECONDS, PAUSE_SECONDS_MAX = 30, 300  # doubled each time that the probe fails
WORDS_MAX = 300

PAUSED = Sentence(
    "connection.paused",
    gettext_noop(
        "Paused since %(since)s after %(count)s failures in a row; the last: %(why)s"
        " The portal tries again from %(next)s."
    ),
)
REFUSED = Sentence(
    "connection.paused_by_refusal",
    gettext_noop(
        "Paused since %(since)s: the platform refused the sign-in. %(why)s Nothing is sent until the"
        " connection is changed or somebody presses “Try again now” on its page."
    ),
)
LOCKED = Sentence(
    "connection.paused_by_lock",
    gettext_noop("Paused since %(since)s. %(why)s The portal tries again from %(next)s."),
)
REFUSED_PROBED = Sentence(
    "connection.probed_after_refusal",
    gettext_noop(
        "Paused since %(since)s: the platform refused the sign-in. %(why)s"
        " One call is finding out just now whether it accepts the sign-in again."
    ),
)
PROBED = Sentence(
    "connection.probed",
    gettext_noop(
        "Paused since %(since)s after %(count)s failures in a row; the last: %(why)s"
        " One call is finding out just now whether the platform works again."
    ),
)


def current(connection_id):
    """The Condition with `now`; created when the connection is called for the first time."""
    rows = Condition.objects.now().filter(pk=connection_id)
    row = rows.first()
    if row is None:
        _make(connection_id)
        row = rows.get()
    return row


@contextmanager
def locked(connection_id):
    """The Condition with `now`, locked; saved at the end of the block."""
    rows = Condition.objects.now().select_for_update().filter(pk=connection_id)
    with transaction.atomic():
        row = rows.first()
        if row is None:
            _make(connection_id)
            row = rows.get()
        yield row
        row.save()


def _make(connection_id):
    Condition.objects.bulk_create([Condition(connection_id=connection_id)], ignore_conflicts=True)


def pause(row):
    """Begin a pause, or a longer one after a probe that failed.

    A probe that met an outage does not say whether the sign-in is accepted now: that pause goes on.
    """
    row.prober, row.probe_until = "", None
    row.era += 1
    if row.refusal == Refusal.SIGN_IN:
        row.try_at = None
        return
    longer = min(row.pause_seconds * 2, PAUSE_SECONDS_MAX) if row.paused_at else 0
    row.pause_seconds = longer or PAUSE_SECONDS
    row.paused_at = row.paused_at or row.now
    row.try_at = row.now + timedelta(seconds=row.pause_seconds)
    row.refusal, row.refusal_words = "", ""


def refuse(row, error):
    """Begin a pause after a refused sign-in; it ends when a person acts, or with the platform's lock."""
    seconds = error.cause.seconds if error.cause else None
    row.refusal = Refusal.LOCK if seconds else Refusal.SIGN_IN
    row.refusal_words = refusal_words(error)
    row.failed_at, row.failure = row.now, failure_of(error)
    row.paused_at = row.now
    row.try_at = row.now + timedelta(seconds=seconds) if seconds else None
    row.failures, row.pause_seconds = 0, 0
    row.prober, row.probe_until = "", None
    row.era += 1


def opened_or_empty(connection):
    """The stored credentials; {} when there are none or this portal's keys do not open them."""
    try:
        return connection.credentials()
    except CannotOpen:
        return {}


def refusal_words(error):
    """What the platform said, with its code."""
    words = "" if isinstance(error.message, Said) else error.message
    return " ".join(filter(None, (error.code, words)))[:WORDS_MAX]


def failure_of(error):
    """A text for Condition.failure: the code of a Said where there is one, for failure_text().

    It never holds what a platform wrote, because a platform may quote what it was sent.
    """
    if getattr(error, "cause", None):
        return causes.said(error.cause).code
    if error.status:
        return f"HTTP {error.status} {error.code}".strip()[:199] + "."
    is_code = isinstance(error.message, Said) and not error.message.params
    return error.message.code if is_code else str(error.message)[:200]


def close(row):
    """The platform answers: forget the failures and end the pause."""
    row.era += bool(row.paused_at)
    row.failures, row.failed_at, row.failure = 0, None, ""
    row.paused_at, row.pause_seconds, row.try_at = None, 0, None
    row.refusal, row.refusal_words = "", ""
    row.prober, row.probe_until = "", None


def reset(connection_id):
    """The connection was changed: start anew, and ignore the outcome of calls that are still under way.

    They went to the old address, or with the old credentials.
    """
    with locked(connection_id) as row:
        close(row)
        row.era += 1
        row.wait_until, row.waits, row.next_turn_at = None, {}, None


def refused_by_test(connection_id, error):
    """A connection test found that the platform refuses the sign-in: nobody needs to find out again."""
    with locked(connection_id) as row:
        refuse(row, error)


def end_pause(connection_id, era):
    """A connection test that began in that era found nothing wrong."""
    with locked(connection_id) as row:
        if row.era == era:
            close(row)


def try_now(connection_id):
    """Let the next call be the probe although the pause is not over yet; False when there is no pause."""
    with locked(connection_id) as row:
        if row.paused_at:
            row.try_at = min(row.try_at or row.now, row.now)
        return bool(row.paused_at)


def paused_text(row):
    """Since when and why calls are paused, and what happens next; a Said."""
    about = {"since": row.paused_at, "why": Said(row.failure)}
    if row.refusal:
        if row.is_probed:
            return REFUSED_PROBED(**about)
        return LOCKED(**about, next=row.try_at) if row.try_at else REFUSED(**about)
    about["count"] = row.failures
    return PROBED(**about) if row.is_probed else PAUSED(**about, next=row.try_at)


def failure_text(row):
    """In the reader's language where a code is stored; a text is shown as it is."""
    return str(Said(row.failure))
