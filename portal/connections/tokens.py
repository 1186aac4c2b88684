"""The token store that connections give to their clients: sealed, shared, renewed by one at a time."""

import logging
import math
import threading
import time
import uuid
from contextlib import closing, contextmanager
from datetime import timedelta

from django.db import Error, IntegrityError, connection
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_noop as _

from portal.connections import budget
from portal.connections.models import StoredToken, token_place
from portal.errors import SignInFailed
from portal.platforms.signing.tokens import Token
from portal.sealing import CannotOpen, seal, unseal
from portal.words import Sentence

log = logging.getLogger(__name__)

DELETED = Sentence("connection.deleted", _("The connection was deleted meanwhile."))
STUCK = Sentence(
    "connection.sign_in_stuck", _("Another process is signing in and does not finish. Try again.")
)

# A process that fetches a token renews its lease every few seconds. If it dies, others soon take over.
LEASE = timedelta(seconds=9)
BEAT_SECONDS = 3
# The deadline of its route ends a sign-in within 31 s. What takes longer hangs, and loses the lease.
LONGEST_SECONDS = 40
JOIN_SECONDS = 1
# A person waits for another process no longer than this; each waiter holds a thread.
WAIT_SECONDS = 15
POLL_SECONDS = 0.05
# A token that replaced a refused one, and is refused as well when it is this new, is not replaced again.
NEW = timedelta(minutes=1)


class DatabaseTokens:
    """A TokenStore (portal.platforms.signing.tokens) in the database."""

    def __init__(self, connection_id, team_id=None):
        self.connection_id, self.team_id = connection_id, team_id

    def get(self, name):
        row = self._rows(name).first()
        return self._open(row) if row else None

    def renew(self, name, fetch, stale, end=math.inf):
        """Fetch a token unless another process just did; raises SignInFailed and what `fetch` raises.

        `end` is the time.monotonic() moment until which the call that needs the token may wait. When the
        database is locked for longer than the lease, the lease cannot be renewed and two processes may fetch;
        the one that lost the lease then writes nothing.
        """
        give_up = min(time.monotonic() + WAIT_SECONDS, end)
        # Whoever waits for another's sign-in holds a thread like those who wait for the platform itself.
        with budget.place(self.connection_id, self.team_id, give_up):
            return self._renew(name, fetch, stale, give_up)

    def _renew(self, name, fetch, stale, give_up):
        try:
            StoredToken.objects.get_or_create(connection_id=self.connection_id, name=name)
        except IntegrityError as error:
            raise SignInFailed(DELETED(), part="sign_in") from error
        while time.monotonic() < give_up:
            if current := self._usable(name, stale):
                return current
            free = self._rows(name).filter(Q(renewing_until=None) | Q(renewing_until__lt=Now()))
            mine = uuid.uuid4().hex
            if free.update(renewing_until=Now() + LEASE, renewer=mine):
                # Before this process got the lease, another one may have fetched a token and given it back.
                if current := self._usable(name, stale):
                    self._rows(name).filter(renewer=mine).update(renewing_until=None)
                    return current
                return self._fetch(name, fetch, mine)
            time.sleep(POLL_SECONDS)
        raise SignInFailed(STUCK(), part="sign_in")

    def prove(self, name, value):
        """A call with this token was accepted. Its answer must not be lost because this cannot be written."""
        with _best_effort():
            row = self._rows(name).exclude(suspect_since=None).first()
            if row and self._holds(row, value):
                self._rows(name).filter(sealed=row.sealed).update(suspect_since=None)

    def is_hopeless(self, name, value):
        """Whether this token was refused although it is new: then another one will be refused, too."""
        with _best_effort():
            row = self._rows(name).filter(suspect_since__gt=Now() - NEW).first()
            return (
                bool(row) and self._holds(row, value) and row.expires_at - time.time() > NEW.total_seconds()
            )
        return False

    def _holds(self, row, value):
        token = self._open(row)
        return token is not None and token.value == value

    def _usable(self, name, stale):
        current = self.get(name)
        return current if current and current.value != stale and current.expires_at > time.time() else None

    def _fetch(self, name, fetch, mine):
        """A process that has lost the lease writes nothing: the stored token is newer than its own."""
        held = self._rows(name).filter(renewer=mine)
        try:
            with _beating(held):
                token = fetch()
        except BaseException:
            held.update(renewing_until=None)
            raise
        sealed = seal(token.value, self._place(name))
        suspect_since = Now() if token.is_suspect else None
        held.update(
            sealed=sealed, expires_at=token.expires_at, suspect_since=suspect_since, renewing_until=None
        )
        return token

    def _rows(self, name):
        return StoredToken.objects.filter(connection_id=self.connection_id, name=name)

    def _open(self, row):
        try:
            value = unseal(row.sealed, self._place(row.name)) if row.sealed else None
        except CannotOpen:
            return None  # the keys were changed: fetch a new one
        return Token(value, row.expires_at, is_suspect=row.suspect_since is not None) if value else None

    def _place(self, name):
        return token_place(self.connection_id, name)


@contextmanager
def _best_effort():
    try:
        yield
    except Error:
        log.exception("what is known of a token could not be read or written")


@contextmanager
def _beating(held):
    """Renew the lease as long as the block runs, and not a moment longer."""
    is_over = threading.Event()
    thread = threading.Thread(target=_beat, args=(held, is_over), name="token lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join(JOIN_SECONDS)  # it ends at once, unless the database keeps it waiting


def _beat(held, is_over):
    end = time.monotonic() + LONGEST_SECONDS
    while not is_over.wait(BEAT_SECONDS) and time.monotonic() < end:
        try:
            with closing(connection):
                held.exclude(renewing_until=None).update(renewing_until=Now() + LEASE)
        except Exception:  # noqa: BLE001 - the next beat may succeed
            log.exception("the lease of a token could not be renewed")
