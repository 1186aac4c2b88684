"""Invitations: nobody gets into a team, or gets an account, but through a link mailed to their own address.

The link holds a token of 256 bits; the portal keeps its SHA-256 alone. It works once, for 72 hours, and for
the account of the address that it was sent to. What whoever invited may do is asked again when it is
accepted. All changes take the lock of the team's row first: of an acceptance and a revocation at the same
moment, one finds the invitation.
"""

import hashlib
import secrets
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_noop as _

from portal.errors import NotAllowed, NotVisible
from portal.mail import outbox, sending
from portal.record.store import append
from portal.teams import access, offered
from portal.teams.addresses import same_address
from portal.teams.locking import KIND, locked, locked_team
from portal.teams.models import Invitation, Membership, Role, User
from portal.teams.places import EVERYWHERE, Places
from portal.teams.recording import denials_recorded, line
from portal.words import Sentence, to_json

TOKEN_BYTES = 32
LASTS = timedelta(hours=72)
RIGHT = "invite"

GONE = Sentence("invitation.gone", _("This invitation does not exist any more, or never did."))
VOID = Sentence(
    "invitation.void",
    _("Whoever sent this invitation can't give this role in the team any more, so the invitation is void."),
)


def invite(team, *, actor, email, role, link, places=EVERYWHERE):
    """Invite an address to the team, or to some places; the Invitation. The token goes out by mail alone.

    `link(token)` is the address of the page that accepts it. Whether the address has an account makes no
    difference. Raises NotVisible, NotAllowed (recorded), and ValidationError: no mail is set up, the address
    is a member's or is invited already.
    """
    asked = {"role": str(role), "places": offered.shown(places, team.pk)}
    tried = _tried("invite", team, actor, email, body={"after": asked})
    with locked(team, actor, tried, RIGHT):
        access.require_to_give(actor, role, team, places)
        require_mail()
        if team.memberships.filter(user__email__iexact=email).exists():
            raise ValidationError(
                {"email": _now("This person is already a member. See the list of members.")}
            )
        earlier = Invitation.objects.filter(team=team, email__iexact=email).first()
        if earlier and not earlier.is_over:
            raise ValidationError(
                {"email": _now("This address is invited already. See the open invitations.")}
            )
        if earlier:
            earlier.delete()
        made = Invitation(team=team, email=email, role=Role(role), places=places.to_json())
        _send(made, actor, link)
        append({**tried, "object_id": str(made.pk), "body": _after(made)})
    return made


def invite_first_owner(team, *, actor, email, link):
    """Invite the first owner of a team that has none; ends an invitation of another one.

    Raises NotAllowed (recorded) for all but portal administrators, and ValidationError.
    """
    tried = _tried("invite", team, actor, email, body={"after": {"role": Role.OWNER.value}})
    with denials_recorded(tried):
        access.require_portal_admin(actor)
    with transaction.atomic(durable=True):
        locked_team(team)
        if has_owner(team):
            raise ValidationError(_now("This team has an owner, who invites further people."))
        made = for_first_owner(team, actor, email, link)
        append({**tried, "object_id": str(made.pk), "body": _after(made)})
    return made


def for_first_owner(team, actor, email, link):
    """The only open invitation of an owner, made in the caller's transaction."""
    require_mail()
    team.invitations.filter(role=Role.OWNER).delete()
    made = Invitation(team=team, email=email, role=Role.OWNER)
    _send(made, actor, link)
    return made


def invite_again(invitation, *, actor, link):
    """Send a new link, for another 72 hours; the old one does not work any more.

    Raises NotVisible, NotAllowed (recorded), ValidationError.
    """
    tried = _tried("invite_again", invitation.team, actor, invitation.email, invitation.pk)
    with locked(invitation.team, actor, tried, RIGHT):
        row = _row(invitation)
        access.require_to_give(actor, row.role, row.team, Places.of(row.places))
        require_mail()
        _send(row, actor, link)
        append({**tried, "body": _after(row)})
    return row


def revoke(invitation, *, actor):
    """Raises NotVisible, NotAllowed (recorded)."""
    tried = _tried("invite_revoke", invitation.team, actor, invitation.email, invitation.pk)
    with locked(invitation.team, actor, tried, RIGHT):
        row = _row(invitation)
        access.require_to_give(actor, row.role, row.team, Places.of(row.places))
        row.delete()
        append({**tried, "body": {"before": {"role": row.role}}})


def revoked_lines(rows, actor):
    """Delete invitations of somebody who leaves, in the caller's transaction; the lines to append."""
    rows = list(rows.select_related("team"))
    Invitation.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return [
        _tried("invite_revoke", row.team, actor, row.email, row.pk, body={"before": {"role": row.role}})
        for row in rows
    ]


def digest_of(token):
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def find(digest):
    """The open Invitation with this digest. Raises NotVisible."""
    rows = Invitation.objects.select_related("team", "invited_by")
    found = rows.filter(token_digest=digest, expires_at__gt=timezone.now()).first()
    if found is None:
        raise NotVisible(GONE())
    return found


def find_valid(digest):
    """Raises NotVisible, and NotAllowed if the invitation is void."""
    found = find(digest)
    if not counts(found):
        raise NotAllowed(VOID(), right=RIGHT)
    return found


def account_of(invitation):
    """The User with the invited address, or None."""
    return User.objects.of_address(invitation.email)


def accept(digest, *, user=None, name="", password=""):
    """Make the invited person a member; returns (the User, the Team).

    `user` is who is signed in, and has the invited address; without one, an account is made with this name
    and password. Raises NotVisible, NotAllowed (recorded), and ValidationError if the account exists by now.
    """
    found = find(digest)
    if user is not None and not same_address(user.email, found.email):
        raise NotVisible(GONE())
    tried = _tried("member_join", found.team, user, found.email, user.pk if user else "")
    if user is None and settings.PASSWORDS_FOR_ADMINS_ONLY:
        raise ValidationError(
            _now("Passwords are switched off here. Sign in with %(name)s.") % {"name": settings.OIDC_NAME}
        )
    if user is None:
        tried |= {"actor": found.email, "actor_id": ""}
    # Before the locks: for its turn it may have to wait (signin/hashing.py).
    password = make_password(password) if user is None else ""
    with denials_recorded(tried), transaction.atomic(durable=True):
        locked_team(found.team)
        invitation = find_valid(digest)
        person = user or _new_account(invitation.email, name, password)
        # Somebody may have been made a member by a command meanwhile: the role stays as it is.
        values = {"team": invitation.team, "user": person}
        given = {"role": invitation.role, "places": invitation.places}
        member, _is_new = Membership.objects.get_or_create(**values, defaults=given)
        invitation.delete()
        after = {"role": str(member.role), "places": offered.shown(Places.of(member.places), member.team_id)}
        body = {"after": after, "account_created": user is None}
        body["invited_by"] = invitation.invited_by.email
        who = {"actor_id": str(person.pk), "actor": person.email, "object_id": str(person.pk)}
        append({**tried, **who, "object_name": person.email, "body": body})
    access.forget(person)
    return person, found.team


def counts(invitation):
    """Whether whoever invited may give this role now, in these places."""
    inviter, team = invitation.invited_by, invitation.team
    access.forget(inviter)
    mine = access.places_in(inviter, team)
    if invitation.role in access.roles_to_give(inviter, team) and Places.of(invitation.places).within(mine):
        return True
    is_admin = inviter.is_active and inviter.is_portal_admin
    return is_admin and invitation.role == Role.OWNER and not has_owner(team)


def has_owner(team):
    return team.memberships.owning().exists()


def require_mail():
    if not sending.is_set_up():
        text = _now("The portal can't send mail: PORTAL_EMAIL_URL is not set. Nobody was invited.")
        raise ValidationError(text)


def _row(invitation):
    row = Invitation.objects.select_related("team").filter(pk=invitation.pk).first()
    if row is None:
        raise NotVisible(access.NOT_VISIBLE())
    return row


def _send(invitation, actor, link):
    """Give the invitation a new token and queue the mail that brings it."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    now = timezone.now()
    invitation.token_digest = digest_of(token)
    invitation.invited_by, invitation.invited_at, invitation.expires_at = actor, now, now + LASTS
    invitation.mail = outbox.queue(
        "invitation",
        invitation.email,
        link=link(token),
        team=invitation.team.name,
        role=str(invitation.role),
        places=to_json(covered(invitation)),
        inviter=str(actor),
        until=invitation.expires_at.isoformat(),
    )
    invitation.save()


def _new_account(email, name, password):
    try:
        with transaction.atomic():
            return User.objects.create(
                email=User.objects.normalize_email(email), password=password, name=name
            )
    except IntegrityError as error:
        raise ValidationError(_now("This address has an account now. Sign in to accept.")) from error


def covered(invitation):
    """What the membership will cover, as a Said; None for the whole team."""
    places = Places.of(invitation.places)
    return None if places.is_everywhere else offered.told(places, invitation.team_id)


def _after(invitation):
    places = offered.shown(Places.of(invitation.places), invitation.team_id)
    until = invitation.expires_at.isoformat()
    return {"after": {"role": str(invitation.role), "places": places, "until": until}}


def _tried(verb, team, actor, email, id="", **fields):
    about = {"kind": KIND, "actor": actor, "team": team, "object_id": id, "object_name": email}
    return line(verb, **about, **fields)
