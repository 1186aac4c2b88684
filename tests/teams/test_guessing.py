"""Guessing passwords, through the door. Would catch: a stranger who shuts somebody out, guesses that are not
counted because they come at once or from another process, an answer that tells whether an account exists.
"""

import threading
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from portal.home.mails import letters
from portal.record.models import Entry
from portal.teams.models import Guesses, User
from portal.teams.signin import limits
from tests.support.mails import newest
from tests.support.processes import run_manage

LOGIN, EMAIL, PASSWORD = "/accounts/login/", "mei@example.test", "correct-horse-battery"
WAIT = "Too many failed tries"
FREE = limits.ACCOUNT.free


@pytest.fixture
def person(db):
    return User.objects.create_user(EMAIL, PASSWORD)


@pytest.fixture
def quick(settings):
    """Hashing takes no time: what is counted here is how often it is asked for."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def browser(address="198.51.100.1"):
    return Client(HTTP_HOST="localhost", REMOTE_ADDR=address)


def guess(visitor, password="wrong-horse", email=EMAIL):
    return visitor.post(LOGIN, {"login": email, "password": password}).content.decode()


def signs_in(visitor, email=EMAIL):
    return visitor.post(LOGIN, {"login": email, "password": PASSWORD}).status_code == 302


def test_a_stranger_waits_longer_and_longer_and_the_owner_signs_in_at_once(quick, person):
    own = browser("203.0.113.1")
    assert signs_in(own)
    own.post("/accounts/logout/")

    answers = [guess(browser(f"198.51.100.{n}")) for n in range(FREE + 2)]
    assert [WAIT in each for each in answers] == [False] * FREE + [True] * 2
    assert not signs_in(browser("198.51.100.99"))  # nor with the right password, but for a moment
    assert signs_in(own)

    waits = [limits.ACCOUNT.wait(times).total_seconds() for times in range(FREE - 1, FREE + 12)]
    assert waits == [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]
    Guesses.objects.update(free_at=timezone.now())
    assert WAIT not in guess(browser("198.51.100.50"))
    assert "Wait 2 seconds" in guess(browser("198.51.100.51"))


def test_a_known_browser_is_counted_by_itself(quick, person):
    own = browser()
    assert signs_in(own)
    own.post("/accounts/logout/")
    answers = [guess(own) for _time in range(FREE + 1)]
    assert [WAIT in each for each in answers] == [False] * FREE + [True]
    assert signs_in(browser())
    forged = browser()
    forged.cookies["known"] = own.cookies["known"].value[:-2] + "xx"
    for _time in range(FREE):
        guess(forged)
    assert WAIT in guess(forged)


def test_an_address_that_tries_many_accounts_waits_and_others_do_not(quick, person):
    Guesses.objects.all().delete()
    for number in range(limits.ADDRESS.free):
        assert WAIT not in guess(browser("2001:db8::1"), email=f"x{number}@example.test")
    assert WAIT in guess(browser("2001:db8::2"), email="y@example.test")
    assert not signs_in(browser("2001:db8::3"))
    assert signs_in(browser("2001:db8:1::1"))


def test_no_answer_tells_whether_there_is_an_account(quick, person):
    for number in range(FREE + 2):
        known, unknown = (
            guess(browser(f"198.51.100.{number}"), email=email) for email in (EMAIL, "nobody@example.test")
        )
        assert (WAIT in known) == (WAIT in unknown)


def test_the_person_is_told_at_the_next_sign_in_and_by_letter(quick, person):
    for number in range(limits.TOLD_AFTER + 2):
        guess(browser(f"198.51.100.{number}"))  # most of them are not even compared
    assert len(letters(EMAIL)) == 1
    assert "second factor" in newest(EMAIL).text
    Guesses.objects.update(free_at=timezone.now())
    own = browser("203.0.113.1")
    assert signs_in(own)
    assert f"{limits.TOLD_AFTER + 2} tries to sign in as you failed since" in own.get("/").content.decode()
    assert guess(browser("198.51.100.77"), email="nobody@example.test")
    assert len(letters(EMAIL)) == 1
    assert letters("nobody@example.test") == []


def test_tries_are_forgotten_after_an_hour(quick, person):
    for _time in range(FREE + 1):
        guess(browser())
    Guesses.objects.update(last_at=timezone.now() - timedelta(minutes=61), free_at=timezone.now())
    assert signs_in(browser())
    Guesses.objects.update(last_at=timezone.now() - timedelta(minutes=61))
    limits.forget_old()
    assert not Guesses.objects.exists()


def test_guesses_at_once_are_all_counted(committed_db):
    """Twenty threads on the same account: five compare a password."""
    outcomes = Counter()

    def take_turn():
        try:
            limits.Try((limits.ACCOUNT, EMAIL), (limits.ADDRESS, "198.51.100.1"))
            outcomes["compared"] += 1
        except limits.TooMany:
            outcomes["waits"] += 1
        finally:
            connection.close()

    threads = [threading.Thread(target=take_turn) for _each in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == {"compared": FREE, "waits": 20 - FREE}


@pytest.mark.full
def test_a_thousand_guesses_from_four_processes_stay_within_the_limit(committed_db):
    """S8: each process tries 250 times, from as many addresses."""
    code = (
        "from portal.teams.signin import limits\n"
        "done = 0\n"
        "for number in range(250):\n"
        "    try:\n"
        "        limits.Try((limits.ACCOUNT, 'mei@example.test'), (limits.ADDRESS, f'{number}'))\n"
        "        done += 1\n"
        "    except limits.TooMany:\n"
        "        pass\n"
        "print(done)\n"
    )
    began = timezone.now()
    answers = [None] * 4

    def run(index):
        answers[index] = run_manage("shell", "-v", "0", "-c", code, database=committed_db)

    threads = [threading.Thread(target=run, args=[index]) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done = sum(int(each.stdout.split()[-1]) for each in answers)
    # The waits 1, 2, 4, ... seconds leave room for so many more in the time that this took.
    seconds = (timezone.now() - began).total_seconds()
    assert FREE <= done <= FREE + (int(seconds) + 1).bit_length()
    assert Entry.objects.count() == 0


def test_another_spelling_of_an_address_has_no_tries_of_its_own(quick, person):
    for spelling in (
        "mei@example.test",
        "MEI@example.test",
        "mei@example.te\u017ft",
        "mei@\uff45xample.test",
    ):
        limits.Try((limits.ACCOUNT, spelling))
    assert Guesses.objects.count() == 1
