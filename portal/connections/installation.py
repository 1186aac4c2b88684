"""Demo and production never mix, and the keys are those that the stored secrets were sealed with.

The demo's passwords and credentials are public. So a database and a data directory are marked as the demo's
or as production's when they are first used; the other one refuses them, whatever command is run.
"""

import logging

from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection
from django.utils.crypto import constant_time_compare

from portal import sealing
from portal.connections.models import CANARY_PLACE, Installation
from portal.teams import demo_passwords
from portal.teams.models import User

log = logging.getLogger(__name__)
CANARY = "opened"
MARK = "installation"  # a file in the data directory
ACCOUNTS = 20  # the demo makes eight
LOCK = "demo.lock"  # every demo has had it, also before there were marks
WORDS = {True: "the demo", False: "production"}
OTHER = (
    "%s belongs to %s, and this is %s: their accounts, keys and data never mix. Set PORTAL_DATA_DIR and"
    " PORTAL_DATABASE_URL to data of its own, or, for the demo, remove its data with: make demo-reset"
)
OTHER_KEYS = (
    "PORTAL_CREDENTIAL_KEYS holds no key that opens what is sealed in this database: stored credentials"
    " cannot be used. Put the key that is missing behind the first one"
)

_known = {}  # name of the database -> whether it is the demo's


def mark(using=DEFAULT_DB_ALIAS, **signal):
    """Receives post_migrate: what is not marked yet is marked."""
    if Installation.objects.using(using).exists():
        return
    is_demo = _is_demos_of_before() if User.objects.using(using).exists() else settings.DEMO
    Installation.objects.using(using).create(pk=1, is_demo=is_demo, canary=sealing.seal(CANARY, CANARY_PLACE))
    _mark_directory(is_demo)


def watch(connection, **signal):
    """Receives connection_created: raises ImproperlyConfigured in front of somebody else's database."""
    name = str(connection.settings_dict["NAME"])
    if _known.get(name) is None:
        try:
            _known[name] = _read(connection)
        except DatabaseError:
            return  # not migrated yet
    if _known[name] is not None and _known[name] != settings.DEMO:
        connection.close()
        raise ImproperlyConfigured(OTHER % ("This database", WORDS[_known[name]], WORDS[settings.DEMO]))


def refuse_directory():
    """Raise ImproperlyConfigured when the data directory is marked as the other one's."""
    mark = settings.DATA_DIR / MARK
    if mark.is_file():
        is_demo = mark.read_text().strip() == str(Installation(is_demo=True))
    elif (settings.DATA_DIR / LOCK).exists():
        is_demo = True
    else:
        return
    if is_demo != settings.DEMO:
        raise ImproperlyConfigured(OTHER % (settings.DATA_DIR, WORDS[is_demo], WORDS[settings.DEMO]))


def start():
    """What a process that serves or works does first. Raises ImproperlyConfigured."""
    refuse_directory()
    try:
        connection.ensure_connection()
        told = problems()
    except DatabaseError:
        return  # away, or not migrated: /readyz says so
    finally:
        connection.close()
    for each in told:
        log.error(each)


def problems():
    """What is wrong with the keys, as texts."""
    row = Installation.objects.first()
    try:
        is_open = row is None or constant_time_compare(sealing.unseal(row.canary, CANARY_PLACE), CANARY)
    except sealing.CannotOpen:
        is_open = False
    return [] if is_open else [OTHER_KEYS]


def check(app_configs, databases, **kwargs):
    """Run by `check --database`."""
    if not databases or Installation._meta.db_table not in connection.introspection.table_names():
        return []
    return [checks.Error(each, id="portal.E002") for each in problems()]


def _read(connection):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT is_demo FROM {Installation._meta.db_table}")
        row = cursor.fetchone()
    return bool(row[0]) if row else None


def _is_demos_of_before():
    """Whether an account has a password that everybody knows."""
    accounts = User.objects.filter(email__iendswith=demo_passwords.DOMAIN)[:ACCOUNTS]
    known = demo_passwords.KNOWN
    return any(check_password(password, each.password) for each in accounts for password in known)


def _mark_directory(is_demo):
    mark = settings.DATA_DIR / MARK
    if not mark.exists():
        mark.write_text(f"{Installation(is_demo=is_demo)}\n")
