"""Tests a connection part by part, so that a person learns what to change. It only reads.

The parts are tested in the order of PARTS; the first failure ends the test. Each platform's client says
which reads to try (`probes`). What a refusal means is said by the platform's code (CAUSES of its contract) or
not at all: nothing is guessed from a status or from words. Refused credentials are sent once and not again.
"""

import time
from dataclasses import dataclass, field
from email.utils import formatdate, parsedate_to_datetime

from portal.errors import NotSent, PlatformError, SignInFailed, Throttled, Unclear
from portal.platforms import cause as known_cause
from portal.platforms import causes
from portal.platforms.contract import _
from portal.words import Said, Sentence

PARTS = (
    "address",
    "tls",
    "clock",
    "sign_in",
    "signature",
    "account",
    "project",
    "instance",
    "edition",
    "permission",
    "answer",
)
CLOCK_SECONDS = 300  # platforms refuse signatures that are off by 900; this leaves room to act
# Shown by a probe that was answered; the rest shows only when all are.
SHOWN_BY_A_READ = ("sign_in", "signature", "account", "project", "instance")
SIGNING_IN = ("sign_in", "signature")

FINE = {
    "address": Sentence("check.address_fine", _("The address answers.")),
    "tls": Sentence("check.tls_fine", _("The certificate is trusted.")),
    "clock": Sentence("check.clock_fine", _("The clocks agree.")),
    "sign_in": Sentence("check.sign_in_fine", _("The credentials are accepted.")),
    "signature": Sentence("check.signature_fine", _("The signature is accepted.")),
    "account": Sentence("check.account_fine", _("The account may use the service.")),
    "project": Sentence("check.project_fine", _("The project id is accepted.")),
    "instance": Sentence("check.instance_fine", _("The instance id is accepted.")),
    "edition": Sentence("check.edition_fine", _("The edition has device policies.")),
    "permission": Sentence(
        "check.permission_fine",
        _("The account may read. Whether it may make changes shows with the first change."),
    ),
    "answer": Sentence("check.answer_fine", _("The platform answers as its documents say.")),
}
NOT_CHECKED = Sentence("check.not_checked", _("Not checked."))
NOT_ENCRYPTED = Sentence(
    "check.not_encrypted", _("Not used: the address begins with http://, so nothing is encrypted.")
)
NO_HTTP = Sentence(
    "check.no_http", _("Something is there, but it gives no complete HTTP answer. Check host and port.")
)
NO_TIME = Sentence("check.no_time", _("Not checked: the answer carries no time."))
CLOCKS_DIFFER = Sentence(
    "check.clocks_differ",
    _("The clocks differ by more than 5 minutes. Set the clock of the portal's machine."),
)
TOO_MANY_SIGN_INS = Sentence("check.too_many_sign_ins", _("Too many sign-ins. Wait a moment and test again."))
NO_TOKENS = Sentence(
    "check.no_tokens", _("The server that issues tokens cannot be reached. Check its address.")
)
ODD_ANSWER = Sentence(
    "check.odd_answer",
    _(
        "Something answers, but not as the platform should: the address may be wrong, or something in between"
        " answered, such as a firewall, a proxy or the sign-in page of a network."
        " Check the address, or try again later."
    ),
)
NOT_KNOWN = Sentence(
    "check.cause_not_known",
    _("The platform did not give what was asked for. The cause is not known; these are its own words."),
)
SIGN_IN_NOT_KNOWN = Sentence(
    "check.sign_in_cause_not_known",
    _("The platform refused the sign-in. The cause is not known; these are its own words."),
)
TOO_MANY_CALLS = Sentence("check.too_many_calls", _("Too many calls. Wait a moment and test again."))
NO_SIGNATURE = Sentence("check.no_signature", _("Not needed: the token signs in."))
NO_SIGN_IN = Sentence("check.no_sign_in", _("Not needed: the keys sign each call."))


@dataclass(frozen=True)
class Finding:
    """`ok` is None for a part that was not checked. `text` is a Said, or the platform's own text; `detail` is
    what the platform wrote. `error` is what the failure was found by, where that is a PlatformError."""

    part: str
    ok: bool | None
    text: Said | str
    detail: str = ""
    error: PlatformError | None = field(default=None, compare=False, repr=False)


class _Found(Exception):
    def __init__(self, part, text, error=None, detail=""):
        super().__init__(text)
        self.finding = Finding(part, False, text, detail or (_detail(error) if error else ""), error)


def diagnose(client):
    notes, shown = dict(client.not_applicable()), {"address", "tls", "clock"}
    try:
        _reach(client, notes)
        _sign_in(client, shown)
        _probe(client, shown)
    except _Found as found:
        return _up_to(found.finding, client, notes, shown)
    return [_fine(part, client, notes) for part in PARTS]


def _fine(part, client, notes):
    if part in notes:
        return Finding(part, None, notes[part])
    return Finding(part, True, client.fine.get(part, FINE[part])())


def _up_to(failure, client, notes, shown):
    """A code about a part shows that those before it are fine; a failure without a cause shows nothing."""
    position = PARTS.index(failure.part)
    before = [
        _fine(part, client, notes)
        if part in shown or part in notes or failure.part != "answer"
        else Finding(part, None, NOT_CHECKED())
        for part in PARTS[:position]
    ]
    return [*before, failure, *(Finding(part, None, NOT_CHECKED()) for part in PARTS[position + 1 :])]


def _reach(client, notes):
    if client.endpoint.startswith("http://"):
        notes["tls"] = NOT_ENCRYPTED()
    prepared = client.transport.prepare("GET", client.endpoint + "/", {"Accept": "application/json"})
    try:
        reply = client.route().exchange(prepared, lambda reply: reply)
    except NotSent as error:
        raise _Found(error.part or "address", error.message) from error
    except Unclear as error:
        raise _Found("address", NO_HTTP(), error) from error
    try:
        theirs = parsedate_to_datetime(reply.headers.get("date", "")).timestamp()
    except (ValueError, TypeError, OverflowError):
        notes["clock"] = NO_TIME()
        return
    if abs(theirs - time.time()) > CLOCK_SECONDS:
        raise _Found("clock", CLOCKS_DIFFER(), detail=formatdate(theirs, usegmt=True))


def _sign_in(client, shown):
    if not client.auth.renewable:
        return
    try:
        client.prove_sign_in()
    except SignInFailed as error:
        raise _Found(*client.blame_sign_in(error), error) from error
    except Throttled as error:
        raise _Found("sign_in", TOO_MANY_SIGN_INS(), error) from error
    except NotSent as error:
        raise _Found("sign_in", NO_TOKENS(), error) from error
    shown.add("sign_in")


def _probe(client, shown):
    for probe in client.probes():
        try:
            probe()
        except SignInFailed as error:
            raise _Found(*client.blame_signature(error), error) from error
        except Throttled as error:
            raise _Found("answer", TOO_MANY_CALLS(), error) from error
        except NotSent as error:
            raise _Found(error.part or "address", error.message) from error
        except PlatformError as error:
            raise _Found(*blamed(client, error, NOT_KNOWN()), error) from error
        shown.update(SHOWN_BY_A_READ)


def blamed(client, error, otherwise):
    """(part, what to change) as the platform's code says it; ("answer", `otherwise`) if it says nothing."""
    why = getattr(error, "cause", None) or client.cause(error)
    if why:
        part = why.part if why.part not in SIGNING_IN else client.own_part(why.part)
        return part, causes.said(why)
    if error.status is None and isinstance(error.message, Said):
        return "address", error.message  # the network's own error: no answer came
    if not error.code and not isinstance(error.data, dict):
        return "address", ODD_ANSWER()
    return "answer", otherwise


def _detail(error):
    """What the platform wrote, with its code or at least its status."""
    if error.status is None:
        return str(error)
    words = "" if isinstance(error.message, Said) else error.message
    return " ".join(filter(None, (error.code or f"HTTP {error.status}", words)))


class Diagnosable:
    """What a Client says about its own test; each platform overrides what differs.

    The `blame` methods return (part, what to change). `fine` replaces some of the sentences in FINE.
    """

    fine = {}

    def not_applicable(self):
        """{part: why it is not checked} for the parts that this account does not have."""
        return {"signature": NO_SIGNATURE()} if self.auth.renewable else {"sign_in": NO_SIGN_IN()}

    def probes(self):
        """Functions that each read one thing; together they touch every part."""
        return []

    def prove_sign_in(self):
        """Get a token; raises SignInFailed, Throttled and NotSent."""
        self.auth.renew(self.route())

    def cause(self, error):
        """The contract.Cause that the platform's code stands for, or None."""
        words = "" if isinstance(error.message, Said) else error.message
        return known_cause(self.platform, error.code, words)

    def own_part(self, part):
        """The part, or the other one of SIGNING_IN where this account does not have it."""
        own = [each for each in SIGNING_IN if each not in self.not_applicable()]
        return part if part in own else own[0]

    def blame_sign_in(self, error):
        if not error.is_final and error.status is not None and isinstance(error.message, Said):
            return "sign_in", error.message
        part, text = blamed(self, error, SIGN_IN_NOT_KNOWN())
        return "sign_in" if part in ("address", "answer") else part, text

    def blame_signature(self, error):
        part, text = blamed(self, error, SIGN_IN_NOT_KNOWN())
        return self.own_part("sign_in") if part == "answer" else part, text

    def diagnose(self):
        """Test the connection part by part; one Finding for each of diagnosis.PARTS."""
        return diagnose(self)
