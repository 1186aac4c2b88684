"""Mails over a real connection to a mail server that speaks as little SMTP as it can."""

import socketserver
import threading

import pytest

from portal import environment
from portal.mail import outbox
from portal.mail.models import Mail

pytestmark = [pytest.mark.django_db, pytest.mark.anywhere]


class Answers(socketserver.StreamRequestHandler):
    def handle(self):
        self.say("220 ready")
        while line := self.rfile.readline().decode().strip():
            word = line.split(" ")[0].split(":")[0].upper()
            if word == "DATA":
                self.say("354 go on")
                self.server.received.append(self.content())
            if word == "QUIT":
                self.say("221 bye")
                return
            refused = word == "RCPT" and self.server.refuses
            self.say("550 no such mailbox" if refused else "250 ok")

    def content(self):
        lines = []
        while (line := self.rfile.readline().decode().rstrip("\r\n")) != ".":
            lines.append(line)
        return "\n".join(lines)

    def say(self, text):
        self.wfile.write(f"{text}\r\n".encode())


@pytest.fixture
def server(settings, monkeypatch):
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Answers) as server:
        server.received, server.refuses = [], False
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("PORTAL_EMAIL_URL", f"smtp://127.0.0.1:{server.server_address[1]}?tls=no")
        settings.MAIL = environment.mail("PORTAL_EMAIL_URL")
        settings.MAIL_FROM = "IoT Portal <portal@example.test>"
        yield server
        server.shutdown()


def test_a_mail_is_handed_over_with_who_sends_it_and_that_a_program_wrote_it(server):
    outbox.queue("test", "mei@example.test", subject="A subject", text="The text")
    (received,) = server.received
    for line in ("To: mei@example.test", "From: IoT Portal <portal@example.test>", "Subject: A subject"):
        assert line in received
    assert "Auto-Submitted: auto-generated" in received
    assert received.endswith("\n\nThe text")
    assert Mail.objects.get().state == "sent"


def test_what_the_server_refuses_is_said(server):
    server.refuses = True
    outbox.queue("test", "nobody@example.test", subject="A subject", text="The text")
    assert server.received == []
    row = Mail.objects.get()
    assert (row.state, row.tries) == ("waiting", 1)
    assert "no such mailbox" in row.error
