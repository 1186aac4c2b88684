"""Choosing a new password by mail. No answer, and no time that it takes, tells whether an address is known.

The page writes down the address and nothing else; a worker looks whether there is an account, makes the link
and sends it, at most so many to an address (letters.py). The link is allauth's: it works once, and for three
days (PASSWORD_RESET_TIMEOUT).
"""

from allauth.account import views
from allauth.account.forms import ResetPasswordForm
from django import forms
from django.contrib.auth.decorators import login_not_required
from django.utils import timezone
from django.utils.translation import gettext_lazy

from portal.mail import outbox, sending
from portal.teams import account_events
from portal.web.pages import page


class ResetForm(ResetPasswordForm):
    """`ACCOUNT_FORMS` puts it in the place of allauth's, which looks for the account at once."""

    email = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )

    def clean_email(self):
        return self.cleaned_data["email"]

    def save(self, request, **options):
        email = self.cleaned_data["email"]
        account_events.reset_asked(request, email)
        about = {"host": request.build_absolute_uri("/"), "asked_at": timezone.now().isoformat()}
        outbox.queue("password_reset", email, **about)
        return email


@login_not_required
def reset(request):
    if not sending.is_set_up():
        return page(request, "account/password_reset.html", {"no_mail": True})
    return views.password_reset(request)
