"""The mails of the demo, which go nowhere: files in its data directory, and a page that shows them."""

import re
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.policy import default
from email.utils import parsedate_to_datetime
from pathlib import Path

from django.conf import settings

END = b"-" * 79 + b"\n"  # what Django's backend writes after each mail
LINK = re.compile(r"(https?://\S+)")
MOST = 50  # mails on the page


@dataclass(frozen=True)
class Letter:
    address: str
    subject: str
    text: str
    at: datetime

    @property
    def parts(self):
        """[(text, whether it is a link)]"""
        return [(part, number % 2 == 1) for number, part in enumerate(LINK.split(self.text))]

    @property
    def links(self):
        return LINK.findall(self.text)


def letters(address=""):
    """The newest mails first; to one address, or to all."""
    directory = Path(settings.MAIL.get("file_path", "")) if settings.MAIL else None
    files = sorted(directory.glob("*.log"), key=_age, reverse=True) if directory else []
    found = [letter for file in files[: MOST if not address else None] for letter in _read(file)]
    return [each for each in found if address.lower() in ("", each.address.lower())]


def _age(file):
    return file.stat().st_mtime_ns, file.name


def _read(file):
    for content in filter(None, file.read_bytes().split(END)):
        message = message_from_bytes(content, policy=default)
        at = parsedate_to_datetime(message["Date"])
        yield Letter(message["To"], message["Subject"], message.get_content(), at)
