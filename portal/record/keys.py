"""The keys of the record's chain: the first of PORTAL_RECORD_KEY writes, all of them verify.

They are not in the database: whoever can write there cannot compute a hash.
"""

import hashlib
from functools import lru_cache

from django.conf import settings


class NoKey(Exception):
    """An entry was hashed with a key that this portal does not have."""

    def __init__(self, key_id):
        super().__init__(f"PORTAL_RECORD_KEY holds no key with the id {key_id}")
        self.key_id = key_id


@lru_cache(maxsize=8)
def _ring(texts):
    derived = [hashlib.sha256(b"record chain\x00" + text.encode()).digest() for text in texts]
    return {hashlib.sha256(key).hexdigest()[:8]: key for key in derived}


def ring():
    """{key id: 32 bytes}, the one that writes first."""
    return _ring(tuple(settings.RECORD_KEYS))


def current():
    """(key id, key) that new entries are hashed with."""
    return next(iter(ring().items()))


def chain_key(key_id):
    """The key of this id; raises NoKey."""
    try:
        return ring()[key_id]
    except KeyError:
        raise NoKey(key_id) from None
