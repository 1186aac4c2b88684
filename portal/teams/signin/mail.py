"""Letters about a person's own account."""

import logging
from smtplib import SMTPException

from django.core.mail import send_mail
from django_tasks import task

log = logging.getLogger(__name__)


def notify(person, subject, text):
    """Write to a person, in the background. Nothing depends on whether it arrives."""
    send.enqueue(person.email, str(subject), str(text))


@task()
def send(address, subject, text):
    try:
        send_mail(subject, text, None, [address])
    except (OSError, SMTPException) as error:
        log.warning("a letter about an account could not be sent: %s", type(error).__name__)
