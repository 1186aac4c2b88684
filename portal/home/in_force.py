"""Settings in force: each PORTAL_* variable as this process read it. No secret is among what is returned.

Which variables there are, and what they are for, is the docstring of portal/settings.py; which were read, and
from where, portal/variables.py remembers. A new variable appears here by itself.
"""

import hashlib
import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

import portal.settings
from portal import environment, sealing, variables
from portal.record import checkpoints, keys, sinks

ENTRY = re.compile(r"^(PORTAL_[A-Z0-9_]+)(?:\[_FILE\])?[ ]*(.*)$")
SOURCES = {
    "environment": gettext_lazy("environment"),
    "file": gettext_lazy("file"),
    "default": gettext_lazy("default"),
}


@dataclass(frozen=True)
class Setting:
    name: str
    about: str
    value: str
    source: str  # a key of SOURCES

    @property
    def source_label(self):
        return SOURCES[self.source]


def documented():
    """{name: what it is for}, in the order of portal/settings.py."""
    found, name = {}, None
    for line in portal.settings.__doc__.splitlines():
        if entry := ENTRY.match(line):
            name = entry[1]
            found[name] = entry[2]
        elif line.startswith(" ") and name:
            found[name] = f"{found[name]} {line.strip()}".strip()
        else:
            name = None
    return found


def all_settings():
    """[Setting], those that were read without being described included."""
    names = documented()
    names |= {name: "" for name in sorted(variables.READ) if name not in names}
    return [Setting(name, about, _shown(name), variables.source_of(name)) for name, about in names.items()]


def _shown(name):
    read = variables.READ.get(name)
    if name in DESCRIBED:
        return DESCRIBED[name]()
    if read is None or read.is_secret:
        return _("not set") if variables.source_of(name) == "default" else _("set")
    return _text(read.value)


def _text(value):
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, dict):  # groups and what they may do
        return "; ".join(
            f"{group} -> {team}:{role}" if team else f"{group} -> {role}"
            for group, grants in value.items()
            for team, role in grants
        )
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)


def _without_password(url):
    """Scheme, host and path of an address: the rest may be a secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _database():
    told = settings.DATABASES["default"]
    if told["ENGINE"].endswith("sqlite3"):
        return f"SQLite, {told['NAME']}"
    host = f"{told['HOST']}:{told['PORT']}" if told["PORT"] else told["HOST"]
    return f"PostgreSQL, {told['NAME']}, {host}"


def _queue():
    return _without_password(settings.QUEUE_URL) if settings.QUEUE_URL not in ("", "now:") else ""


def _mail():
    told = settings.MAIL or {}
    if "file_path" in told:
        return _("files in %(path)s") % {"path": told["file_path"]}
    return f"{told['host']}:{told['port']}" if told else _("not set")


def _proxy():
    return _without_password(settings.HTTPS_PROXY) if settings.HTTPS_PROXY else ""


@dataclass(frozen=True)
class Ring:
    """The keys of one variable: what each is called, and how old the file is that holds them."""

    name: str
    ids: list
    since: object  # when the file was written; None if they come from the environment


def rings():
    """[Ring]; an id is made from a digest, and opens nothing."""
    secret = [hashlib.sha256(b"secret key\x00" + each.encode()).hexdigest()[:8] for each in _secret_keys()]
    ids = {
        "PORTAL_SECRET_KEY": secret,
        "PORTAL_CREDENTIAL_KEYS": list(sealing.keys()),
        "PORTAL_RECORD_KEY": list(keys.ring()),
        "PORTAL_CHECKPOINT_KEY": list(checkpoints.keys()),
    }
    return [Ring(name, found, _since(name)) for name, found in ids.items()]


def _secret_keys():
    return [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]


def _since(name):
    if variables.source_of(name) == "environment":
        return None
    made = settings.DATA_DIR / environment.file_of(name)
    path = Path(os.environ.get(f"{name}_FILE", made))
    return datetime.fromtimestamp(path.stat().st_mtime, UTC) if path.is_file() else None


def _keys(name):
    def told():
        (ring,) = (each for each in rings() if each.name == name)
        count = ngettext("%(n)s key", "%(n)s keys", len(ring.ids)) % {"n": len(ring.ids)}
        return f"{count}: {', '.join(ring.ids)}"

    return told


DESCRIBED = {
    "PORTAL_DATABASE_URL": _database,
    "PORTAL_QUEUE_URL": _queue,
    "PORTAL_EMAIL_URL": _mail,
    "PORTAL_HTTPS_PROXY": _proxy,
    "PORTAL_CHECKPOINT_SINKS": lambda: ", ".join(sinks.addresses()),
    **{name: _keys(name) for name in environment.KEYS},
}
