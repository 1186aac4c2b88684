"""Nobody gets into a team, or gets an account, but through a link in a mail to their own address.

Would catch: a password that somebody else chooses, a token that can be read, used twice, used by another, or
after it is over, a role above that of whoever invited, an answer that tells whether an address is known.
"""

import logging
import re
from datetime import timedelta
from io import StringIO

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.mail.models import Mail
from portal.record.models import Body, Entry
from portal.teams import access, service
from portal.teams.models import Invitation, Membership, Role, Team, User
from tests.support.drawn import ODD, check
from tests.support.mails import newest, path_in
from tests.support.plant import make_plant

PASSWORD = "correct horse battery"
NEW = "new@example.test"
ACCEPT = "/teams/invitation/"
NOWHERE = "http://127.0.0.1:9"

pytestmark = [pytest.mark.django_db, pytest.mark.anywhere]


@pytest.fixture
def plant():
    return make_plant(NOWHERE)


def invite(plant, email=NEW, role="viewer", by=Role.OWNER):
    path = reverse("teams:invite", args=[plant.team.pk])
    return plant.browser(by).post(path, {"email": email, "role": role, "scope": "team"}, follow=True)


def stranger():
    return Client(HTTP_HOST="localhost")


def opened(email=NEW, browser=None):
    """A browser that opened the link of the last mail to the address."""
    browser = browser or stranger()
    browser.answer = browser.get(path_in(newest(email)), follow=True)
    return browser


def accept(browser, **typed):
    return browser.post(ACCEPT, {"name": "Nina New", "password": PASSWORD, **typed})


def role_of(email, team):
    return Membership.objects.filter(team=team, user__email=email).values_list("role", flat=True).first()


def last(verb):
    return Entry.objects.filter(verb=verb).order_by("seq").last()


def test_who_is_invited_chooses_the_password_and_is_signed_in(plant):
    invited = invite(plant, role="operator")
    assert f"An invitation is on its way to {NEW}." in invited.text
    assert not User.objects.filter(email=NEW)

    browser = opened()
    assert "Plant 3" in browser.answer.text
    assert "as Operator" in browser.answer.text
    answer = accept(browser)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert role_of(NEW, plant.team) == "operator"
    assert "Nina New" in browser.get("/teams/").text
    assert stranger().login(email=NEW, password=PASSWORD)
    assert not Invitation.objects.exists()

    assert (last("invite").actor, last("invite").object_name) == ("owner-plant@example.test", NEW)
    made, joined = last("account_create"), last("member_join")
    assert (made.actor, made.via, made.correlation) == (NEW, "web", joined.correlation)
    assert (joined.actor, joined.team) == (NEW, "Plant 3")
    assert '"invited_by":"owner-plant@example.test"' in Body.objects.get(seq=joined.seq).text
    assert last("sign_in").actor == NEW


def test_the_token_stands_in_the_mail_alone(plant):
    text = invite(plant).text
    token = path_in(newest(NEW)).split("/")[-2]
    assert len(token) >= 43  # 256 bits
    browser = opened()
    assert browser.answer.redirect_chain[-1][0] == ACCEPT
    assert token not in text + browser.answer.text
    with connection.cursor() as cursor:
        for table in ("teams_invitation", "mail_mail", "record_entry", "record_body", "django_session"):
            cursor.execute(f"SELECT * FROM {table}")
            assert token not in str(cursor.fetchall()), table
    assert token not in str(browser.session.items())


def test_who_has_an_account_joins_with_it_and_with_no_other(plant):
    known = User.objects.create_user(NEW, PASSWORD, name="Known")
    invite(plant, email="NEW@example.test", role="manager")
    other = opened("NEW@example.test", plant.browser(Role.VIEWER))
    assert "You are signed in as" in other.answer.text
    assert "Join the team" not in other.answer.text
    accept(other)
    browser = opened("NEW@example.test")
    assert "Sign in to join" in browser.answer.text
    assert accept(browser)["Location"] == f"/accounts/login/?next={ACCEPT}"
    assert role_of(NEW, plant.team) is None
    assert User.objects.get(pk=known.pk).check_password(PASSWORD)

    signed_in = browser.post("/accounts/login/", {"login": NEW, "password": PASSWORD, "next": ACCEPT})
    assert signed_in["Location"] == ACCEPT
    assert "Join the team" in browser.get(ACCEPT).text
    assert browser.post(ACCEPT)["Location"] == "/"
    assert role_of(NEW, plant.team) == "manager"
    assert '"account_created":false' in Body.objects.get(seq=last("member_join").seq).text


def plain(answer):
    """The page without what differs each time: keys, ids, times."""
    text = re.sub(r'value="[^"]*"|hx-headers=\S+ \S+|[0-9a-f]{8}-[0-9a-f-]{27}', "", answer.text)
    return re.sub(r"\d\d:\d\d:\d\d|\d\d:\d\d", "", text)


def test_whether_an_address_is_known_makes_no_difference_to_who_invites(plant):
    User.objects.create_user("known@example.test", PASSWORD)
    seen = []
    for email in ("known@example.test", "fresh@example.test"):
        answer, letter = plain(invite(plant, email)), newest(email)
        seen.append((answer.replace(email, ""), letter.subject, re.sub(r"http\S+", "", letter.text)))
        Invitation.objects.all().delete()
    assert seen[0][:2] == seen[1][:2]
    assert plain_letter(seen[0][2], "known") == plain_letter(seen[1][2], "fresh")


def plain_letter(text, name):
    return re.sub(r"\d\d:\d\d", "", text).replace(f"{name}@example.test", "")


GIVES = {
    "owner": {"viewer", "auditor", "operator", "manager", "owner"},
    "manager": {"viewer", "operator", "manager"},
    "operator": set(),
    "auditor": set(),
    "viewer": set(),
}

FEW = {("manager", "manager"), ("manager", "auditor"), ("operator", "viewer")}


@pytest.mark.parametrize(
    ("by", "role"),
    [
        pytest.param(by, role, marks=() if (by, role) in FEW else pytest.mark.full)
        for by in GIVES
        for role in Role
    ],
)
def test_nobody_gives_a_role_above_their_own(plant, by, role):
    answer = invite(plant, role=role, by=by)
    is_allowed = role in GIVES[by]
    assert answer.status_code == (200 if is_allowed else 403)
    assert Invitation.objects.exists() == is_allowed
    if not is_allowed:
        assert (last("invite").outcome, last("invite").actor) == ("denied", f"{by}-plant@example.test")


def test_a_manager_is_offered_the_roles_they_may_give(plant):
    text = plant.browser(Role.MANAGER).get(f"/teams/{plant.team.pk}/").text
    assert re.findall(r'<option value="(\w+)"', text) == ["viewer", "operator", "manager"]


def lower(plant):
    Membership.objects.filter(user=plant.people[Role.MANAGER]).update(role="operator")


def leave(plant):
    Membership.objects.filter(user=plant.people[Role.MANAGER]).delete()


def deactivate(plant):
    User.objects.filter(pk=plant.people[Role.MANAGER].pk).update(is_active=False)


@pytest.mark.parametrize(
    "what", [lower, *(pytest.param(each, marks=pytest.mark.full) for each in (leave, deactivate))]
)
def test_an_invitation_of_somebody_who_may_no_longer_invite_is_void(plant, what):
    invite(plant, by=Role.MANAGER, role="manager")
    browser = opened()
    what(plant)
    answer = accept(browser)
    assert answer.status_code == 403
    assert "This invitation is void" in answer.text
    assert "Plant" not in answer.text
    assert not User.objects.filter(email=NEW)
    assert (last("member_join").outcome, last("member_join").team) == ("denied", "Plant 3")
    assert opened().answer.status_code == 403


def use(plant):
    accept(opened())


def let_it_end(plant):
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))


def take_back(plant):
    row = Invitation.objects.get()
    plant.browser(Role.OWNER).post(reverse("teams:invite_revoke", args=[plant.team.pk, row.pk]))
    assert last("invite_revoke").object_name == NEW


def renew(plant):
    row = Invitation.objects.get()
    plant.browser(Role.MANAGER).post(reverse("teams:invite_again", args=[plant.team.pk, row.pk]))
    assert last("invite_again").object_name == NEW


def test_what_does_not_count_looks_the_same_and_names_nobody(plant):
    closed = set()
    for what in (use, let_it_end, take_back, renew):
        User.objects.filter(email=NEW).delete()
        Invitation.objects.all().delete()
        invite(plant)
        path, before = path_in(newest(NEW)), opened()
        what(plant)
        posted, got = accept(before), stranger().get(path)
        assert (posted.status_code, got.status_code) == (404, 404), what
        closed |= {plain(each) for each in (posted, got)}
    closed |= {plain(stranger().get(ACCEPT + "made-up/")), plain(stranger().get(ACCEPT))}
    assert len(closed) == 1
    assert "Plant" not in closed.pop()
    assert role_of(NEW, plant.team) is None or not Invitation.objects.filter(email=NEW, team=plant.team)
    assert accept(opened()).status_code == 302  # the link that was sent again works


@pytest.mark.full
def test_opening_the_link_uses_nothing_up(plant):
    invite(plant)
    for _time in range(3):
        assert opened().answer.status_code == 200
    assert accept(opened()).status_code == 302


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ({"password": "passwordpassword", "name": ""}, "repeats"),
        *(
            pytest.param(*each, marks=pytest.mark.full)
            for each in (
                ({"password": "short"}, "too short"),
                ({"password": "aaaaaaaaaaaaaaaa"}, "repeats"),
                ({"password": "abcdefghijklmnop"}, "in a row"),
                ({"password": "1234567890123456"}, "numeric"),
                ({"password": "new@example.test"}, "similar"),
                ({"name": ""}, "required"),
            )
        ),
    ],
)
def test_a_password_that_is_easy_to_guess_is_refused_and_the_link_still_works(plant, typed, text):
    invite(plant)
    browser = opened()
    answer = accept(browser, **typed)
    assert answer.status_code == 422
    assert text in answer.text
    assert PASSWORD not in answer.text
    assert not User.objects.filter(email=NEW)
    assert accept(browser).status_code == 302


def test_one_invitation_is_open_for_an_address_and_the_list_says_so(plant):
    invite(plant)
    again = invite(plant, email=NEW.upper())
    assert "This address is invited already." in again.text
    member = invite(plant, email="viewer-plant@example.test")
    assert "This person is already a member." in member.text
    text = plant.browser(Role.MANAGER).get(f"/teams/{plant.team.pk}/").text
    assert f'data-invitation="{NEW}" data-role="viewer"' in text
    assert NEW not in plant.browser(Role.OPERATOR).get(f"/teams/{plant.team.pk}/").text
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert "on its way" in invite(plant).text


def test_a_manager_leaves_an_owners_invitation_alone(plant):
    invite(plant, role="owner")
    row = Invitation.objects.get()
    for verb in ("invite_again", "invite_revoke"):
        path = reverse(f"teams:{verb}", args=[plant.team.pk, row.pk])
        assert plant.browser(Role.MANAGER).post(path).status_code == 403
        assert last(verb).outcome == "denied"
    assert Invitation.objects.get().token_digest == row.token_digest


def test_an_invitation_of_another_team_cannot_be_reached_through_mine(plant):
    other = make_plant(NOWHERE, name="Harbour")
    invite(other)
    row = Invitation.objects.get()
    for verb in ("invite_again", "invite_revoke"):
        path = reverse(f"teams:{verb}", args=[plant.team.pk, row.pk])
        assert plant.browser(Role.OWNER).post(path).status_code == 404
    assert Invitation.objects.get().token_digest == row.token_digest


def test_without_mail_nobody_is_invited_and_the_page_says_what_to_set(plant, settings):
    settings.MAIL = None
    answer = invite(plant)
    assert answer.status_code == 422
    assert "PORTAL_EMAIL_URL" in answer.text
    assert "Send invitation" not in answer.text
    assert not Invitation.objects.exists()


def administrator(**more):
    admin = User.objects.create(email="admin@example.test", is_portal_admin=True, **more)
    browser = stranger()
    browser.force_login(admin)
    return admin, browser


def test_the_first_owner_of_a_new_team_is_invited(plant):
    admin, browser = administrator()
    made = browser.post("/teams/new/", {"name": "Mine", "email": NEW}, follow=True)
    assert f"First owner invited: {NEW}" in re.sub(r"<[^>]+>", "", made.text)
    assert str(plant.team.pk) not in made.text
    team = Team.objects.get(name="Mine")
    assert not team.memberships.exists()
    entry = last("team_create")
    assert (entry.outcome, entry.actor, entry.team) == ("done", admin.email, "Mine")
    wrong = path_in(newest(NEW))

    path = reverse("teams:first_owner", args=[team.pk])
    browser.post(path, {"email": "right@example.test"})
    assert stranger().get(wrong).status_code == 404
    assert accept(opened("right@example.test")).status_code == 302
    assert role_of("right@example.test", team) == "owner"
    refused = browser.post(path, {"email": NEW})
    assert (refused.status_code, "This team has an owner" in refused.text) == (422, True)


def test_an_administrator_who_is_none_any_more_gives_no_team_away(plant):
    admin, browser = administrator()
    browser.post("/teams/new/", {"name": "Mine", "email": NEW})
    invited = opened()
    User.objects.filter(pk=admin.pk).update(is_portal_admin=False)
    assert accept(invited).status_code == 403
    assert not Membership.objects.filter(team__name="Mine").exists()


def test_the_command_line_adds_who_has_an_account(plant):
    person = User.objects.create_user(NEW, PASSWORD)
    service.add_member(plant.team, person=person, role=Role.VIEWER)
    assert (last("member_add").via, last("member_add").object_name) == ("command", NEW)
    assert access.role_in(person, plant.team) == "viewer"


def test_odd_names_turn_neither_the_page_nor_the_mail(plant):
    Team.objects.filter(pk=plant.team.pk).update(name=ODD)
    invite(plant)
    assert "[U+202E]" in newest(NEW).text
    drawn = check(opened().answer)
    assert "U+202E" in "".join(drawn.texts)
    check(stranger().get("/demo/mails/"))


def test_a_link_that_meets_a_failure_stands_in_no_log(plant, monkeypatch):
    invite(plant)
    path, told = path_in(newest(NEW)), StringIO()
    (handler,) = (each for each in logging.getLogger().handlers if each.name == "stderr")
    monkeypatch.setattr(handler, "stream", told)
    monkeypatch.setattr("portal.teams.invitations.find_valid", None)
    browser = Client(HTTP_HOST="localhost", raise_request_exception=False)
    assert browser.get(path).status_code == 500
    assert "/teams/invitation/..." in told.getvalue()
    assert path.split("/")[-2] not in told.getvalue()


def test_what_a_mail_server_said_is_for_administrators(plant):
    invite(plant)
    Mail.objects.update(state="failed", error="SMTPAuthenticationError: relay.internal")
    address = reverse("teams:detail", args=[plant.team.pk])
    assert "relay.internal" not in plant.browser(Role.MANAGER).get(address).text
    User.objects.filter(pk=plant.people[Role.OWNER].pk).update(is_portal_admin=True)
    assert "relay.internal" in plant.browser(Role.OWNER).get("/people/").text
