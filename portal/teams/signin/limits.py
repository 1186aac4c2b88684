"""How often passwords and codes can be guessed, and who is told.

Each try takes its turn before anything is compared, under the lock of its counters, so that guesses in
parallel and in several processes are counted exactly. What turns out right is given back. After some free
tries each further one has to wait longer.

A password that comes from a browser where this person signed in before is counted for that browser alone
(`known.py`): strangers cannot keep its owner out. Other tries count for the address that they come from, and
for the account, whether or not there is one: so nobody learns which accounts exist.
"""

import hashlib
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address, ip_network

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.teams.models import Guesses, User

FORGOTTEN = timedelta(hours=1)  # after the last try
TOLD_AFTER = 10  # failed tries
TOLD_AGAIN = timedelta(days=1)


@dataclass(frozen=True)
class Rule:
    """So many tries are free; each further one waits twice as long as the one before, up to `longest`."""

    name: str
    free: int
    longest: timedelta

    def wait(self, times):
        """How long after so many tries the next one has to wait."""
        over = times - self.free
        return min(timedelta(seconds=2 ** min(over, 20)), self.longest) if over >= 0 else timedelta(0)


ACCOUNT = Rule("account", 5, timedelta(minutes=15))
BROWSER = Rule("browser", 5, timedelta(minutes=15))
CODE = Rule("code", 5, timedelta(minutes=15))
# Many people may share one address.
ADDRESS = Rule("address", 30, timedelta(minutes=5))
# Apart from the others: a program that does not know its token any more keeps nobody from signing in.
TOKEN = Rule("token", 30, timedelta(minutes=5))


class TooMany(Exception):
    """The next try has to wait; `seconds` says how long."""

    def __init__(self, seconds):
        super().__init__(seconds)
        self.seconds = seconds

    def __str__(self):
        if self.seconds < 60:
            wait = ngettext("%(n)s second", "%(n)s seconds", self.seconds) % {"n": self.seconds}
        else:
            minutes = -(-self.seconds // 60)
            wait = ngettext("%(n)s minute", "%(n)s minutes", minutes) % {"n": minutes}
        return _("Too many failed tries. Wait %(time)s, then try again.") % {"time": wait}


class Try:
    """One guess. `counters` are pairs of a Rule and what it is counted for. Raises TooMany."""

    def __init__(self, *counters):
        self.rules = {_key(rule, of): rule for rule, of in counters}
        with transaction.atomic():
            rows, now = (
                self._rows(),
                timezone.now(),
            )  # the time under the lock, for which others may have waited
            if (held := max(self._held(row, now) for row in rows)) > timedelta(0):
                raise TooMany(-(-held // timedelta(seconds=1)))
            for row in rows:
                row.times = 1 if row.last_at < now - FORGOTTEN else row.times + 1
                row.last_at, row.free_at = now, now + self.rules[row.key].wait(row.times)
                row.save(update_fields=["times", "last_at", "free_at"])

    def was_right(self):
        """It was no guess: the tries of others remain counted."""
        with transaction.atomic():
            for row in self._rows():
                row.times = max(row.times - 1, 0)
                row.free_at = min(row.free_at, row.last_at + self.rules[row.key].wait(row.times))
                row.save(update_fields=["times", "free_at"])

    def _held(self, row, now):
        return row.free_at - now if self.rules[row.key].wait(row.times) else timedelta(0)

    def _rows(self):
        """Locked, always in the same order."""
        now = timezone.now()
        missing = [Guesses(key=key, last_at=now, free_at=now) for key in self.rules]
        Guesses.objects.bulk_create(missing, ignore_conflicts=True)
        return list(Guesses.objects.select_for_update().filter(key__in=self.rules).order_by("key"))


def _key(rule, of):
    return hashlib.sha256(f"{rule.name}:{_folded(of)}".encode("utf-8", "replace")).hexdigest()


def _folded(text):
    """allauth compares addresses so: no other spelling of one has tries of its own."""
    return unicodedata.normalize("NFKC", text.strip()).casefold()


def network(address):
    """What one caller can choose freely among: an IPv4 address, or 64 bits of IPv6."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    return str(parsed) if parsed.version == 4 else str(ip_network(f"{parsed}/64", strict=False))


def failed(email):
    """Remember for the owner of the account that somebody else failed. Whether to write to them about it.

    Of addresses that are nobody's nothing is kept for longer than an hour; it takes as long.
    """
    now = timezone.now()
    is_known = User.objects.of_address(_folded(email)) is not None if "\0" not in email else False
    with transaction.atomic():
        row = Guesses.objects.select_for_update().filter(key=_key(ACCOUNT, email)).first()
        if row is None:
            return False
        row.failed += int(is_known)
        row.failed_since = (row.failed_since or now) if is_known else None
        is_due = row.failed >= TOLD_AFTER and (row.told_at is None or row.told_at < now - TOLD_AGAIN)
        row.told_at = now if is_due else row.told_at
        row.save(update_fields=["failed", "failed_since", "told_at"])
    return is_due


def take_failed(email):
    """(how many tries failed since the person last signed in, since when); they are told only once."""
    with transaction.atomic():
        row = Guesses.objects.select_for_update().filter(key=_key(ACCOUNT, email), failed__gt=0).first()
        if row is None:
            return 0, None
        found = row.failed, row.failed_since
        row.failed, row.failed_since = 0, None
        row.save(update_fields=["failed", "failed_since"])
    return found


def forget_old():
    """Delete counters that count nothing any longer; a chore. Those that tell a person something stay."""
    Guesses.objects.filter(last_at__lt=timezone.now() - FORGOTTEN, failed=0).delete()
    Guesses.objects.filter(last_at__lt=timezone.now() - timedelta(days=90)).delete()
