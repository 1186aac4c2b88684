"""Messages by code. The portal stores a message as code and parameters and makes the text when it is shown.

Declare a Sentence beside the code that uses it, and call it to get a Said:

    BUSY = Sentence("busy", _("%(person)s is changing this object. Try again afterwards."))
    raise Busy(BUSY(person=actor.email))

Errors, operations and record entries carry the Said; it is stored as {"code": "busy", "params": {...}}. So
the wording can change later, and each reader gets their own language. A platform's own message stays a plain
str and never becomes a Said. This file needs no Django, because the platform clients use it too. The portal
sets `translate` and `load` when it starts.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from portal.outside import isolated

SENTENCES = {}  # code -> text in English, with %(name)s places


def translate(text):
    """The text in the reader's language. portal.web replaces this function by Django's gettext."""
    return text


def load():
    """Import what declares sentences; replaced in portal.web. A process imports only the rooms it needs, and
    may read what another room said."""


class Sentence:
    """One message of the portal. `code` is stored, so do not change it when you reword `text`."""

    def __init__(self, code, text):
        if SENTENCES.setdefault(code, text) != text:
            raise ValueError(f"two sentences have the code {code!r}")
        self.code, self.text = code, text

    def __call__(self, **params):
        return Said(self.code, params)


@dataclass(frozen=True)
class Said:
    """A Sentence with its parameters: texts, numbers, times (aware datetimes) and other Saids."""

    code: str
    params: dict = field(default_factory=dict)

    def __str__(self):
        """The text in the reader's language; the bare code if this version does not know it.

        Parameters that are texts come from outside, so they are isolated (outside.py).
        """
        return self._text(_shown)

    @property
    def plain(self):
        """The text with its parameters as they were written: for a column, not for a page."""
        return self._text(_plain)

    def _text(self, shown):
        if self.code not in SENTENCES:
            load()
        if self.code not in SENTENCES:
            return self.code
        params = {name: shown(value) for name, value in self.params.items()}
        try:
            return translate(SENTENCES[self.code]) % params
        except (KeyError, TypeError, ValueError):
            return self.code  # stored by a version whose sentence had other parameters

    def is_from(self, *sentences):
        return self.code in {sentence.code for sentence in sentences}


def clock(moment):
    """A time as pages show it: 2026-11-28 09:30:00 UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _shown(value):
    if isinstance(value, datetime):
        return clock(value)
    return isolated(value) if isinstance(value, str) else value


def _plain(value):
    if isinstance(value, datetime):
        return clock(value)
    return value.plain if isinstance(value, Said) else value


def to_json(said):
    """A Said as a JSON value for a column; None for anything else."""
    if not isinstance(said, Said):
        return None
    return {"code": said.code, "params": {name: _packed(value) for name, value in said.params.items()}}


def from_json(value):
    """The Said from a JSON value that `to_json` made; None for anything else."""
    if not isinstance(value, dict) or not isinstance(value.get("code"), str):
        return None
    params = value.get("params")
    params = params if isinstance(params, dict) else {}
    return Said(value["code"], {name: _unpacked(each) for name, each in params.items()})


def _packed(value):
    if isinstance(value, datetime):
        return {"at": value.isoformat()}
    return to_json(value) or (value if isinstance(value, int | float | bool | None) else str(value))


def _unpacked(value):
    if isinstance(value, dict) and "at" in value:
        return datetime.fromisoformat(value["at"])
    return from_json(value) or value
