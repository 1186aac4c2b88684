"""Many at once, and mails that nobody asked for. Would catch: passwords that hold all threads, a form that
is lost because it was refused, rows that anybody can fill the database with, a flood of mails.
"""

from contextlib import ExitStack, contextmanager
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from portal.home.mails import letters
from portal.mail.models import Mail, MailState
from portal.record.models import Entry
from portal.teams.models import Guesses, User
from portal.teams.signin import hashing, limits
from tests.support.mails import TOKEN, make_invitation
from tests.support.plant import make_plant

LOGIN, RESET, EMAIL, PASSWORD = (
    "/accounts/login/",
    "/accounts/password/reset/",
    "mei@example.test",
    "correct-horse-battery",
)
BUSY = "Too many people are signing in right now"

pytestmark = [pytest.mark.django_db, pytest.mark.anywhere]


@contextmanager
def all_places_taken():
    with ExitStack() as taken:
        for _each in range(hashing.AT_ONCE + hashing.WAITING):
            taken.enter_context(hashing.PLACES)
        yield


def test_who_finds_no_place_is_told_at_once_and_keeps_the_address():
    User.objects.create_user(EMAIL, PASSWORD)
    browser = Client(HTTP_HOST="localhost")
    with all_places_taken():
        for email in (EMAIL, "nobody@example.test"):
            answer = browser.post(LOGIN, {"login": email, "password": PASSWORD})
            assert (answer.status_code, answer["Retry-After"]) == (503, "30")
            page = answer.content.decode()
            assert BUSY in page
            assert f'value="{email}"' in page
            assert PASSWORD not in page
    assert not Entry.objects.filter(verb="sign_in_failed")
    assert {each.times for each in Guesses.objects.all()} == {0}  # it was no guess
    assert browser.post(LOGIN, {"login": EMAIL, "password": PASSWORD}).status_code == 302


def test_the_name_that_was_typed_to_accept_an_invitation_is_kept():
    plant = make_plant("http://127.0.0.1:9")
    make_invitation(plant, "1")
    browser = Client(HTTP_HOST="localhost")
    browser.get(f"/teams/invitation/{TOKEN}/")
    with all_places_taken():
        answer = browser.post("/teams/invitation/", {"name": "Nina New", "password": PASSWORD})
    assert answer.status_code == 503
    assert BUSY in answer.content.decode()
    assert 'value="Nina New"' in answer.content.decode()
    assert browser.post("/teams/invitation/", {"name": "Nina New", "password": PASSWORD}).status_code == 302


def test_a_few_may_wait_and_two_threads_are_left():
    from tests.support.processes import GUNICORN_SETTINGS

    served = {}
    exec(GUNICORN_SETTINGS.read_text(), served)  # noqa: S102 - the file that gunicorn runs
    assert served["threads"] - 2 >= hashing.AT_ONCE + hashing.WAITING


def test_of_an_address_that_is_nobodys_nothing_is_kept_after_an_hour(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    User.objects.create_user(EMAIL, PASSWORD)
    for email in (EMAIL, "nobody@example.test", "\0"):
        Client(HTTP_HOST="localhost").post(LOGIN, {"login": email, "password": "wrong-horse"})
    Guesses.objects.update(last_at=timezone.now() - timedelta(minutes=61))
    limits.forget_old()
    (kept,) = Guesses.objects.all()
    assert (kept.failed, limits.take_failed(EMAIL)[0]) == (1, 1)


@pytest.mark.parametrize(("span", "most"), [(timedelta(hours=1), 3), (timedelta(days=1), 10)])
def test_an_address_gets_so_many_mails_for_a_new_password_and_nobody_is_told(settings, span, most):
    settings.ACCOUNT_RATE_LIMITS = {"reset_password": ""}
    User.objects.create_user(EMAIL, PASSWORD)
    User.objects.create_user("other@example.test", PASSWORD)
    for _each in range(most):
        Mail.objects.create(address="MEI@example.test", kind="password_reset", state=MailState.SENT)
    Mail.objects.update(created_at=timezone.now() - span + timedelta(minutes=5))
    browser = Client(HTTP_HOST="localhost")
    asked = [browser.post(RESET, {"email": each}, follow=True) for each in (EMAIL, "other@example.test")]
    assert len({(each.status_code, len(each.content)) for each in asked}) == 1
    assert (len(letters(EMAIL)), len(letters("other@example.test"))) == (0, 1)
    Mail.objects.update(created_at=timezone.now() - span - timedelta(minutes=5))
    browser.post(RESET, {"email": EMAIL})
    assert len(letters(EMAIL)) == 1
