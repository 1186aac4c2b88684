"""Reading PORTAL_* variables: what is missing or wrong is said at start, never guessed."""

import os
import secrets
from email.utils import parseaddr
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from portal.variables import reads

LOCK_SECONDS = 20  # a query that waits longer for somebody else's lock fails
# A connection to an old server behind a changed name may not live for ever.
CONNECTION_SECONDS = 60
LOOPBACK = [ip_network("127.0.0.0/8"), ip_network("::1/128")]
# What 256 bits take as hexadecimal digits and in base64; of 43 random characters some 20 or more differ.
HEX_DIGITS, CHARACTERS, DIFFERENT = 64, 43, 9
MAIL_SECONDS = 20  # for each step with a mail server
KEYS = ("PORTAL_SECRET_KEY", "PORTAL_CREDENTIAL_KEYS", "PORTAL_RECORD_KEY", "PORTAL_CHECKPOINT_KEY")


@reads
def text(name, default=""):
    """The variable's text; `NAME_FILE`, when set, names a file that holds it and must not be empty."""
    if f"{name}_FILE" not in os.environ:
        return os.environ.get(name, default)
    try:
        value = Path(os.environ[f"{name}_FILE"]).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"{name}_FILE names a file that cannot be read: {error}") from error
    if not value:
        raise ImproperlyConfigured(f"{name}_FILE names a file that is empty")
    return value


@reads(is_secret=True)
def secret(name):
    """A text that no page shows."""
    return text(name)


def is_set(name):
    return name in os.environ or f"{name}_FILE" in os.environ


@reads
def flag(name, default=False):
    value = os.environ.get(name, "").lower()
    if value in ("", "0", "1", "true", "false", "yes", "no"):
        return value in ("1", "true", "yes") if value else default
    raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}")


@reads
def number(name, default):
    value = os.environ.get(name, "")
    if value and not (value.isascii() and value.isdecimal()):
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}")
    return int(value) if value else default


@reads
def numbers(name, default):
    """A list of whole numbers."""
    found = words(name)
    if not all(word.isascii() and word.isdecimal() for word in found):
        raise ImproperlyConfigured(f"{name} must hold whole numbers, separated by commas or blanks")
    return [int(word) for word in found] or default


@reads
def words(name):
    """A list separated by commas or blanks."""
    return os.environ.get(name, "").replace(",", " ").split()


@reads
def choices(name, known, default):
    """A list of known words; the default where the variable is not set or empty, nothing for `none`."""
    found = words(name) or default
    if found == ["none"]:
        return []
    if unknown := set(found) - set(known):
        raise ImproperlyConfigured(f"{name} knows {', '.join(known)} and none, not {', '.join(unknown)}")
    return found


@reads
def issuer(name, *, may_be_plain):
    """The https:// address of an OpenID Connect provider without a slash at its end; "" where not set."""
    url = text(name).strip().rstrip("/")
    schemes = ("https", "http") if may_be_plain else ("https",)
    if url and (urlsplit(url).scheme not in schemes or not urlsplit(url).hostname):
        raise ImproperlyConfigured(f"{name} must be an https:// address")
    return url


@reads
def grants(name, roles):
    """{group: [(team, role)]} of `group -> Team:role; ...`; ("", "admin") and ("", "portal-auditor"), too."""
    found = {}
    for line in text(name).replace("\n", ";").split(";"):
        group, arrow, what = (part.strip() for part in line.partition("->"))
        if not line.strip():
            continue
        team, _colon, role = (part.strip() for part in what.rpartition(":"))
        if not (group and arrow and (role in roles if team else role in ("admin", "portal-auditor"))):
            raise ImproperlyConfigured(
                f"{name} must hold lines like `group -> Team:role` with one of {', '.join(roles)},"
                f" or `group -> admin` or `group -> portal-auditor`; not {line.strip()!r}"
            )
        found.setdefault(group, []).append((team, role))
    return found


@reads
def networks(name):
    try:
        return [ip_network(word) for word in words(name)]
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {error}") from error


def directory(path):
    """The directory, for its owner alone when it had to be made: it holds keys and the database."""
    path = Path(path).resolve()
    if not path.is_dir():
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


@reads(is_secret=True)
def keys(name, data_dir, *, may_make, older_may_be_short=False):
    """Keys separated by blanks, newest first; without a variable, one from a 0600 file in the data directory,
    which is made on first run.

    Without `may_make` they must be in the environment. A variable that is there but blank is a mistake: a new
    key in its place would leave stored credentials unreadable. A key that can be guessed is none; with
    `older_may_be_short` those after the first may still open what they closed.
    """
    found = _keys_text(name, data_dir, may_make=may_make).split()
    if not all(map(is_strong, found[:1] if older_may_be_short else found)):
        raise ImproperlyConfigured(
            f"{name} holds a key of less than 256 bits, which are 64 hexadecimal digits or 43 characters."
            " Make one with: openssl rand -hex 32. How a short key is replaced: docs/security.md, Keys"
        )
    return found


def is_strong(key):
    """Whether the text can hold 256 random bits, and does not look as if somebody had typed it."""
    is_hex = set(key.lower()) <= set("0123456789abcdef")
    return len(key) >= (HEX_DIGITS if is_hex else CHARACTERS) and len(set(key)) >= DIFFERENT


def file_of(name):
    """Under what name a key lies in the data directory."""
    return name.removeprefix("PORTAL_").lower().replace("_", "-")


def _keys_text(name, data_dir, *, may_make):
    if is_set(name):
        value = text(name).strip()
        if not value:
            raise ImproperlyConfigured(f"{name} is set but blank")
        return value
    if not may_make:
        raise ImproperlyConfigured(
            f"{name} or {name}_FILE must be set: machines that share a PostgreSQL database need the same keys"
        )
    path = Path(data_dir) / file_of(name)
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


@reads(is_secret=True)
def database(name, default_path):
    """Settings of one database from a URL.

    sqlite:///PATH, from the root, or postgresql://user:password@host:port/name?sslmode=... with any option
    that libpq knows. No message repeats a part of the URL that may be a password.
    """
    url = text(name)
    lock_seconds = number("PORTAL_LOCK_SECONDS", LOCK_SECONDS)
    if not url:
        return sqlite(default_path, lock_seconds)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ImproperlyConfigured(
            f"{name}: host or port cannot be read; the port is a number up to 65535,"
            " and / ? # @ [ ] in a password are written as %2F and so on"
        ) from None
    if parts.fragment:
        raise ImproperlyConfigured(f"{name} has a #; in a password it is written %23")
    if parts.scheme == "sqlite":
        if parts.netloc or parts.query or not (parts.path.startswith("/") and parts.path.strip("/")):
            raise ImproperlyConfigured(f"{name} must be sqlite:///PATH, with a path from the root")
        return sqlite(unquote(parts.path), lock_seconds)
    if parts.scheme in ("postgres", "postgresql"):
        return _postgresql(name, parts, port, lock_seconds)
    raise ImproperlyConfigured(f"{name} must begin with sqlite:// or postgresql://")


def _postgresql(name, parts, port, lock_seconds):
    database_name = unquote(parts.path.lstrip("/"))
    if not database_name:
        raise ImproperlyConfigured(f"{name} names no database: postgresql://.../NAME")
    given = {"connect_timeout": 5, **_libpq_options(name, parts.query)}
    # Without it a page waits for as long as somebody else holds the lock, for hours if need be.
    given["options"] = f"-c lock_timeout={lock_seconds}s {given.get('options', '')}".strip()
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": database_name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(port or ""),
        "CONN_MAX_AGE": CONNECTION_SECONDS,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": given,
    }


def _libpq_options(name, query):
    """What follows the ? of a URL; an option that nobody reads, such as a misspelt sslmode, is refused."""
    from psycopg import pq  # only where PostgreSQL is used

    known = {option.keyword.decode() for option in pq.Conninfo.get_defaults()}
    known -= {"dbname", "user", "password", "host", "hostaddr", "port"}  # they have their place before the ?
    given = parse_qsl(query, keep_blank_values=True)
    options = dict(given)
    if unknown := sorted(options.keys() - known):
        raise ImproperlyConfigured(f"{name} has options that libpq does not take there: {', '.join(unknown)}")
    if len(options) != len(given) or not all(options.values()):
        raise ImproperlyConfigured(f"{name} has an option twice or without a value")
    return options


@reads(is_secret=True)
def queue(name):
    """Address of the Redis server in which background work waits; empty: it waits at the database.

    now: does the work at once in the process that asks for it; tests use it.
    """
    url = text(name)
    if url in ("", "now:"):
        return url
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("redis", "rediss") and parts.hostname and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:
        raise ImproperlyConfigured(
            f"{name} must be redis://user:password@host:port/number, or rediss://... for TLS;"
            " / ? # @ [ ] in a password are written as %2F and so on"
        )
    return url


@reads(is_secret=True)
def mail(name):
    """Keywords for Django's `get_connection` from the URL of a mail server; None if it is not set.

    smtp://user:password@host:587 (TLS by STARTTLS), smtps://user:password@host:465 (TLS from the start),
    smtp://host:25?tls=no (plain, without a password), or file:/DIR. No message repeats a part of the URL.
    """
    url = text(name)
    if not url:
        return None
    try:
        parts = urlsplit(url)
        port, options = parts.port, dict(parse_qsl(parts.query, keep_blank_values=True))
    except ValueError:
        raise ImproperlyConfigured(
            f"{name}: host or port cannot be read; / ? # @ [ ] in a password are written as %2F and so on"
        ) from None
    if parts.scheme == "file" and not parts.netloc and url.startswith("file:/") and parts.path.strip("/"):
        return mail_files(unquote(parts.path))
    is_plain = options == {"tls": "no"} and parts.scheme == "smtp" and not parts.password
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or not (is_plain or not options):
        raise ImproperlyConfigured(
            f"{name} must be smtp://user:password@host:587, smtps://user:password@host:465,"
            " smtp://host:25?tls=no (only without a password) or file:/DIR"
        )
    if parts.path.strip("/") or parts.fragment:
        raise ImproperlyConfigured(f"{name} goes on after the host; in a password / and # are %2F and %23")
    return {
        "backend": "django.core.mail.backends.smtp.EmailBackend",
        "host": parts.hostname,
        "port": port or (465 if parts.scheme == "smtps" else 25 if is_plain else 587),
        "username": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "use_ssl": parts.scheme == "smtps",
        "use_tls": parts.scheme == "smtp" and not is_plain,
        "timeout": MAIL_SECONDS,
    }


def mail_files(path):
    """Mails as files in a directory, which is made when the first is written."""
    return {"backend": "django.core.mail.backends.filebased.EmailBackend", "file_path": str(path)}


@reads
def sender(name, default):
    """The address that mails come from; `default` "" where there must be one."""
    value = os.environ.get(name, "") or default
    if "@" not in parseaddr(value)[1] or len(value.splitlines()) > 1:
        raise ImproperlyConfigured(f"{name} must be an address: portal@example.com, or Name <portal@...>")
    return value


@reads(is_secret=True)
def sinks(name, default):
    """Addresses that get the record's checkpoints, separated by blanks (portal/record/sinks.py)."""
    found = text(name).split() or [default]
    for address in found:
        try:
            parts = urlsplit(address)
            is_web = parts.scheme in ("syslog", "syslog+tcp", "http", "https") and bool(parts.hostname)
            is_file = parts.scheme == "file" and address.startswith("file:/") and not parts.netloc
            is_known = is_file or (is_web and parts.port != 0)
        except ValueError:
            is_known = False
        if not is_known:
            raise ImproperlyConfigured(
                f"{name} must hold addresses like file:/PATH, syslog://host:port, syslog+tcp://host:port or"
                " https://host/path, separated by blanks"
            )
    return found


def sqlite(path, lock_seconds=LOCK_SECONDS):
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",  # with the default, writers meet "database is locked"
            "timeout": lock_seconds,
            # FULL: an intent must outlive a power cut; recursive_triggers: REPLACE meets the delete trigger.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
            " PRAGMA recursive_triggers=ON;",
        },
    }
