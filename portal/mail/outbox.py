"""The one way to send a mail: queue it. Nobody waits for a mail server while a page is made."""

from django.db.models.functions import Now
from django.utils import translation

from portal.mail.models import Mail
from portal.mail.sending import ASKED
from portal.mail.tasks import deliver
from portal.sealing import seal


def queue(kind, address, **values):
    """Write down a mail in the caller's transaction; it is sent after that is committed. Returns the Mail.

    `values` (JSON) go to the maker of the kind; for a kind without a maker they are `subject` and `text`.
    They are sealed: only the mail shows what is in them.
    """
    mail = Mail(address=address, kind=kind, due_at=Now() + ASKED)
    mail.sealed = seal({**values, "language": translation.get_language() or "en"}, mail.place)
    mail.save(force_insert=True)
    deliver.enqueue(str(mail.pk), 0)
    return mail
