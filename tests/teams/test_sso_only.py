"""PORTAL_PASSWORDS=admins: groups decide about all but portal administrators.

Would catch: an invitation, a mail or a passkey that lets somebody past the groups of the provider; what goes
on after the last group of a team is gone.
"""

import json

import pytest
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives.asymmetric import ec

from portal.home.mails import letters
from portal.operations.job import Job
from portal.record.models import Entry
from portal.teams import invitations, service
from portal.teams.models import Invitation, Membership, Role, User
from tests.support.mails import newest, path_in
from tests.support.passkeys import made_passkey, shown_passkey
from tests.teams.provider import PASSWORD, START, come, new_browser, roles, why_not
from tests.teams.test_leaving import give_something_to_hold, is_stopped

ACCEPT, PASSKEY = "/teams/invitation/", "/accounts/2fa/webauthn/login/"


@pytest.fixture
def sso_only(teams, settings):
    settings.PASSWORDS_FOR_ADMINS_ONLY = True
    return teams


def test_who_is_invited_chooses_no_password_and_joins_by_single_sign_on(sso_only, provider):
    boss = User.objects.get(email="boss@example.test")
    invitations.invite(
        sso_only[1],
        actor=boss,
        email="mei@example.test",
        role=Role.OPERATOR,
        link="http://localhost/{}/".format,
    )
    browser = new_browser()
    token = path_in(newest("mei@example.test")).strip("/")
    page = browser.get(f"{ACCEPT}{token}/", follow=True).content.decode()
    assert f'href="{START}?next={ACCEPT}"' in page
    assert 'name="password"' not in page
    refused = browser.post(ACCEPT, {"name": "Mei", "password": "a-long-one-0815"})
    assert refused.status_code == 422
    assert not User.objects.filter(email="mei@example.test")

    provider("20", email="mei@example.test", email_verified=True, groups=["ops"])
    assert come(browser, "20", f"{START}?next={ACCEPT}")["Location"] == ACCEPT
    assert "Join the team" in browser.get(ACCEPT).content.decode()
    assert browser.post(ACCEPT).status_code == 302
    assert roles("mei@example.test") == {"Plant 3": "operator", "Harbour": "operator"}


def test_nobody_else_gets_a_link_for_a_password(sso_only):
    User.objects.create_user("root@example.test", PASSWORD, is_portal_admin=True)
    for email, count in (("boss@example.test", 0), ("root@example.test", 1)):
        new_browser().post("/accounts/password/reset/", {"email": email})
        assert len(letters(email)) == count


def test_a_link_of_before_sets_no_password(teams, settings):
    new_browser().post("/accounts/password/reset/", {"email": "boss@example.test"})
    path = path_in(newest("boss@example.test"))
    settings.PASSWORDS_FOR_ADMINS_ONLY = True
    browser = new_browser()
    there = browser.get(path, follow=True).redirect_chain[-1][0]
    answer = browser.post(there, {"password1": "another-horse-1", "password2": "another-horse-1"})
    assert "Passwords are switched off here" in answer.content.decode()
    assert User.objects.get(email="boss@example.test").check_password(PASSWORD)


@pytest.mark.parametrize(("is_admin", "status"), [(False, 403), (True, 302)])
def test_a_passkey_opens_for_administrators_alone(sso_only, is_admin, status):
    boss, key = User.objects.get(email="boss@example.test"), ec.generate_private_key(ec.SECP256R1())
    User.objects.filter(pk=boss.pk).update(is_portal_admin=is_admin)
    data = {"name": "Laptop", "credential": made_passkey(private=key)}
    Authenticator.objects.create(user=boss, type=Authenticator.Type.WEBAUTHN, data=data)
    browser = new_browser()
    asked = browser.get(PASSKEY, HTTP_X_REQUESTED_WITH="XMLHttpRequest").json()["request_options"]
    challenge = asked["publicKey"]["challenge"]
    shown = shown_passkey(key, user_pk_to_url_str(boss), challenge)
    answer = browser.post(PASSKEY, {"credential": json.dumps(shown)})
    assert (answer.status_code, answer.get("Location", "/")) == (status, "/")
    assert (browser.get("/teams/").status_code == 200) == is_admin
    assert is_admin or why_not() == "sso_only"


def test_who_loses_a_membership_with_a_group_holds_nothing_in_the_team(plant):
    person = plant.people[Role.MANAGER]
    held = give_something_to_hold(plant, Role.MANAGER)
    service.follow_groups(person, plant.team, None, groups=["visitors"])
    assert not Membership.objects.filter(team=plant.team, user=person)
    assert not Invitation.objects.exists()
    assert is_stopped(*held)
    assert Job.objects.get().stopped_at is not None
    assert Entry.objects.get(verb="invite_revoke").via == "system"
