"""Mails that are to be sent, and what became of them."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _


class MailState(models.TextChoices):
    WAITING = "waiting", _("waiting to be sent")
    SENT = "sent", _("sent")
    FAILED = "failed", _("could not be sent")


class Mail(models.Model):
    """One mail to one address.

    - `kind` says what it is about, and who makes its text (making.py).
    - `sealed` holds what the text is made from, which may be a token; "" when the mail is sent or given up.
    - `tries` is also the fence: only the process that counts it up sends that time.
    - `due_at` is when the chore asks for it again. `error` is what the last try ended with.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    address = models.EmailField(max_length=254)
    kind = models.CharField(max_length=40)
    sealed = models.TextField()
    state = models.CharField(max_length=10, choices=MailState, default=MailState.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    due_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], condition=models.Q(state="waiting"), name="mail_due"),
            models.Index(fields=["ended_at"], name="mail_ended"),
        ]

    def __str__(self):
        return f"{self.kind} to {self.address}: {self.state}"

    @property
    def place(self):
        """Where `sealed` belongs."""
        return f"mail:{self.pk}:sealed"

    def sealed_places(self):
        """{column: place} of what `manage.py credentials_rotate` seals anew."""
        return {"sealed": self.place}
