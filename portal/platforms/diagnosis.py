"""Testing a connection part by part, so that a person learns what to change. Only reads.

The order is that of PARTS; the first failure ends the test. What a platform's refusals mean is asked of its
client (`blame`), which reads to try are its `probes`.
"""

import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from portal.errors import NotSent, PlatformError, SignInFailed, Throttled, Unclear
from portal.platforms.contract import _

PARTS = ("address", "tls", "clock", "sign_in", "signature", "project", "instance", "edition", "permission")
CLOCK_SECONDS = 300  # signatures are refused from 900 on; this leaves room to act

FINE = {
    "address": _("The address answers."),
    "tls": _("The certificate is trusted."),
    "clock": _("The clocks agree."),
    "sign_in": _("The credentials are accepted."),
    "signature": _("The signature is accepted."),
    "project": _("The project id is accepted."),
    "instance": _("The instance id is accepted."),
    "edition": _("The edition has device policies."),
    "permission": _("The account may read. Whether it may make changes shows with the first change."),
}
NOT_CHECKED = _("Not checked.")


@dataclass(frozen=True)
class Finding:
    """`ok` is None for what was not checked; `text` a message id, `detail` the platform's own words."""

    part: str
    ok: bool | None
    text: str
    detail: str = ""


class _Found(Exception):
    def __init__(self, part, text, detail=""):
        super().__init__(text)
        self.finding = Finding(part, False, text, detail)


def diagnose(client):
    notes = dict(client.not_applicable())
    try:
        _reach(client, notes)
        _sign_in(client)
        _probe(client)
    except _Found as found:
        return _up_to(found.finding, client, notes)
    return [_fine(part, client, notes) for part in PARTS]


def _fine(part, client, notes):
    if part in notes:
        return Finding(part, None, notes[part])
    return Finding(part, True, client.fine.get(part, FINE[part]))


def _up_to(failure, client, notes):
    position = PARTS.index(failure.part)
    before = [_fine(part, client, notes) for part in PARTS[:position]]
    return [*before, failure, *(Finding(part, None, NOT_CHECKED) for part in PARTS[position + 1 :])]


def _reach(client, notes):
    if client.endpoint.startswith("http://"):
        notes["tls"] = _("Not used: the address begins with http://, so nothing is encrypted.")
    prepared = client.transport.prepare("GET", client.endpoint + "/", {"Accept": "application/json"})
    try:
        reply = client.route().exchange(prepared, lambda reply: reply)
    except NotSent as error:
        raise _Found(error.part or "address", error.message) from error
    except Unclear as error:
        text = _("Something is there, but it gives no complete HTTP answer. Check host and port.")
        raise _Found("address", text, error.message) from error
    try:
        theirs = parsedate_to_datetime(reply.headers.get("date", "")).timestamp()
    except (ValueError, TypeError, OverflowError):
        notes["clock"] = _("Not checked: the answer carries no time.")
        return
    if abs(theirs - time.time()) > CLOCK_SECONDS:
        text = _("The clocks differ by more than 5 minutes. Set the clock of the portal's machine.")
        raise _Found("clock", text, reply.headers["date"])


def _sign_in(client):
    if not client.auth.renewable:
        return
    try:
        client.auth.renew(client.route())
    except SignInFailed as error:
        raise _Found(*client.blame_sign_in(error), _words(error)) from error
    except Throttled as error:
        raise _Found(
            "sign_in", _("Too many sign-ins. Wait a moment and test again."), _words(error)
        ) from error
    except NotSent as error:
        text = _("The place where tokens come from cannot be reached. Check its address.")
        raise _Found("sign_in", text, error.message) from error


def _probe(client):
    for probe in client.probes():
        try:
            probe()
        except (Unclear, Throttled) as error:
            text = _(
                "Something answers, but not as the platform should. Check the address, or try again later."
            )
            blamed = client.blame(error) if error.code else None
            raise _Found(*(blamed or ("address", text)), _words(error)) from error
        except SignInFailed as error:
            raise _Found(*client.blame_signature(error), _words(error)) from error
        except NotSent as error:
            raise _Found(error.part or "address", error.message) from error
        except PlatformError as error:
            text = _("The platform refuses to read. Ask its administrator for the right.")
            raise _Found(*(client.blame(error) or ("permission", text)), _words(error)) from error


def _words(error):
    return " ".join(filter(None, (error.code, error.message)))


class Diagnosable:
    """What a Client says about its own test; each platform overrides what differs."""

    fine = {}

    def not_applicable(self):
        """{part: why it is not checked} for parts that this account does not have."""
        if self.auth.renewable:
            return {"signature": _("Not needed: the token signs in.")}
        return {"sign_in": _("Not needed: the keys sign each call.")}

    def probes(self):
        """Functions that each read one thing; together they touch every part."""
        return []

    def blame(self, error):
        """(part, what to change) for a refused probe, None when only the rights can be meant."""

    def blame_sign_in(self, error):
        return "sign_in", _("The platform does not accept the credentials. Correct them.")

    def blame_signature(self, error):
        if self.auth.renewable:
            return "sign_in", _(
                "The platform gives a token but does not accept it. Check address and region."
            )
        return "signature", _("The platform does not accept the signature. Check access key and secret key.")

    def diagnose(self):
        """Test the connection part by part; a Finding for each of diagnosis.PARTS."""
        return diagnose(self)

    def _accepts(self, auth, call):
        """Whether a read signed in another way is let in."""
        prepared = auth(self._prepared(call))
        try:
            return self.route().exchange(prepared, lambda reply: reply.status < 400)
        except PlatformError:
            return False
