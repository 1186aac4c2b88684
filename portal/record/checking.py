"""Checks of the whole record that people ask for on a page: asked for, run by a worker, and kept.

The row is the truth: a check whose worker was killed is asked for again when its lease is over.
"""

import json
import logging
import time
from datetime import timedelta

from django.db import DatabaseError, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from portal.record import findings, verifying
from portal.record.findings import Result
from portal.record.models import Head, Stage, Verification
from portal.record.store import append
from portal.words import Sentence

log = logging.getLogger(__name__)
LEASE = timedelta(minutes=10)  # longer than a check is silent
BEAT_SECONDS = 1
VERB, KIND = "verify", "portal/record"
FOUND = Sentence(
    "verify.found", _("%(entries)s entries and %(checkpoints)s checkpoints were checked: %(result)s.")
)


class Ended(Exception):
    """Somebody else ended this check."""


def ask(*, actor_id, actor, team_id="", team="", correlation=""):
    """The Verification that runs, else a new one. A worker is to be asked for it."""
    return running() or Verification.objects.create(
        asked_at=timezone.now(),
        asked_by=actor,
        actor_id=actor_id,
        team_id=team_id,
        team=team,
        correlation=correlation,
        entries=Head.objects.values_list("seq", flat=True).first() or 0,
    )


def due():
    """Yield (id,) of each check that nobody is at."""
    waiting = Q(lease_until=None) | Q(lease_until__lte=Now())
    for id in Verification.objects.filter(waiting, ended_at=None).values_list("pk", flat=True):
        if Verification.objects.filter(waiting, pk=id, ended_at=None).update(lease_until=Now() + LEASE):
            yield (id,)


def run(id):
    """Make this check, and record what it found. Does nothing when it has ended."""
    row = Verification.objects.filter(pk=id, ended_at=None).first()
    if row is None:
        return
    mine, last = Verification.objects.filter(pk=id, ended_at=None), 0

    def progress(checked, entries):
        nonlocal last
        if time.monotonic() - last < BEAT_SECONDS:
            return
        last = time.monotonic()
        if not mine.update(checked=checked, entries=entries, lease_until=Now() + LEASE):
            raise Ended

    mine.update(lease_until=Now() + LEASE)
    try:
        report = verifying.verify(progress)
    except Ended:
        return
    told = json.dumps(report.to_json(), ensure_ascii=False)
    end = {"result": report.result, "first_bad": report.first_bad, "report": told, "checked": report.entries}
    if mine.update(ended_at=timezone.now(), entries=report.entries, **end):
        _record(row, report)


def _record(row, report):
    """A record that was tampered with may refuse the entry; the row has the result all the same."""
    about = {"actor_id": row.actor_id, "actor": row.asked_by, "via": "system", "team_id": row.team_id}
    about |= {"team": row.team, "kind": KIND, "verb": VERB, "object_id": str(row.pk)}
    said = FOUND(entries=report.entries, checkpoints=report.checkpoints, result=str(report.result))
    outcome = "ok" if report.result == Result.GOOD else "failed"
    body = report.to_json()
    body["findings"] = [{"seq": each["seq"], "text": each["text"]} for each in body["findings"]]
    if row.correlation:
        about["correlation"] = row.correlation
    try:
        with transaction.atomic(durable=True):
            append({**about, "stage": Stage.OUTCOME, "outcome": outcome, "said": said, "body": body})
    except DatabaseError:
        log.exception("the result of a check could not be recorded")


def running():
    """The check that runs or is to run, or None."""
    return Verification.objects.filter(ended_at=None).order_by("-pk").first()


def report_of(row):
    return findings.from_text(row.report)
