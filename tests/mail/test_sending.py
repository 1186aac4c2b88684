"""Mails are written down, sent later, tried again and then shown.

Would catch: a mail that is sent twice or never, a token that can be read in the database or a log, a page
that waits for a mail server, the password of a mail server in an error.
"""

import logging
from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from portal import environment
from portal.mail import outbox, sending
from portal.mail.models import Mail
from tests.support.mails import newest

pytestmark = pytest.mark.anywhere

SECRET = "hunter2-token-in-a-mail"
AWAY = {"backend": "django.core.mail.backends.smtp.EmailBackend", "host": "127.0.0.1", "timeout": 2}


@pytest.fixture
def away(settings, refusing_port):
    settings.MAIL = {**AWAY, "port": refusing_port.number}


def queue(address="mei@example.test", text=SECRET):
    return outbox.queue("test", address, subject="A subject", text=text)


def let_it_be_due():
    Mail.objects.update(due_at=timezone.now() - timedelta(seconds=1))


def row(mail):
    return Mail.objects.get(pk=mail.pk)


def test_a_mail_arrives_and_its_text_stays_nowhere_else(db):
    mail = queue("first@example.test")
    letter = newest("first@example.test")
    assert (letter.subject, letter.text.strip()) == ("A subject", SECRET)
    assert (row(mail).state, row(mail).sealed, row(mail).tries) == ("sent", "", 1)
    assert list(sending.due()) == []


def test_a_mail_that_cannot_be_sent_is_tried_again_and_then_shown(db, away, caplog):
    caplog.set_level(logging.DEBUG)
    mail = queue()
    for tries in range(1, len(sending.WAITS) + 1):
        waits = row(mail)
        assert (waits.state, waits.tries) == ("waiting", tries)
        assert waits.due_at > timezone.now()
        assert SECRET not in str(Mail.objects.values())
        let_it_be_due()
        assert list(sending.due()) == [(str(mail.pk), tries)]
        assert list(sending.due()) == []  # nobody else is asked to send it at the same time
        sending.send(str(mail.pk), tries)
    assert (row(mail).state, row(mail).sealed) == ("failed", "")
    assert "ConnectionRefusedError" in row(mail).error
    assert SECRET not in caplog.text


def test_when_the_server_is_back_what_waited_arrives_once(db, away, settings):
    files = {"backend": "django.core.mail.backends.filebased.EmailBackend"}
    mail = queue("later@example.test")
    settings.MAIL = {**files, "file_path": str(settings.DATA_DIR / "mails")}
    let_it_be_due()
    ((id, tries),) = sending.due()
    sending.send(id, tries)
    sending.send(id, tries)  # a task that was repeated
    assert row(mail).state == "sent"
    assert newest("later@example.test").text.strip() == SECRET
    assert row(mail).tries == 2


def test_what_is_over_for_long_is_forgotten(db):
    mail = queue()
    Mail.objects.update(ended_at=timezone.now() - timedelta(days=31))
    assert list(sending.due()) == []
    assert not Mail.objects.filter(pk=mail.pk)


def test_a_line_end_in_a_name_makes_no_header(db):
    outbox.queue("test", "header@example.test", subject="A\nBcc: evil@example.test", text="x")
    assert newest("header@example.test").subject == "A Bcc: evil@example.test"


@pytest.mark.parametrize(
    ("url", "host", "port", "use_tls", "use_ssl"),
    [
        ("smtp://me:p%40ss@mail.example.test", "mail.example.test", 587, True, False),
        ("smtps://me:p%40ss@mail.example.test", "mail.example.test", 465, False, True),
        ("smtps://me:p%40ss@mail.example.test:2465", "mail.example.test", 2465, False, True),
        ("smtp://mail.example.test?tls=no", "mail.example.test", 25, False, False),
    ],
)
def test_a_mail_server_is_an_address(monkeypatch, url, host, port, use_tls, use_ssl):
    monkeypatch.setenv("PORTAL_EMAIL_URL", url)
    found = environment.mail("PORTAL_EMAIL_URL")
    assert (found["host"], found["port"]) == (host, port)
    assert (found["use_tls"], found["use_ssl"]) == (use_tls, use_ssl)
    assert found["password"] == ("p@ss" if "p%40ss" in url else "")


@pytest.mark.parametrize(
    "url",
    [
        "smtp://me:hunter2@mail.example.test?tls=no",
        "smtp://me:hunter2@mail.example.test:many",
        "smtp://me:hunter2@",
        "imap://me:hunter2@mail.example.test",
        "smtp://me:hunter2/x@mail.example.test",
        "smtp://me:hunter2@mail.example.test?password=hunter2",
        "file://mails",
    ],
)
def test_a_wrong_address_is_refused_without_repeating_it(monkeypatch, url):
    monkeypatch.setenv("PORTAL_EMAIL_URL", url)
    with pytest.raises(ImproperlyConfigured) as refused:
        environment.mail("PORTAL_EMAIL_URL")
    assert "hunter2" not in str(refused.value)
    assert "PORTAL_EMAIL_URL" in str(refused.value)


def test_only_the_demo_shows_mails(db, client, settings):
    queue("shown@example.test")
    assert "shown@example.test" in client.get("/demo/mails/").text
    settings.DEMO = False
    assert client.get("/demo/mails/").status_code == 404
