"""Sends what waits. A mail that cannot be sent is tried again, less and less often, and then given up.

A process that dies between the mail server's yes and the last line here lets the mail go out once more: a
mail twice is better than none.
"""

import logging
from datetime import timedelta

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db.models.functions import Now
from django.utils import translation

from portal.mail.making import text_of
from portal.mail.models import Mail, MailState
from portal.record.redaction import redact
from portal.sealing import unseal

log = logging.getLogger(__name__)
# How long after a try the next one follows; after the last of them the mail is given up.
WAITS = [timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240)]
ASKED = timedelta(minutes=1)  # how long nobody asks again for a mail that somebody was asked to send
KEPT = timedelta(days=30)  # how long it is known what became of a mail
AT_ONCE = 50


def is_set_up():
    return settings.MAIL is not None


def due():
    """Yields (id, tries) of the mails to be sent, each moved ahead; deletes what is over for long."""
    over = Mail.objects.filter(ended_at__lt=Now() - KEPT)
    if over.exists():
        over.delete()
    waiting = Mail.objects.filter(state=MailState.WAITING, due_at__lte=Now())
    for id, tries in list(waiting.order_by("due_at").values_list("pk", "tries")[:AT_ONCE]):
        if Mail.objects.filter(pk=id, tries=tries).update(due_at=Now() + ASKED):
            yield str(id), tries


def send(id, tries):
    """Send a mail that was tried so often; does nothing if another process does it."""
    mine = Mail.objects.filter(pk=id, tries=tries, state=MailState.WAITING)
    wait = WAITS[min(tries, len(WAITS) - 1)]
    if not mine.update(tries=tries + 1, due_at=Now() + wait):
        return
    mail = Mail.objects.get(pk=id)
    try:
        sent = _send(mail)
    except Exception as error:  # noqa: BLE001 - whatever it is, the mail is tried again and then shown
        _failed(mail, error)
        return
    if sent:
        _end(mail, MailState.SENT)
    else:
        mail.delete()


def _send(mail):
    """Returns False if there is nothing to send to this address."""
    if not is_set_up():
        raise RuntimeError("PORTAL_EMAIL_URL is not set")
    values = unseal(mail.sealed, mail.place)
    with translation.override(values.pop("language")):
        made = text_of(mail.kind, mail.address, values)
    if made is None:
        return False
    subject, text = made
    subject = " ".join(subject.split())  # a name with a line end would begin another header
    connection = get_connection(**settings.MAIL)
    message = EmailMessage(subject, text, settings.MAIL_FROM, [mail.address], connection=connection)
    message.extra_headers["Auto-Submitted"] = "auto-generated"
    message.send()
    return True


def _failed(mail, error):
    told = redact(f"{type(error).__name__}: {error}", longest=200)[:200]
    log.warning("a mail (%s) could not be sent, try %s: %s", mail.kind, mail.tries, type(error).__name__)
    if mail.tries > len(WAITS):
        _end(mail, MailState.FAILED, error=told)
    else:
        Mail.objects.filter(pk=mail.pk).update(error=told)


def _end(mail, state, error=""):
    columns = {"state": state, "error": error, "sealed": "", "due_at": None, "ended_at": Now()}
    Mail.objects.filter(pk=mail.pk, tries=mail.tries).update(**columns)
