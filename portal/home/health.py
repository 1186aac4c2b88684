"""How the portal is, for its administrators. Nothing here is of a team, and nothing is written."""

import shutil
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from huey.contrib.djhuey import HUEY

from portal.connections import installation
from portal.connections.models import Connection
from portal.home.readiness import WORKER_SILENCE
from portal.jobs.models import Heartbeat
from portal.mail.models import Mail, MailState
from portal.record import guards, sinks
from portal.record.models import Head, Sink, Verification

LATE = timedelta(minutes=15)  # a mail that waits for longer, a sink that lacks checkpoints for longer
LEAST_FREE = 1024**3  # bytes


@dataclass(frozen=True)
class Part:
    """One thing that can be well or not; `moment` belongs to the text."""

    label: str
    is_well: bool
    text: str
    moment: object = None


def parts():
    return [_database(), _worker(), _record(), _check(), _keys(), _queue(), _disk(), _mails(), _connections()]


def _database():
    with connection.cursor() as cursor:
        cursor.execute("SELECT sqlite_version()" if connection.vendor == "sqlite" else "SHOW server_version")
        (version,) = cursor.fetchone()
    return Part(_("Database"), True, f"{connection.display_name} {version}")


def _worker():
    beats = Heartbeat.objects.exclude(worker__startswith="readiness:")  # a look of /readyz
    last = beats.order_by("-at").first()
    alive = beats.filter(at__gt=timezone.now() - WORKER_SILENCE).count()
    text = ngettext("%(n)s worker", "%(n)s workers", alive) % {"n": alive}
    return Part(_("Worker"), alive > 0, text, last and last.at)


def _record():
    wrong = [*guards.missing(), *guards.strangers()]
    if wrong:
        return Part(
            _("Audit log"), False, _("Triggers are not in order: %(names)s") % {"names": ", ".join(wrong)}
        )
    head = Head.objects.filter(pk=1).first()
    text = ngettext("%(n)s entry", "%(n)s entries", head.seq if head else 0)
    return Part(_("Audit log"), head is not None, text % {"n": f"{head.seq if head else 0:,}"})


def _check():
    last = Verification.objects.exclude(result="").first()
    if last is None:
        return Part(_("Last check of the audit log"), True, _("never asked for on a page"))
    return Part(_("Last check of the audit log"), last.result == "intact", last.result, last.ended_at)


def _keys():
    wrong = installation.problems()
    return Part(_("Keys"), not wrong, "; ".join(wrong) or _("They open what this database holds."))


def _queue():
    try:
        waiting = HUEY.pending_count()
    except Exception as error:  # noqa: BLE001 - whatever keeps the queue away, the page says so
        return Part(_("Queue"), False, _("It cannot be asked: %(error)s") % {"error": type(error).__name__})
    return Part(
        _("Queue"), waiting < 1000, ngettext("%(n)s task waits", "%(n)s tasks wait", waiting) % {"n": waiting}
    )


def _disk():
    free = shutil.disk_usage(settings.DATA_DIR).free
    text = _("%(gigabytes)s GB are free") % {"gigabytes": f"{free / 1024**3:.1f}"}
    return Part(_("Disk of the data directory"), free > LEAST_FREE, text)


def _mails():
    if settings.MAIL is None:
        return Part(_("Mail"), False, _("PORTAL_EMAIL_URL is not set: nobody can be invited."))
    waiting = Mail.objects.filter(state=MailState.WAITING)
    late = waiting.filter(created_at__lt=timezone.now() - LATE).count()
    failed = Mail.objects.filter(state=MailState.FAILED).count()
    text = _("%(waiting)s to send, %(late)s late by 15 minutes or more; %(failed)s given up in 30 days")
    told = {"waiting": waiting.count(), "late": late, "failed": failed}
    return Part(_("Mail"), not late and not failed, text % told)


def _connections():
    """How many, and nothing else: which they are is for their teams."""
    paused = Connection.objects.paused().count()
    text = _("%(paused)s of %(all)s are paused") % {"paused": paused, "all": Connection.objects.count()}
    return Part(_("Connections"), not paused, text)


def deliveries():
    """[(name, its Sink or None)] of each place that gets checkpoints."""
    rows = {row.address: row for row in Sink.objects.filter(address__in=sinks.addresses())}
    return [(name, rows.get(name)) for name in sinks.addresses()]
