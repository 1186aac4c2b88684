"""Background task of mails. Rows say what there is to send: a lost or repeated task loses nothing."""

from django_tasks import task

from portal.mail import sending


@task()
def deliver(id, tries):
    """Send one mail that was tried so often."""
    sending.send(id, tries)
