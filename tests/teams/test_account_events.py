"""What happens to accounts is in the record, and who may read that.

Would catch: a sign-in, or one that failed, that nobody can find out about; a password in the record; an
address that somebody claims in a header; somebody who fills the record with failed sign-ins; an entry that
people of a team read.
"""

import json
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone

from portal.record.models import Body, Entry
from portal.teams.account_events import end_sessions
from portal.teams.models import Repeated, Role, User
from portal.teams.recording import write_folded
from tests.support.plant import make_plant

PASSWORD, OTHER = "correct-horse-battery", "another-horse-battery"
LOGIN = "/accounts/login/"


@pytest.fixture
def person(db):
    return User.objects.create_user("mei@example.test", PASSWORD)


@pytest.fixture
def browser():
    return Client(HTTP_HOST="localhost")


def sign_in(browser, email="mei@example.test", password=PASSWORD, **headers):
    return browser.post(LOGIN, {"login": email, "password": password}, **headers)


def entry(verb):
    """(the only entry of the verb, its body)"""
    found = Entry.objects.get(verb=verb)
    assert (found.kind, found.team_id) == ("portal/accounts", "")
    return found, json.loads(Body.objects.get(seq=found.seq).text)


def no_password():
    texts = "".join(Body.objects.values_list("text", flat=True)) + str(list(Entry.objects.values()))
    texts += str(list(Repeated.objects.values()))
    assert PASSWORD not in texts
    assert OTHER not in texts
    assert "wrong-horse" not in texts


def test_who_signs_in_and_out_is_recorded(person, browser):
    assert sign_in(browser).status_code == 302
    browser.post("/accounts/logout/")

    for verb in ("sign_in", "sign_out"):
        found, body = entry(verb)
        assert (found.actor_id, found.actor) == (str(person.pk), person.email)
        assert body.pop("methods", ["password"]) == ["password"]
        assert body == {"address": "127.0.0.1"}
    no_password()


@pytest.mark.parametrize(
    ("email", "password", "is_active", "why"),
    [
        ("mei@example.test", "wrong-horse", True, "wrong"),
        ("MEI@example.test", "wrong-horse", True, "wrong"),
        ("mei@example.test", PASSWORD, False, "inactive"),
        ("nobody@example.test", "wrong-horse", True, "wrong"),
    ],
)
def test_who_failed_to_sign_in_is_recorded(person, browser, email, password, is_active, why):
    User.objects.filter(pk=person.pk).update(is_active=is_active)
    sign_in(browser, email, password)

    found, body = entry("sign_in_failed")
    is_known = email.lower() == person.email
    assert (found.actor_id, found.actor) == ((str(person.pk), person.email) if is_known else ("", ""))
    assert body == {"address": "127.0.0.1", "email": email.lower(), "why": why}
    assert found.outcome == "failed"
    assert not Entry.objects.filter(verb="sign_in")
    no_password()


@pytest.mark.parametrize(("trusted", "seen"), [(0, "127.0.0.1"), (1, "198.51.100.7")])
def test_the_address_is_the_one_that_trusted_proxies_tell(person, browser, settings, trusted, seen):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = settings.TRUSTED_PROXIES = trusted
    sign_in(browser, HTTP_X_FORWARDED_FOR="203.0.113.9, 198.51.100.7")
    assert entry("sign_in")[1]["address"] == seen


def test_failed_sign_ins_fold_and_the_rate_limit_is_told(person, browser, settings):
    settings.ACCOUNT_RATE_LIMITS = {}
    for _time in range(30):
        sign_in(browser, password="wrong-horse")
    failed = Entry.objects.filter(verb="sign_in_failed")
    assert failed.count() <= 2 * 20
    Repeated.objects.update(began_at=timezone.now() - timedelta(seconds=61))
    write_folded()
    bodies = [json.loads(Body.objects.get(seq=each.seq).text) for each in failed]
    assert sum(body.get("count", 1) for body in bodies) == 30
    assert {body["why"] for body in bodies} <= {"wrong", "too_many"}
    no_password()


def test_what_was_typed_is_cut_and_its_secrets_are_hidden(person, browser):
    token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abc"
    sign_in(browser, f"{token}@example.test", "wrong-horse")
    assert token not in str(list(Body.objects.values_list("text", flat=True)))


def test_a_sign_in_that_cannot_be_recorded_does_not_happen(person, browser, monkeypatch):
    monkeypatch.setattr("portal.teams.recording.append", _fail)
    assert sign_in(browser).status_code == 503
    assert browser.get("/").status_code == 302


def _fail(*lines):
    raise DatabaseError("no record")


def test_a_changed_password_is_recorded(person, browser):
    sign_in(browser)
    answer = browser.post(
        "/accounts/password/change/", {"oldpassword": PASSWORD, "password1": OTHER, "password2": OTHER}
    )
    assert answer.status_code == 302
    found, body = entry("password_change")
    assert (found.actor, found.object_name, body) == (person.email, person.email, {"address": "127.0.0.1"})
    no_password()


def test_accounts_that_are_made_and_what_they_may(person):
    found, body = entry("account_create")
    assert (found.actor, found.via) == ("command line", "command")
    assert body["after"]["is_active"] is True

    person.is_portal_admin = True
    person.save()
    assert entry("account_update")[1] == {
        "before": {"is_portal_admin": False},
        "after": {"is_portal_admin": True},
    }
    person.is_active = False
    person.save()
    assert entry("account_deactivate")[1]["after"] == {"is_active": False}
    person.is_active = True
    person.save()
    assert entry("account_activate")
    person.set_unusable_password()
    person.save()
    assert entry("password_change")
    person.set_password(OTHER)
    person.save()
    assert entry("password_set")
    no_password()


def test_a_session_that_is_over_is_recorded_once(person, browser):
    sign_in(browser)
    assert end_sessions() == 0
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))

    assert end_sessions() == 1
    assert end_sessions() == 0
    found, body = entry("session_end")
    assert (found.actor, found.via, list(body)) == (person.email, "system", ["expired_at"])
    assert browser.get("/").status_code == 302


def test_what_happens_to_accounts_is_read_by_administrators_and_auditors_alone(person, browser):
    plant = make_plant("http://127.0.0.1:9")
    sign_in(browser)
    seq = entry("sign_in")[0].seq
    assert plant.browser(Role.OWNER).get(f"/audit/{seq}/").status_code == 404
    for name in ("is_portal_admin", "is_portal_auditor"):
        reader = Client(HTTP_HOST="localhost")
        reader.force_login(User.objects.create(email=f"{name}@example.test", **{name: True}))
        assert reader.get(f"/audit/{seq}/").status_code == 200
