"""Testing a connection: what its client finds, part by part and without secrets."""

from dataclasses import dataclass, replace

from django.utils.translation import gettext_lazy

from portal.connections.clients import build
from portal.errors import PlatformError, SignInFailed
from portal.platforms.diagnosis import NOT_CHECKED, PARTS, Finding
from portal.platforms.exchanges import listening
from portal.words import Said, Sentence

DETAIL_MAX = 300  # characters of a platform's own words that are stored with the connection

FAILED = Sentence("connection.test_failed", "%(text)s")
FAILED_WITH = Sentence("connection.test_failed_with", "%(text)s (%(detail)s)")

PART_NAMES = {
    "address": gettext_lazy("Address"),
    "tls": gettext_lazy("TLS"),
    "clock": gettext_lazy("Clock"),
    "sign_in": gettext_lazy("Sign-in"),
    "signature": gettext_lazy("Signature"),
    "account": gettext_lazy("Account"),
    "project": gettext_lazy("Project"),
    "instance": gettext_lazy("Instance"),
    "edition": gettext_lazy("Edition"),
    "permission": gettext_lazy("Permission"),
    "answer": gettext_lazy("Answer"),
}


@dataclass(frozen=True)
class Result:
    """`part` is the failing part, "" when nothing failed; `said` what to change, None when nothing failed.

    `refusal` is the SignInFailed of a platform that refused the credentials, else None. `exchanges` are the
    HTTP exchanges that it took.
    """

    findings: list
    part: str = ""
    said: Said | None = None
    refusal: SignInFailed | None = None
    exchanges: tuple = ()

    @property
    def rows(self):
        """(name of the part, state for a badge, Finding) in the order of the test."""
        states = {True: "ok", False: "failed", None: "unknown"}
        for finding in self.findings:
            yield PART_NAMES.get(finding.part, finding.part), states[finding.ok], finding


def check(connection):
    """Test a saved connection. What the platform or the network does raises nothing: it is in the Result."""
    with listening([]) as heard:
        try:
            # Not the shared client: a test also runs while calls are paused, and its failures do not count.
            findings = build(connection).diagnose()
        except PlatformError as error:
            findings = _failed_before(error)
    return replace(_result(findings), exchanges=tuple(heard))


def _result(findings):
    failed = next((finding for finding in findings if finding.ok is False), None)
    if failed is None:
        return Result(findings)
    refusal = failed.error if getattr(failed.error, "is_final", False) else None
    if not failed.detail:
        return Result(findings, failed.part, FAILED(text=failed.text), refusal)
    said = FAILED_WITH(text=failed.text, detail=str(failed.detail)[:DETAIL_MAX])
    return Result(findings, failed.part, said, refusal)


def _failed_before(error):
    """No client could be made: the part that is to blame says why, the others were not checked."""
    failed = error.part if error.part in PARTS else "sign_in"
    return [
        Finding(part, False, error.message) if part == failed else Finding(part, None, NOT_CHECKED())
        for part in PARTS
    ]


def mask(value):
    """Enough of an id to recognise it by: `DEMO…EXMP`."""
    return f"{value[:4]}…{value[-4:]}" if len(value) >= 12 else f"{value[:2]}…"
