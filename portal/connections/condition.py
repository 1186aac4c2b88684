"""The condition of a connection: how a pause begins and ends, and how it is put into words."""

from contextlib import contextmanager
from datetime import UTC, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from portal.connections.models import Condition

FAILURES = 5  # in a row, then it pauses
PAUSE_SECONDS, PAUSE_SECONDS_MAX = 30, 300  # twice as long each time that the probe fails


def current(connection_id):
    """The Condition with `now`; the first call of a connection makes its row."""
    rows = Condition.objects.now().filter(pk=connection_id)
    row = rows.first()
    if row is None:
        _make(connection_id)
        row = rows.get()
    return row


@contextmanager
def locked(connection_id):
    """The Condition with `now`, under its lock; saved at the end of the block."""
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
    """Begin a pause, or a longer one after a probe that failed."""
    longer = min(row.pause_seconds * 2, PAUSE_SECONDS_MAX)
    row.pause_seconds = longer if row.paused_at else PAUSE_SECONDS
    row.paused_at = row.paused_at or row.now
    row.try_at = row.now + timedelta(seconds=row.pause_seconds)
    row.prober, row.probe_until = "", None
    row.era += 1


def close(row):
    """The platform answers: no failures any more, and no pause."""
    row.era += bool(row.paused_at)
    row.failures, row.failed_at, row.failure, row.wait_seconds = 0, None, "", 0
    row.paused_at, row.pause_seconds, row.try_at = None, 0, None
    row.prober, row.probe_until = "", None


def reset(connection_id):
    """The connection was changed: what was is over, and what is under way to the old one counts no more."""
    with locked(connection_id) as row:
        close(row)
        row.era += 1
        row.wait_until, row.next_turn_at = None, None


def end_pause(connection_id, era):
    """A test that began in that era found nothing wrong."""
    with locked(connection_id) as row:
        if row.era == era:
            close(row)


def try_now(connection_id):
    """Let the next call be the probe although the pause is not over; False when there is no pause."""
    with locked(connection_id) as row:
        if row.paused_at:
            row.try_at = min(row.try_at, row.now)
        return bool(row.paused_at)


def paused_text(row):
    values = {"since": clock(row.paused_at), "count": row.failures, "why": failure_text(row)}
    if row.is_probed:
        return (
            _(
                "Paused since %(since)s after %(count)s failures in a row; the last: %(why)s"
                " One call finds out just now whether it works again."
            )
            % values
        )
    text = _(
        "Paused since %(since)s after %(count)s failures in a row; the last: %(why)s"
        " The portal tries again from %(next)s."
    )
    return text % {**values, "next": clock(row.try_at)}


def failure_text(row):
    return _(row.failure) if row.failure else ""


def clock(moment):
    """As pages show it."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
