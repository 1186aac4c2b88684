"""Mails of tests: files, as in the demo, read by what shows them there; and an invitation without a mail."""

from datetime import timedelta

from django.utils import timezone

from portal.home.mails import letters
from portal.mail.models import Mail
from portal.teams import invitations
from portal.teams.models import Invitation, Role

TOKEN = "the-token-of-an-invitation"


def newest(address):
    """The last mail to this address. Fails if there is none."""
    found = letters(address)
    assert found, f"no mail to {address}"
    return found[0]


def path_in(letter):
    """The address in the mail's only link, without its host."""
    (link,) = letter.links
    return "/" + link.split("/", 3)[3]


def make_invitation(plant, text):
    moment = timezone.now() + timedelta(hours=1)
    address = f"invited{text[:200]}@example.test"
    Invitation.objects.create(
        team=plant.team,
        email=address,
        role=Role.OWNER,
        token_digest=invitations.digest_of(TOKEN),
        invited_by=plant.people[Role.OWNER],
        invited_at=moment,
        expires_at=moment,
        mail=Mail.objects.create(address=address, kind="invitation", sealed="", error=text[:200]),
    )
