"""The texts of the mails about accounts and teams."""

from datetime import datetime
from urllib.parse import urljoin

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from portal.mail.making import makes
from portal.outside import isolated
from portal.teams.models import Role, User
from portal.words import from_json


@makes("invitation")
def invitation(address, *, link, team, role, inviter, until, places=None):
    team, inviter = isolated(team), isolated(inviter)
    values = {"team": team, "role": Role(role).label, "inviter": inviter, "address": address, "link": link}
    values["covered"] = from_json(places)
    values["until"] = datetime.fromisoformat(until)
    subject = _("Invitation to %(team)s in the IoT Portal") % {"team": team}
    return subject, render_to_string("mails/invitation.txt", values)


@makes("password_reset")
def password_reset(address, *, host):
    """Nothing is sent to an address without an account, or whose account may not sign in."""
    person = User.objects.of_address(address)
    if person is None or not person.is_active:
        return None
    key = default_token_generator.make_token(person)
    path = reverse("account_reset_password_from_key", args=[user_pk_to_url_str(person), key])
    values = {"address": person.email, "link": urljoin(host, path)}
    return _("Your password of the IoT Portal"), render_to_string("mails/password_reset.txt", values)
