"""Testing a connection: what its client finds part by part, in words for people and without secrets."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.connections.clients import build
from portal.connections.sealing import CannotOpen
from portal.errors import PlatformError
from portal.platforms.diagnosis import NOT_CHECKED, PARTS, Finding

TEXT_MAX = 400  # characters of Connection.check_text

PART_NAMES = {
    "address": gettext_lazy("Address"),
    "tls": gettext_lazy("TLS"),
    "clock": gettext_lazy("Clock"),
    "sign_in": gettext_lazy("Sign-in"),
    "signature": gettext_lazy("Signature"),
    "project": gettext_lazy("Project"),
    "instance": gettext_lazy("Instance"),
    "edition": gettext_lazy("Edition"),
    "permission": gettext_lazy("Permission"),
}


@dataclass(frozen=True)
class Result:
    """`part` is the failing part, "" when nothing failed; `text` what to change."""

    findings: list
    part: str
    text: str

    @property
    def rows(self):
        """(name of the part, state for a badge, Finding) in the order of the test."""
        states = {True: "ok", False: "failed", None: "unknown"}
        for finding in self.findings:
            yield PART_NAMES.get(finding.part, finding.part), states[finding.ok], finding


def check(connection):
    """Test a saved connection; never raises for what the platform or the network does."""
    secrets = opened_or_empty(connection).values()
    try:
        # Not the client that all share: a test is let through while calls are paused, and counts for none.
        findings = build(connection).diagnose()
    except PlatformError as error:
        findings = _failed_before(error)
    findings = [_translated(finding, secrets) for finding in findings]
    failed = next((finding for finding in findings if finding.ok is False), None)
    if failed is None:
        return Result(findings, "", "")
    text = f"{failed.text} ({failed.detail})" if failed.detail else failed.text
    return Result(findings, failed.part, text[:TEXT_MAX])


def opened_or_empty(connection):
    """The stored credentials; {} when there are none or this portal's keys do not open them."""
    try:
        return connection.credentials()
    except CannotOpen:
        return {}


def _failed_before(error):
    """No client could be made: its reason stands at its part, nothing else was looked at."""
    failed = error.part if error.part in PARTS else "sign_in"
    return [
        Finding(part, False, error.message) if part == failed else Finding(part, None, NOT_CHECKED)
        for part in PARTS
    ]


def _translated(finding, secrets):
    detail = finding.detail
    for secret in secrets:
        # A platform may quote what it was sent.
        detail = detail.replace(secret, "…") if secret else detail
    return Finding(finding.part, finding.ok, _(finding.text) if finding.text else "", detail)


def mask(value):
    """Enough of an id to recognise it by: `DEMO…EXMP`."""
    return f"{value[:4]}…{value[-4:]}" if len(value) >= 12 else f"{value[:2]}…"
