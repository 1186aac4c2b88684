"""What a token is good for at this moment: whose it is, whether it works, and the person bound by it."""

import hmac
from dataclasses import dataclass, replace
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext_noop as _

from portal.teams import access
from portal.teams.models import ApiToken
from portal.teams.places import Places
from portal.teams.tokens import addresses, text
from portal.words import Sentence

# So long after they last signed in there, somebody may have left the provider without anybody telling us.
SIGNED_IN_WITHIN = timedelta(days=30)
NOBODYS = "0" * 64

REVOKED = Sentence("token.revoked", _("This token was revoked. Make a new one on your profile page."))
EXPIRED = Sentence(
    "token.expired", _("This token worked until %(until)s. Make a new one on your profile page.")
)
ELSEWHERE = Sentence(
    "token.elsewhere", _("This token is not for use from your address, which the portal sees as %(address)s.")
)
SWITCHED_OFF = Sentence("token.switched_off", _("The account of this token's person is switched off."))
LEFT = Sentence("token.left", _("This token's person is not in its team any more."))
ASLEEP = Sentence(
    "token.asleep",
    _("This token's person last signed in more than %(days)s days ago. It works again after they did."),
)


@dataclass(frozen=True)
class Limits:
    """What access.py narrows a person's rights by."""

    team_id: object
    rights: frozenset
    places: Places


def find(sent):
    """The ApiToken that has this text, whether it works or not; None if there is none."""
    id = text.id_in(sent)
    if id is None:
        return None
    row = ApiToken.objects.select_related("team").filter(pk=id).first()
    is_it = hmac.compare_digest(text.digest_of(sent), row.digest if row else NOBODYS)
    return row if row and is_it else None


def why_not(token, person, address=None):
    """(word for the record, Said) why a token does not work now; None if it does.

    `person` is its User as they are now, `address` where it is used from; None judges no address.
    """
    if token.revoked_at:
        return "revoked", REVOKED()
    if token.expires_at <= timezone.now():
        return "expired", EXPIRED(until=token.expires_at)
    if not person.is_active:
        return "inactive", SWITCHED_OFF()
    if token.membership_id is None or access.role_in(person, token) is None:
        return "left", LEFT()
    if token.by_sso and _signed_in_long_ago(person):
        return "asleep", ASLEEP(days=SIGNED_IN_WITHIN.days)
    if address is not None and not addresses.allow(token.addresses, address):
        return "address", ELSEWHERE(address=address)
    return None


def _signed_in_long_ago(person):
    return person.last_login is None or person.last_login < timezone.now() - SIGNED_IN_WITHIN


def bound(person, token):
    """The User, who from now on acts by the token and may do no more than it; None is no token."""
    if token is not None:
        person.token = token
        person.limits = Limits(token.team_id, frozenset(token.rights), Places.of(token.places))
    return person


def bound_later(person, token):
    """The same for work that waited: a token that does not work any more gives no right."""
    bound(person, token)
    if token is not None and why_not(token, person):
        person.limits = replace(person.limits, rights=frozenset())
    return person
