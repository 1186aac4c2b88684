"""A new password by mail, and passwords that somebody else had set.

Would catch: an answer that tells whether an address is known, a link that works twice or for another, a
session that outlives the password, a password of somebody else that still signs in.
"""

import json
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.home.mails import letters
from portal.mail.models import Mail
from portal.record import dropping
from portal.record.models import Body, Entry
from portal.record.store import append
from portal.teams.account_events import record_voided
from portal.teams.models import Role, User
from portal.teams.recording import line
from tests.support.mails import newest, path_in
from tests.support.plant import make_plant

MEI, PASSWORD, OTHER = "mei@example.test", "correct horse battery", "another horse battery"
TEAM = "00000000-0000-4000-8000-000000000001"
ASK = "/accounts/password/reset/"

pytestmark = [pytest.mark.django_db, pytest.mark.anywhere]


@pytest.fixture
def mei():
    return User.objects.create_user(MEI, PASSWORD)


def stranger():
    return Client(HTTP_HOST="localhost")


def ask(email=MEI):
    return stranger().post(ASK, {"email": email}, follow=True)


def choose(path, password=OTHER):
    """Open the link and choose this password; the last page."""
    browser = stranger()
    form = browser.get(path, follow=True)
    if "password1" not in form.text:
        return form
    there = form.redirect_chain[-1][0]
    return browser.post(there, {"password1": password, "password2": password}, follow=True)


def signs_in(password, email=MEI):
    answer = stranger().post("/accounts/login/", {"login": email, "password": password})
    return answer.status_code == 302


def test_a_link_in_a_mail_leads_to_a_new_password_and_ends_all_sessions(mei):
    mine, thiefs = stranger(), stranger()
    for browser in (mine, thiefs):
        browser.post("/accounts/login/", {"login": MEI, "password": PASSWORD})
        assert browser.get("/teams/").status_code == 200
    assert "on its way" in ask("MEI@example.test").text
    path = path_in(newest(MEI))
    assert "Password saved" in choose(path).text
    assert (signs_in(OTHER), signs_in(PASSWORD)) == (True, False)
    for browser in (mine, thiefs):
        assert browser.get("/teams/").status_code == 302
    assert "This link does not work" in choose(path).text
    asked, changed = (Entry.objects.filter(verb=verb).get() for verb in ("reset_ask", "password_change"))
    assert (asked.actor_id, asked.object_name) == ("", "MEI@example.test")
    assert (changed.actor, changed.via) == (MEI, "web")


@pytest.mark.parametrize(
    "email",
    [
        "m\u212ai@example.test",
        *(
            pytest.param(each, marks=pytest.mark.full)
            for each in ("nobody@example.test", "gone@example.test")
        ),
    ],
)
def test_who_asks_learns_nothing_about_an_address(mei, email):
    User.objects.create_user("gone@example.test", PASSWORD, is_active=False)
    User.objects.create_user("mki@example.test", PASSWORD)
    known, other = ask(), ask(email)
    assert (known.redirect_chain, known.status_code) == (other.redirect_chain, other.status_code)
    assert len(known.content) == len(other.content)
    assert letters(email) == []
    assert not Mail.objects.filter(address=email).exists()
    assert Entry.objects.filter(verb="reset_ask", object_name=email).count() == 1


def test_the_page_itself_does_not_look_for_the_account(mei, monkeypatch):
    """The same queries for a known and an unknown address, none of them about people."""
    later = SimpleNamespace(enqueue=lambda *arguments: None)  # tests send at once; a worker does it later
    monkeypatch.setattr("portal.mail.outbox.deliver", later)
    seen = []
    for email in (MEI, "nobody@example.test"):
        with CaptureQueriesContext(connection) as captured:
            stranger().post(ASK, {"email": email})
        seen.append([each["sql"] for each in captured])
    assert len(seen[0]) == len(seen[1])
    assert not [each for sql in seen for each in sql if "teams_user" in each]


def test_a_password_that_is_easy_to_guess_is_not_chosen(mei):
    ask()
    assert "repeats" in choose(path_in(newest(MEI)), "passwordpassword").text
    assert signs_in(PASSWORD)


def test_without_mail_the_page_says_so(mei, settings):
    settings.MAIL = None
    assert "can&#x27;t send mail" in ask().text.replace("&#39;", "&#x27;").replace("can't", "can&#x27;t")
    assert not Mail.objects.exists()


HASH = make_password(PASSWORD)  # once: it takes its time on purpose


def made(email, verb="member_add", by="owner@example.test", told=True, **fields):
    """An account as an earlier version made it, with its entries."""
    person = User(email=email, password=HASH)
    User.objects.bulk_create([person])
    about = {"object_id": person.pk, "object_name": email}
    if verb == "team_create":
        about = {"object_id": "00000000-0000-4000-8000-000000000000"}
    owner = User.objects.filter(email=by).first() or User.objects.create(email=by)
    body = {"after": {"role": "viewer", "owner": email}, "account_created": told}
    append(line(verb, kind="portal/members", actor=owner, body=body, **{**about, **fields}))
    return person


def change_it_oneself(person):
    append(line("password_change", kind="portal/accounts", actor=person, object_id=person.pk))


def make_void():
    import_module("portal.teams.migrations.0007_passwords_set_by_others").make_void(apps, None)
    record_voided()
    record_voided()


def voided():
    return {each.email for each in User.objects.filter(must_reset=True)}


def test_passwords_that_somebody_else_set_count_no_more():
    theirs = made("a@example.test")
    made("b@example.test", "team_create")
    change_it_oneself(made("c@example.test"))
    made("d@example.test", told=False)  # had an account before
    made("e@example.test", via="command")
    User.objects.create(email="f@example.test", password=HASH)
    made("g@example.test", team_id=TEAM)
    dropping.drop(TEAM, timezone.now(), {"actor": "the portal", "via": "system", "body": {}})
    plant = make_plant("http://127.0.0.1:9")
    made_today = User.objects.create(email="h@example.test", password=HASH)
    append(
        line(
            "account_create", kind="portal/accounts", actor=plant.people[Role.OWNER], object_id=made_today.pk
        )
    )
    make_void()

    assert voided() == {f"{each}@example.test" for each in "abgh"}
    assert not signs_in(PASSWORD, theirs.email)
    assert signs_in(PASSWORD, "c@example.test")
    assert signs_in(PASSWORD, "d@example.test")
    told = Entry.objects.filter(verb="password_void")
    assert set(told.values_list("object_name", flat=True)) == voided()
    assert told.count() == 4
    assert {each.via for each in told} == {"system"}

    ask(theirs.email)
    choose(path_in(newest(theirs.email)))
    assert signs_in(OTHER, theirs.email)
    assert theirs.email not in voided()
    assert json.loads(Body.objects.get(seq=Entry.objects.get(verb="password_set").seq).text)["address"]
