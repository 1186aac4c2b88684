"""Second factors, through the door. Would catch: a password that is enough although there is a second factor,
a code or recovery code that counts twice, a secret that lies open in the database or works for somebody else,
a change without entry, a session that outlives it.
"""

import json
import re
import time

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import DatabaseError
from django.test import Client

from portal.record.models import Body, Entry
from portal.sealing import CannotOpen
from portal.teams.models import User
from portal.teams.signin.second_factors import secrets_of
from tests.support.codes import code_of
from tests.support.processes import run_manage

PASSWORD = "correct-horse-battery"
LOGIN, CODE = "/accounts/login/", "/accounts/2fa/authenticate/"
ADD, REMOVE = "/accounts/2fa/totp/activate/", "/accounts/2fa/totp/deactivate/"
CODES = "/accounts/2fa/recovery-codes/"


def new_browser():
    return Client(HTTP_HOST="localhost")


def sign_in(browser, email="mei@example.test"):
    return browser.post(LOGIN, {"login": email, "password": PASSWORD})


def person_called(name):
    return User.objects.create_user(f"{name}@example.test", PASSWORD)


@pytest.fixture(autouse=True)
def quick(settings):
    """Hashing takes no time here; tests/teams/test_account_events.py meets the real one."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def person(db):
    cache.clear()
    return person_called("mei")


@pytest.fixture
def browser(person):
    browser = new_browser()
    assert sign_in(browser)["Location"] == "/"
    return browser


def add_app(browser):
    """The secret that the page shows."""
    secret = re.search(r"<code>([A-Z2-7]{32})</code>", browser.get(ADD).content.decode())[1]
    added = browser.post(ADD, {"code": code_of(secret)})
    assert (added.status_code, added["Location"]) == (302, CODES)
    return secret


def shown_codes(browser):
    return re.findall(r"<li><code>(\d{8})</code>", browser.post(CODES).content.decode())


def verbs():
    return list(Entry.objects.order_by("seq").values_list("verb", flat=True))


def body_of(verb):
    return json.loads(Body.objects.get(seq=Entry.objects.filter(verb=verb).latest("seq").seq).text)


def is_in(browser):
    return browser.get("/profile/").status_code == 200


def test_rfc_6238(db):
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert [code_of(secret, at) for at in (59, 1111111109, 20000000000)] == ["287082", "081804", "353130"]


def test_who_has_an_app_needs_its_code_and_it_counts_once(browser):
    secret = add_app(browser)
    cache.clear()
    first, second = new_browser(), new_browser()

    for each in (first, second):
        assert sign_in(each)["Location"] == CODE
        assert not is_in(each)
    code = code_of(secret)
    assert first.post(CODE, {"code": "000000"}).status_code == 200
    assert first.post(CODE, {"code": code})["Location"] == "/"
    assert is_in(first)
    assert second.post(CODE, {"code": code}).status_code == 200
    assert not is_in(second)
    assert body_of("sign_in")["methods"] == ["password", "totp"]
    assert body_of("sign_in_failed")["why"] == "wrong_code"


def test_recovery_codes_are_shown_once_and_each_signs_in_once(browser):
    add_app(browser)
    assert "Show the codes" in browser.get(CODES).content.decode()
    codes = shown_codes(browser)
    assert len(codes) == 10
    assert shown_codes(browser) == []
    assert not any(code in browser.get(CODES).content.decode() for code in codes)

    for expected in ("/", None):
        other = new_browser()
        sign_in(other)
        assert other.post(CODE, {"code": codes[3]}).get("Location") == expected
    assert body_of("recovery_code_use")["left"] == 9
    assert body_of("sign_in")["methods"] == ["password", "recovery_codes"]

    assert browser.post(f"{CODES}generate/")["Location"] == CODES
    assert not {*shown_codes(browser)} & {*codes}
    assert verbs().count("recovery_codes_make") == 2


def test_secrets_lie_sealed_and_open_for_their_person_alone(browser, person):
    page = browser.get(ADD).content.decode()
    secret = re.search(r"<code>([A-Z2-7]{32})</code>", page)[1]
    stored = [
        Session(session_data=each).get_decoded()
        for each in Session.objects.values_list("session_data", flat=True)
    ]
    assert secret not in str(stored)
    browser.post(ADD, {"code": code_of(secret)})
    codes = shown_codes(browser)
    kept = str(list(Authenticator.objects.values_list("data", flat=True)))
    told = str(list(Body.objects.values_list("text", flat=True)))
    assert not any(each in kept + told for each in [secret, *codes])

    other = person_called("eve")
    moved = Authenticator.objects.get(type="totp")
    with secrets_of(other), pytest.raises(CannotOpen):
        moved.wrap().validate_code(code_of(secret))
    Authenticator.objects.filter(pk=moved.pk).update(user=other)
    theirs = new_browser()
    sign_in(theirs, other.email)
    assert theirs.post(CODE, {"code": code_of(secret)}).status_code == 200
    assert not is_in(theirs)


def test_a_changed_second_factor_is_recorded_and_ends_other_sessions(browser):
    other, unlisted = new_browser(), new_browser()
    sign_in(other)
    unlisted.force_login(User.objects.get())
    key = browser.session.session_key
    add_app(browser)
    assert is_in(browser)
    assert browser.session.session_key != key
    assert not is_in(other)
    assert not is_in(unlisted)

    assert browser.post(REMOVE)["Location"] == "/accounts/2fa/"
    assert not Authenticator.objects.exists()
    assert [each for each in verbs() if each.startswith(("mfa", "recovery"))] == [
        "mfa_add",
        "recovery_codes_make",
        "mfa_remove",
    ]
    assert sign_in(new_browser())["Location"] == "/"


def test_what_cannot_be_recorded_is_not_changed(browser, monkeypatch):
    def fail(*lines):
        raise DatabaseError("no record")

    secret = re.search(r"<code>([A-Z2-7]{32})</code>", browser.get(ADD).content.decode())[1]
    monkeypatch.setattr("portal.teams.signin.second_factors.append", fail)
    assert browser.post(ADD, {"code": code_of(secret)}).status_code == 503
    assert not Authenticator.objects.exists()


def test_codes_can_be_guessed_as_seldom_as_passwords(browser):
    secret = add_app(browser)
    cache.clear()
    guesser = new_browser()
    sign_in(guesser)
    answers = [guesser.post(CODE, {"code": f"{n:06}"}).content.decode() for n in range(5)]
    assert all("Incorrect" in each for each in answers)
    refused = guesser.post(CODE, {"code": code_of(secret)})  # within a second: not even the right one
    assert refused.status_code == 200
    assert "Too many failed tries" in refused.content.decode()


def test_a_second_factor_is_changed_only_by_who_just_showed_who_they_are(browser, settings):
    settings.CONFIRM_SECONDS = settings.ACCOUNT_REAUTHENTICATION_TIMEOUT = 60
    session = browser.session
    session["confirmed_at"] = time.time() - 61
    session.save()
    for address in (ADD, "/accounts/2fa/webauthn/add/"):
        asked = browser.get(address)
        assert (asked.status_code, asked["Location"]) == (
            302,
            f"/accounts/reauthenticate/?next={address.replace('/', '%2F')}",
        )
    again = browser.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": ADD})
    assert again["Location"] == ADD
    assert browser.get(ADD).status_code == 200
    assert body_of("sign_in_again")["method"] == "password"


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("localhost:8000", ""),
        ("127.0.0.1:8000", "bare IP"),
        ("[::1]:8000", "bare IP"),
        ("portal.lan", "HTTPS"),
    ],
)
def test_the_page_says_where_passkeys_are_possible(browser, settings, host, said):
    settings.ALLOWED_HOSTS = ["*"]
    page = browser.get("/profile/", HTTP_HOST=host).content.decode()
    assert ("/accounts/2fa/webauthn/add/" in page) == (not said)
    assert said in page
    assert said in browser.get("/accounts/2fa/webauthn/add/", HTTP_HOST=host).content.decode()


@pytest.mark.full
def test_a_code_that_another_process_took_is_refused_here(committed_db, monkeypatch):
    browser = new_browser()
    person = person_called("mei")
    sign_in(browser)
    secret = add_app(browser)
    cache.clear()
    counter = int(time.time()) // 30
    code = code_of(secret, counter * 30)
    other = run_manage(
        "shell",
        "-v",
        "0",
        "-c",
        "from allauth.mfa.models import Authenticator\n"
        "from allauth.mfa.totp.internal import auth\n"
        "from portal.teams.signin.second_factors import secrets_of\n"
        f"auth.yield_hotp_counters_from_time = lambda: iter([{counter}])\n"
        "app = Authenticator.objects.get(type='totp')\n"
        "with secrets_of(app.user):\n"
        f"    print(app.wrap().validate_code('{code}'), app.wrap().validate_code('{code}'))\n",
        database=committed_db,
    )
    assert other.stdout.split()[-2:] == ["True", "False"], other.stderr
    monkeypatch.setattr(
        "allauth.mfa.totp.internal.auth.yield_hotp_counters_from_time", lambda: iter([counter])
    )
    with secrets_of(person):
        assert not Authenticator.objects.get(type="totp").wrap().validate_code(code)
