"""The texts of the mails about accounts and teams."""

from datetime import datetime, timedelta
from urllib.parse import urljoin

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from portal.mail.making import makes
from portal.mail.models import Mail
from portal.outside import isolated
from portal.teams.models import Role, User
from portal.words import from_json

# So many mails for a new password an address gets: whoever asks is not known, and no answer tells.
MOST_RESETS = [(timedelta(hours=1), 3), (timedelta(days=1), 10)]


@makes("invitation")
def invitation(address, *, link, team, role, inviter, until, places=None):
    team, inviter = isolated(team), isolated(inviter)
    values = {"team": team, "role": Role(role).label, "inviter": inviter, "address": address, "link": link}
    values["covered"] = from_json(places)
    values["until"] = datetime.fromisoformat(until)
    subject = _("Invitation to %(team)s in the IoT Portal") % {"team": team}
    return subject, render_to_string("mails/invitation.txt", values)


@makes("password_reset")
def password_reset(address, *, host, asked_at=""):
    """Nothing is sent to an address without an account, whose account may not sign in, or that got enough."""
    person = User.objects.of_address(address)
    if person is None or not person.is_active:
        return None
    if settings.PASSWORDS_FOR_ADMINS_ONLY and not person.is_portal_admin:
        return None
    if asked_at and _had_enough(address, datetime.fromisoformat(asked_at)):
        return None
    key = default_token_generator.make_token(person)
    path = reverse("account_reset_password_from_key", args=[user_pk_to_url_str(person), key])
    values = {"address": person.email, "link": urljoin(host, path)}
    return _("Your password of the IoT Portal"), render_to_string("mails/password_reset.txt", values)


def _had_enough(address, now):
    """Whether the address got its mails already. One that is not sent is deleted, so it does not count."""
    earlier = Mail.objects.filter(kind="password_reset", address__iexact=address, created_at__lt=now)
    return any(earlier.filter(created_at__gt=now - span).count() >= most for span, most in MOST_RESETS)
