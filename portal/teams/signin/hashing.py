"""Passwords are hashed one at a time in each process: each hash takes 46 MiB while it is made.

A few may wait for their turn. More would hold all threads of the process (deploy/gunicorn.conf.py), and with
them every page; they are told at once to try again.
"""

from contextlib import contextmanager
from threading import BoundedSemaphore

from django.contrib.auth.hashers import Argon2PasswordHasher
from django.utils.translation import gettext_noop as _

from portal.errors import TooBusy
from portal.words import Sentence

AT_ONCE = 1
WAITING = 5  # of eight threads two are left for other pages
PATIENCE = 20  # seconds
TURN, PLACES = BoundedSemaphore(AT_ONCE), BoundedSemaphore(AT_ONCE + WAITING)
TOO_BUSY = Sentence(
    "sign_in.busy", _("Too many people are signing in right now. Nothing was changed. Try again in a minute.")
)


class Argon2(Argon2PasswordHasher):
    """Argon2id with the memory that OWASP asks for, and twice its time. Raises TooBusy when no turn comes, or
    too many wait for theirs.

    Django's own 100 MiB would make a few sign-ins at once larger than the portal itself. Hashes of before are
    made anew when their person signs in.
    """

    time_cost = 2
    memory_cost = 46 * 1024  # KiB
    parallelism = 1

    def encode(self, password, salt):
        with _turn():
            return super().encode(password, salt)

    def verify(self, password, encoded):
        with _turn():
            return super().verify(password, encoded)


@contextmanager
def _turn():
    if not PLACES.acquire(blocking=False):
        raise TooBusy(TOO_BUSY())
    try:
        if not TURN.acquire(timeout=PATIENCE):
            raise TooBusy(TOO_BUSY())
        try:
            yield
        finally:
            TURN.release()
    finally:
        PLACES.release()
