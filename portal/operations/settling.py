"""What becomes of operations that did not end by themselves: lost leases, and looks at those in doubt."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from portal.connections.sealing import CannotOpen
from portal.errors import NotSent, PlatformError
from portal.kinds import mirroring
from portal.kinds.settling import FOUND, MISSED, UNDECIDED, Look
from portal.operations.models import Operation, State
from portal.operations.service import line
from portal.record.models import Stage
from portal.record.redaction import redact
from portal.record.store import append
from portal.teams.access import require

MISSES = 3  # looks that must miss, over PORTAL_SETTLE_SECONDS, before a change counts as absent


def sweep():
    """End what a dead process left behind; returns how many operations changed.

    An expired `sending` may have happened: in doubt. An expired `intent` certainly was not sent.
    """
    count = 0
    for operation in Operation.objects.filter(state__in=(State.INTENT, State.SENDING), lease_until__lt=Now()):
        count += _expire(operation)
    return count


def _expire(operation):
    was = operation.state
    operation.ended_at = timezone.now()
    if was == State.SENDING:
        operation.state = State.IN_DOUBT
        operation.message = _("The portal stopped while this was being sent, so the answer is not known.")
    else:
        operation.state = State.NOT_SENT
        operation.message = _("The portal stopped before this was sent. Nothing was sent.")
    with transaction.atomic(durable=True):
        row = Operation.objects.filter(
            pk=operation.pk, attempt=operation.attempt, state=was, lease_until__lt=Now()
        )
        # The fence moves on: the process that held the lease, should it still live, can write no outcome.
        changes = {"state": operation.state, "message": operation.message, "ended_at": operation.ended_at}
        if not row.update(attempt=operation.attempt + 1, **changes):
            return 0
        operation.attempt += 1
        append(line(operation, Stage.OUTCOME, operation.state, {"message": operation.message}))
    return 1


def look_again(operation, *, actor):
    """Look on the platform what became of an operation in doubt; returns the Look.

    Raises NotAllowed and PlatformError (nothing is concluded from a failed look). What was seen is kept
    with the operation and recorded with the name of the person who asked.
    """
    require(actor, operation.verb.right, operation.team_id)
    kind, verb = operation.kind, operation.verb
    if operation.connection is None:
        raise NotSent(_("Its connection was deleted, so its platform cannot be asked any more."))
    try:
        client = operation.connection.client()
        look = verb.settle.look(client, operation.data, operation.target, operation.baseline)
    except PlatformError as error:
        _keep(operation, actor, Look("failed", str(error)), operation.state)
        raise
    _keep(operation, actor, look, _verdict(operation, look), kind)
    return look


def _verdict(operation, look):
    if look.verdict == FOUND:
        return State.FOUND
    if look.verdict == UNDECIDED:
        return State.NEEDS_HUMAN
    misses = [parse_datetime(each["at"]) for each in operation.looks or [] if each["verdict"] == look.verdict]
    watched = timezone.now() - min(misses, default=timezone.now())
    if len(misses) + 1 < MISSES or watched < timedelta(seconds=settings.SETTLE_SECONDS):
        return operation.state
    return State.ABSENT if look.verdict == MISSED else State.NEEDS_HUMAN


def _keep(operation, actor, look, state, kind=None):
    seen = {
        "at": timezone.now().isoformat(),
        "by": actor.email,
        "verdict": look.verdict,
        "text": look.text,
        "candidates": redact(look.candidates),
    }
    was = operation.state
    operation.looks = [*(operation.looks or []), seen][-20:]
    with transaction.atomic(durable=True):
        row = Operation.objects.filter(pk=operation.pk, attempt=operation.attempt, state=was)
        if look.object and kind:
            mirrored = mirroring.keep(kind, operation.connection, look.object)
            operation.object_id, operation.object_name = mirrored.remote_id, str(mirrored)[:256]
        # A secret that was in the lost answer cannot be read again.
        lost = bool(state == State.FOUND and operation.data.get("require_secret"))
        changes = {
            "object_id": operation.object_id,
            "object_name": operation.object_name,
            "secrets_lost": lost,
        }
        if not row.update(state=state, looks=operation.looks, **changes):
            return
        operation.state, operation.secrets_lost = state, lost
        entry = line(operation, Stage.OUTCOME if state != was else Stage.NOTE, state, {"look": seen})
        append({**entry, "actor_id": str(actor.pk), "actor": actor.email, "summary": look.text})


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
        entry = line(operation, Stage.NOTE, "shown", {"secrets": sorted(secrets)})
        summary = _("The secrets of the answer were shown once.")
        append({**entry, "actor_id": str(actor.pk), "actor": actor.email, "summary": summary})
    return secrets


def drop_secrets():
    """Forget secrets that nobody looked at within the hour; returns how many operations had some."""
    return (
        Operation.objects.exclude(sealed_secrets="").filter(secrets_until__lt=Now()).update(sealed_secrets="")
    )
