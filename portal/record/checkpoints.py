"""Checkpoints: what the record was at a moment, signed. The chain alone does not show that its end is gone.

A worker makes one for each 1,000 entries, or each minute, also when nothing happens: then the silence is
signed, too. sinks.py brings them out of the database.
"""

import base64
import hashlib
import json
from datetime import timedelta
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from portal.record import canonical, merkle, reading
from portal.record.models import Checkpoint

ENTRIES = 1000
PERIOD = timedelta(seconds=60)
TILES = 256  # made in one go, about a second: a record of before has many
LATE = timedelta(minutes=15)  # a record that changes and has no checkpoint for so long is not looked after


class NotMade(Exception):
    """The record is not one to be signed: it is shorter than it was, or entries are missing."""


@lru_cache(maxsize=8)
def _keys(texts):
    seeds = [hashlib.sha256(b"record checkpoints\x00" + text.encode()).digest() for text in texts]
    made = [Ed25519PrivateKey.from_private_bytes(seed) for seed in seeds]
    return {key_id(public_bytes(key)): key for key in made}


def public_bytes(key):
    return key.public_key().public_bytes_raw()


def key_id(public):
    return hashlib.sha256(public).hexdigest()[:8]


def keys():
    """{key id: private key}; the first one signs, all of them verify."""
    return _keys(tuple(settings.CHECKPOINT_KEYS))


def note(checkpoint):
    """The bytes that are signed."""
    root = base64.b64encode(bytes.fromhex(checkpoint.root)).decode()
    lines = ["iot-portal record", checkpoint.number, checkpoint.size, root, checkpoint.head_hash]
    return "".join(f"{line}\n" for line in [*lines, canonical.stamp(checkpoint.at)]).encode()


def is_signed(checkpoint):
    """Whether the signature is right; None if it was made with a key that this portal does not have."""
    key = keys().get(checkpoint.key_id)
    if key is None:
        return None
    try:
        key.public_key().verify(bytes.fromhex(checkpoint.signature), note(checkpoint))
    except (InvalidSignature, ValueError):
        return False
    return True


def as_json(checkpoint):
    """The line that sinks and exports get."""
    key = keys().get(checkpoint.key_id)
    told = {
        "number": checkpoint.number,
        "size": checkpoint.size,
        "root": checkpoint.root,
        "head_hash": checkpoint.head_hash,
        "at": canonical.stamp(checkpoint.at),
        "key_id": checkpoint.key_id,
        "key": public_bytes(key).hex() if key else "",
        "signature": checkpoint.signature,
    }
    return json.dumps(told, separators=(",", ":"))


def latest():
    return Checkpoint.objects.order_by("-number").first()


def make(*, now=False):
    """Make a checkpoint if it is time, or `now`; returns the one that was made, or None.

    Whoever else makes one at the same moment is first: the database takes one of each number. Raises NotMade.
    """
    last, (size, head_hash, highest) = latest(), reading.head()  # in this order: the record only grows
    # A clock that was set back must not keep the record unsigned until it is as late again.
    is_fresh = last and timedelta(0) <= timezone.now() - last.at < PERIOD
    if is_fresh and not now and size - last.size < ENTRIES:
        return None
    if highest != size or (last and size < last.size):
        raise NotMade(f"the record has {size} entries and its last number is {highest}; run audit_verify")
    try:
        root = _root(size, None if now else TILES)
    except reading.Missing as missing:
        raise NotMade(f"{missing}; run audit_verify") from missing
    if root is None:
        return None
    key_id, key = next(iter(keys().items()))
    made = Checkpoint(number=last.number + 1 if last else 1, size=size, root=root.hex(), head_hash=head_hash)
    made.at, made.key_id = timezone.now(), key_id
    made.signature = key.sign(note(made)).hex()
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError:
        return None
    return made


def _root(size, most):
    """The root of all entries; writes the tiles that are missing, None if these were more than `most`."""
    tree = merkle.Run()
    for root in reading.tiles(0, size // reading.TILE):
        tree.add(root, reading.LEVEL)
    left = most
    while size - tree.end >= reading.TILE and left != 0:
        at = tree.end
        some = min((size - at) // reading.TILE, 32, left or 32)
        leaves = reading.leaves(at, at + some * reading.TILE)
        roots = [merkle.root(leaves[n : n + reading.TILE]) for n in range(0, len(leaves), reading.TILE)]
        _keep_tiles(at // reading.TILE, roots)
        for root in roots:
            tree.add(root, reading.LEVEL)
        left = None if left is None else left - some
    if size - tree.end >= reading.TILE:
        return None
    for leaf in reading.leaves(tree.end, size):
        tree.add(leaf)
    return tree.root()


def _keep_tiles(first, roots):
    """Two workers that make the same tile make it equal."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO record_tile (number, root) SELECT %s, %s"
            " WHERE NOT EXISTS (SELECT 1 FROM record_tile WHERE number = %s) ON CONFLICT DO NOTHING",
            [(number, root.hex(), number) for number, root in enumerate(roots, first)],
        )
