"""Secrets that a platform shows once. The portal keeps them sealed for an hour and shows them once, to the
person who made the request."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from portal.errors import NotAllowed
from portal.operations.entries import line
from portal.operations.models import ENDED, Operation
from portal.record.models import Stage
from portal.record.store import append
from portal.sealing import CannotOpen
from portal.teams.recording import deny
from portal.words import Sentence

NOT_YOURS = Sentence(
    "secrets.not_yours",
    _("Only the person who made the request can see these secrets, once and within an hour."),
)
NOTHING_LEFT = Sentence(
    "secrets.nothing_left", _("These secrets were already shown, or were deleted after an hour.")
)
SHOWN = Sentence("secrets.shown", _("The secrets from the platform were shown."))


def show_secrets(operation, *, actor):
    """{name: value}, once, for the person who made the request. Recorded without the values.

    Raises CannotOpen (recorded) for anybody else, after the hour, and if they were already shown.
    """
    if actor.pk != operation.actor_id or operation.secrets_until and operation.secrets_until < timezone.now():
        refuse_to_show(operation, actor=actor)
        raise CannotOpen(NOT_YOURS())
    try:
        secrets = operation.open_secrets()
    except CannotOpen:
        refuse_to_show(operation, actor=actor, said=NOTHING_LEFT())
        raise
    entry = line(operation, Stage.NOTE, "shown", {"secrets": sorted(secrets)}, by=actor, said=SHOWN())
    with transaction.atomic(durable=True):
        row = Operation.objects.filter(pk=operation.pk, sealed_secrets=operation.sealed_secrets)
        if not row.update(sealed_secrets=""):
            operation.sealed_secrets = ""
            return operation.open_secrets()  # another tab was faster: raises
        append(entry)
    return secrets


def refuse_to_show(operation, *, actor, said=None):
    """Record that somebody asked for secrets that are not theirs, or not there any more."""
    said = said or NOT_YOURS()
    deny(NotAllowed(said), line(operation, "", "", {"asked": "secrets"}, by=actor))


def drop_secrets():
    """Delete secrets that nobody viewed, or used in a repetition, within an hour.

    Returns the number of operations.
    """
    shown = Operation.objects.exclude(sealed_secrets="").filter(secrets_until__lt=Now())
    hour_ago = Now() - timedelta(seconds=settings.SHOW_SECRET_SECONDS)
    sent = Operation.objects.exclude(sealed_data="").filter(state__in=ENDED, watch_until=None)
    return shown.update(sealed_secrets="") + sent.filter(ended_at__lt=hour_ago).update(sealed_data="")
