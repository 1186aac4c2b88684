"""The token store that connections hand to their clients: sealed, shared, renewed by one at a time."""

import logging
import math
import threading
import time
import uuid
from contextlib import closing, contextmanager
from datetime import timedelta

from django.db import IntegrityError, connection
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from portal.connections.models import StoredToken
from portal.connections.sealing import CannotOpen, seal, unseal
from portal.errors import SignInFailed
from portal.platforms.signing import Token

log = logging.getLogger(__name__)
# Who fetches a token says every few seconds that it still lives: of one that died, waiters take over in time.
LEASE = timedelta(seconds=9)
BEAT_SECONDS = 3
# All exchanges of a sign-in together end within 31 s, by the deadline of their route. More than that hangs.
LONGEST_SECONDS = 40
JOIN_SECONDS = 1
# A person waits for another process no longer than this; each waiter holds a thread.
WAIT_SECONDS = 15
POLL_SECONDS = 0.05


class DatabaseTokens:
    """A TokenStore (portal.platforms.signing) in the database."""

    def __init__(self, connection_id):
        self.connection_id = connection_id

    def get(self, name):
        row = self._rows(name).first()
        return self._open(row) if row else None

    def renew(self, name, fetch, stale, end=math.inf):
        """Fetch a token unless another process just did; raises SignInFailed and what `fetch` raises.

        `end` is the time.monotonic() moment until which the call that needs it may wait. Where the database
        is locked for longer than the lease, no beat gets through and two may fetch; the one who lost the
        lease overwrites nothing.
        """
        give_up = min(time.monotonic() + WAIT_SECONDS, end)
        try:
            StoredToken.objects.get_or_create(connection_id=self.connection_id, name=name)
        except IntegrityError as error:
            raise SignInFailed(_("The connection was deleted meanwhile."), part="sign_in") from error
        while time.monotonic() < give_up:
            if current := self._usable(name, stale):
                return current
            free = self._rows(name).filter(Q(renewing_until=None) | Q(renewing_until__lt=Now()))
            mine = uuid.uuid4().hex
            if free.update(renewing_until=Now() + LEASE, renewer=mine):
                # Between the look and the lease another process may have fetched it and given the lease back.
                if current := self._usable(name, stale):
                    self._rows(name).filter(renewer=mine).update(renewing_until=None)
                    return current
                return self._fetch(name, fetch, mine)
            time.sleep(POLL_SECONDS)
        raise SignInFailed(_("Another process is signing in and does not finish; try again."), part="sign_in")

    def _usable(self, name, stale):
        current = self.get(name)
        return current if current and current.value != stale and current.expires_at > time.time() else None

    def _fetch(self, name, fetch, mine):
        """Whoever lost the lease meanwhile writes nothing: somebody else's token is the newer one."""
        held = self._rows(name).filter(renewer=mine)
        try:
            with _beating(held):
                token = fetch()
        except BaseException:
            held.update(renewing_until=None)
            raise
        sealed = seal(token.value, self._place(name))
        held.update(sealed=sealed, expires_at=token.expires_at, renewing_until=None)
        return token

    def _rows(self, name):
        return StoredToken.objects.filter(connection_id=self.connection_id, name=name)

    def _open(self, row):
        try:
            return Token(unseal(row.sealed, self._place(row.name)), row.expires_at) if row.sealed else None
        except CannotOpen:
            return None  # the keys were changed: fetch a new one

    def _place(self, name):
        return f"token:{self.connection_id}:{name}"


@contextmanager
def _beating(held):
    """Renew the lease for as long as the block runs; no beat shall reach into what comes after it."""
    is_over = threading.Event()
    thread = threading.Thread(target=_beat, args=(held, is_over), name="token lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join(JOIN_SECONDS)  # it has nothing to do but to end, unless the database keeps it waiting


def _beat(held, is_over):
    end = time.monotonic() + LONGEST_SECONDS
    while not is_over.wait(BEAT_SECONDS) and time.monotonic() < end:
        try:
            with closing(connection):
                held.exclude(renewing_until=None).update(renewing_until=Now() + LEASE)
        except Exception:  # noqa: BLE001 - the next beat may succeed
            log.exception("the lease of a token could not be renewed")
