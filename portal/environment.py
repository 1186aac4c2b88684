"""Reading PORTAL_* variables: what is missing or wrong is said at start, never guessed."""

import os
import secrets
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured


def text(name, default=""):
    """The variable's text; `NAME_FILE`, when set, names a file that holds it."""
    file = os.environ.get(f"{name}_FILE")
    if file:
        return Path(file).read_text().strip()
    return os.environ.get(name, default)


def flag(name, default=False):
    value = os.environ.get(name, "").lower()
    if value in ("", "0", "1", "true", "false", "yes", "no"):
        return value in ("1", "true", "yes") if value else default
    raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}")


def number(name, default):
    value = os.environ.get(name, "")
    if value and not value.isdigit():
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}")
    return int(value) if value else default


def words(name):
    """A list separated by commas or blanks."""
    return os.environ.get(name, "").replace(",", " ").split()


def networks(name):
    try:
        return [ip_network(word) for word in words(name)]
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {error}") from error


def secret(name, data_dir):
    """A secret from the environment, or from a 0600 file in the data directory made on first run."""
    value = text(name)
    if value:
        return value
    path = Path(data_dir) / name.removeprefix("PORTAL_").lower().replace("_", "-")
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _wait_for(path)
    with os.fdopen(handle, "w") as file:
        value = secrets.token_hex(32)
        file.write(value)
    return value


def _wait_for(path):
    """Another process may have created the file an instant ago and not yet written it."""
    for _attempt in range(1000):
        if value := path.read_text().strip():
            return value
        os.sched_yield()
    raise ImproperlyConfigured(f"{path} is empty: restore it from your backup or remove it")


def database(name, default_path):
    """Settings of one database from a URL: sqlite:///PATH or postgresql://user:password@host:port/name."""
    url = text(name)
    if not url:
        return sqlite(default_path)
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return sqlite(parts.path)
    if parts.scheme in ("postgres", "postgresql"):
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path.lstrip("/")),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": unquote(parts.hostname or ""),
            "PORT": str(parts.port or ""),
            "CONN_MAX_AGE": 60,
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": {"connect_timeout": 5},
        }
    raise ImproperlyConfigured(f"{name} must begin with sqlite:// or postgresql://, not {parts.scheme!r}")


def sqlite(path):
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",  # with the default, writers meet "database is locked"
            "timeout": 20,
            # FULL: an intent must outlive a power cut; recursive_triggers: REPLACE meets the delete trigger.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
            " PRAGMA recursive_triggers=ON;",
        },
    }
