"""Sessions, through the door. Would catch: a session that somebody else laid out before the sign-in, one that
never ends, one that its person cannot end, a page that keeps a session alive though nobody looks at it.
"""

import json
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from portal.record.models import Body, Entry
from portal.teams.account_events import end_sessions
from portal.teams.models import Membership, Role, Team, User
from portal.teams.signin.sessions import EARLIER_BACKEND

LOGIN, PROFILE, END = "/accounts/login/", "/profile/", "/profile/sessions/end/"
PASSWORD, OTHER = "correct-horse-battery", "another-horse-battery"


@pytest.fixture(autouse=True)
def limits(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.IDLE_MINUTES, settings.IDLE_MINUTES_POWERFUL = 120, 30


@pytest.fixture
def person(db):
    return User.objects.create_user("mei@example.test", PASSWORD)


def signed_in(**options):
    browser = Client(HTTP_HOST="localhost", **options)
    assert browser.post(LOGIN, {"login": "mei@example.test", "password": PASSWORD}).status_code == 302
    return browser


def is_in(browser):
    return browser.get(PROFILE).status_code == 200


def row(browser):
    return Session.objects.get(pk=browser.session.session_key)


def left(browser):
    """Minutes until the session is over."""
    return round((row(browser).expire_date - timezone.now()).total_seconds() / 60)


def let_pass(browser, minutes):
    session = browser.session
    for name in ("signed_in_at", "confirmed_at"):
        session[name] -= minutes * 60
    session.save()


def test_a_sign_in_and_a_changed_password_give_the_session_a_new_key(person):
    browser = Client(HTTP_HOST="localhost")
    session = browser.session
    session["laid_out"] = "before"
    session.save()
    browser.cookies["sessionid"] = session.session_key
    browser.post(LOGIN, {"login": "mei@example.test", "password": PASSWORD})
    key = browser.session.session_key
    assert key != session.session_key
    stale = Client(HTTP_HOST="localhost")
    stale.cookies["sessionid"] = session.session_key
    assert not is_in(stale)

    other = signed_in()
    new = {"oldpassword": PASSWORD, "password1": OTHER, "password2": OTHER}
    assert browser.post("/accounts/password/change/", new).status_code == 302
    assert browser.session.session_key != key
    assert is_in(browser)
    assert not is_in(other)
    assert browser.get(PROFILE).content.decode().count("data-session=") == 1


def test_a_session_without_use_ends_and_use_moves_it_on(person):
    browser = signed_in()
    assert left(browser) == 120
    Session.objects.update(expire_date=timezone.now() + timedelta(minutes=50))
    browser.get("/", HTTP_HX_REQUEST="true", HTTP_HX_TRIGGER="refresh")
    assert left(browser) == 50  # a page that follows something is nobody's use
    browser.get("/")
    assert left(browser) == 120

    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert not is_in(browser)
    assert end_sessions() == 1
    assert Entry.objects.filter(verb="session_end", actor=person.email).count() == 1


@pytest.mark.parametrize("powerful", ["is_portal_admin", "is_portal_auditor", Role.OWNER, Role.AUDITOR])
def test_who_may_much_has_less_time(person, powerful):
    browser = signed_in()
    if powerful in Role:
        Membership.objects.create(team=Team.objects.create(name="Plant 3"), user=person, role=powerful)
    else:
        User.objects.filter(pk=person.pk).update(**{powerful: True})
    browser.get("/")
    assert left(browser) == 30
    assert left(signed_in()) == 30


def test_a_session_ends_after_twelve_hours_however_much_it_is_used(person):
    browser = signed_in()
    let_pass(browser, 11 * 60)
    browser.get("/")
    assert left(browser) == 60
    session = browser.session
    session["anything"] = True
    session.save()
    assert left(browser) == 60
    let_pass(browser, 60)
    assert not is_in(browser)


def test_people_see_their_sessions_and_end_them(person):
    browser = signed_in()
    phone = signed_in(HTTP_USER_AGENT="Mozilla/5.0 (Android 16; Mobile) Gecko/1 Firefox/140.0")
    laptop = signed_in(HTTP_USER_AGENT="curl/8 \u202e<b>")
    page = browser.get(PROFILE).content.decode()
    assert "Firefox 140, Android" in page
    assert "<b>" not in page
    listed = {row["session_key"]: row["id"] for row in sessions_of(person)}

    ended = browser.post(END, {"session": listed[phone.session.session_key]})
    assert ended.status_code == 302
    assert [is_in(each) for each in (browser, phone, laptop)] == [True, False, True]
    unlisted = Client(HTTP_HOST="localhost")
    unlisted.force_login(person)
    browser.post(END)
    assert [is_in(each) for each in (browser, laptop, unlisted)] == [True, False, False]
    entries = Entry.objects.filter(verb="session_revoke").order_by("seq")
    bodies = [json.loads(Body.objects.get(seq=each.seq).text) for each in entries]
    assert [body["count"] for body in bodies] == [1, 1]
    assert bodies[0]["browsers"] == ["Firefox 140, Android"]


def test_nobody_ends_the_session_of_somebody_else(person):
    own = signed_in()
    stranger = User.objects.create_user("eve@example.test", PASSWORD)
    browser = Client(HTTP_HOST="localhost")
    browser.post(LOGIN, {"login": stranger.email, "password": PASSWORD})
    (listed,) = sessions_of(person)
    browser.post(END, {"session": listed["id"]})
    assert is_in(own)


def sessions_of(person):
    return person.usersession_set.values("id", "session_key")


def test_times_are_shown_in_the_zone_that_the_person_chose(person):
    browser = signed_in()
    assert browser.post(PROFILE, {"name": "Mei", "time_zone": "Asia/Shanghai"}).status_code == 302
    assert "+08:00</time>" in browser.get(PROFILE).content.decode()
    assert Entry.objects.get(verb="account_update").actor == "mei@example.test"
    for wrong in ("Mars/Olympus", "../../etc/passwd", "x" * 70):
        assert browser.post(PROFILE, {"name": "Mei", "time_zone": wrong}).status_code == 422
    person.refresh_from_db()
    assert (person.name, person.time_zone) == ("Mei", "Asia/Shanghai")


def test_a_session_of_an_earlier_version_ends_when_it_would_have(person):
    browser = signed_in()
    session = browser.session
    for name in ("signed_in_at", "idle_seconds"):
        del session[name]
    session["_auth_user_backend"] = EARLIER_BACKEND
    session.save()
    Session.objects.update(expire_date=timezone.now() + timedelta(minutes=20))
    assert is_in(browser)
    session = browser.session
    session["anything"] = 1
    session.save()
    assert left(browser) <= 20
