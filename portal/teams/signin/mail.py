"""Letters about a person's own account."""

from portal.mail import outbox, sending

KIND = "account_notice"


def notify(person, subject, text):
    """Write to a person, in the background. Nothing depends on whether it arrives."""
    if sending.is_set_up():
        outbox.queue(KIND, person.email, subject=str(subject), text=str(text))
