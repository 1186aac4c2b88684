"""Checks an export of the IoT Portal's audit log on any machine: Python 3.8 or newer and `cryptography`.

    python verify.py [DIRECTORY or entries.jsonl] [--checkpoints FILE] [--key HEX]

It checks that each entry is the one that was written, that nothing was left out unsaid, and that all of it is
what a checkpoint was signed for. It takes an inclusion proof (manage.py audit_proof) as well. `--key` is the
public key of the portal, or the 8 digits of its name, as you got it from somewhere else than this export:
without it the export can only be compared with itself. Exit code 0: all is right, 1: something was changed or
left out, 2: it cannot be told.
"""

import argparse
import base64
import hashlib
import json
import os
import sys

BESIDE = {"hash", "salt", "body_text", "withheld_before", "withheld_after"}  # of a line, not of its header


class Wrong(Exception):
    """The export is not what was written."""


class Unclear(Exception):
    """It cannot be told."""


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def parse(text):
    def once(pairs):
        members = dict(pairs)
        if len(members) != len(pairs):
            raise ValueError("a name stands there twice")
        return members

    return json.loads(text, object_pairs_hook=once)


class Tree:
    """The Merkle tree of RFC 6962 over the entries so far, as the roots of its whole subtrees."""

    def __init__(self):
        self.size, self.parts = 0, []

    def add(self, hash, level=0):
        if self.size % (1 << level):
            raise Wrong("The hashes of what was withheld do not fit.")
        self.size += 1 << level
        self.parts.append((level, hash))
        while len(self.parts) > 1 and self.parts[-1][0] == self.parts[-2][0]:
            (level, left), (_level, right) = self.parts[-2:]
            self.parts[-2:] = [(level + 1, sha256(b"\x01", left, right))]

    def root(self):
        if not self.parts:
            return sha256()
        hashes = [hash for _level, hash in self.parts]
        root = hashes.pop()
        while hashes:
            root = sha256(b"\x01", hashes.pop(), root)
        return root

    def withhold(self, run):
        """Add what stands for entries that were left out: the roots of as few subtrees as possible."""
        first, last, nodes = run["from"], run["to"], list(run["nodes"])
        if first != self.size + 1 or last < first:
            raise Wrong(f"Entries are missing before entry {first}, and nothing stands for them.")
        while self.size < last:
            level = (last - self.size).bit_length() - 1
            if self.size:
                level = min(level, (self.size & -self.size).bit_length() - 1)
            if not nodes:
                raise Wrong(f"Something that stands for entries {first} to {last} is missing.")
            self.add(bytes.fromhex(nodes.pop(0)), level)
        if nodes:
            raise Wrong(f"More than entries {first} to {last} is said to be withheld.")
        return last - first + 1


def header(line):
    members = {name: value for name, value in line.items() if name not in BESIDE}
    return json.dumps(members, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def leaf(line):
    return sha256(b"\x00", header(line), line["hash"].encode())


def check_body(line):
    if "body_text" not in line:
        return False
    digest = sha256(bytes.fromhex(line["salt"]), line["body_text"].encode()).hex()
    if digest != line["body_digest"]:
        raise Wrong("The body of entry {} is not the one that it was written with.".format(line["seq"]))
    return True


class Checkpoints:
    """Signed checkpoints by the number of entries that each covers, and the key that signed them."""

    def __init__(self, lines, pinned):
        self.pinned, self.key, self.by_size = pinned, None, {}
        for number, text in enumerate(lines, 1):
            if text.strip():
                self._take(number, text)
        if not self.by_size:
            raise Unclear("There is no checkpoint to compare with.")

    def _take(self, number, text):
        try:
            one = parse(text)
            note = [one[name] for name in ("number", "size")] + [root_of(one), one["head_hash"], one["at"]]
            key, signature = bytes.fromhex(one["key"]), bytes.fromhex(one["signature"])
        except (ValueError, KeyError, TypeError):
            raise Unclear(f"Line {number} of the checkpoints cannot be read.") from None
        name = hashlib.sha256(key).hexdigest()[:8]
        if self.pinned and self.pinned not in (key.hex(), name):
            raise Wrong("Checkpoint {} was signed with another key: {}".format(one["number"], key.hex()))
        if self.key not in (None, key):
            raise Unclear("The checkpoints were signed with several keys. Name one with --key.")
        self.key = key
        signed = "".join(f"{part}\n" for part in ["iot-portal record", *note]).encode()
        if not is_signed(key, signature, signed):
            raise Wrong("The signature of checkpoint {} is wrong.".format(one["number"]))
        self.by_size.setdefault(one["size"], []).append(one)

    def compare(self, tree, hash):
        """How many checkpoints are of just these entries. Raises Wrong for one that is of others."""
        found = self.by_size.get(tree.size, [])
        for one in found:
            if one["root"] != tree.root().hex() or (hash and one["head_hash"] != hash):
                told = f"The {tree.size} entries are not those of checkpoint {one['number']}"
                raise Wrong(f"{told}: something was changed, added or left out.")
        return len(found)

    def newest(self):
        return self.by_size[max(self.by_size)][-1]


def root_of(checkpoint):
    return base64.b64encode(bytes.fromhex(checkpoint["root"])).decode()


def is_signed(key, signature, signed):
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        raise Unclear(
            "Signatures cannot be checked: install `cryptography` (pip install cryptography)."
        ) from None
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, signed)
    except (InvalidSignature, ValueError):
        return False
    return True


def check_entries(lines, checkpoints):
    """Walk over all lines; returns what was counted. Raises Wrong."""
    tree, hash = Tree(), ""
    told = {"entries": 0, "bodies": 0, "withheld": 0, "checkpoints": checkpoints.compare(tree, "")}
    for number, text in enumerate(lines, 1):
        try:
            line = parse(text)
            if "withheld_before" in line:
                told["withheld"] += tree.withhold(line["withheld_before"])
                hash = None  # that of the entry before is not known
                told["checkpoints"] += checkpoints.compare(tree, None)
            if line["seq"] != tree.size + 1:
                raise Wrong(
                    "Line {} is entry {}, but entry {} comes next.".format(number, line["seq"], tree.size + 1)
                )
            if hash is not None and line["prev_hash"] != hash:
                raise Wrong("Entry {} does not follow the entry before it.".format(line["seq"]))
            told["bodies"] += check_body(line)
            tree.add(leaf(line))
            hash = line["hash"]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Wrong(f"Line {number} is not as it was written: {error}") from None
        told["entries"] += 1
        told["checkpoints"] += checkpoints.compare(tree, hash)
        if "withheld_after" in line:
            told["withheld"] += tree.withhold(line["withheld_after"])
            hash = None
            told["checkpoints"] += checkpoints.compare(tree, None)
    if not told["entries"]:
        raise Unclear("There are no entries to check.")
    if tree.size not in checkpoints.by_size:
        raise Wrong(f"There are {tree.size} entries, and no checkpoint is of so many: the end is missing.")
    return told


def check_consistency(proofs, checkpoints):
    """How many earlier checkpoints the newest one goes on from. Raises Wrong for one that it does not."""
    newest = checkpoints.newest()
    for proof in proofs:
        old = Checkpoints([json.dumps(proof["checkpoint"])], checkpoints.key.hex()).newest()
        path = [bytes.fromhex(node) for node in proof["consistency"]]
        if consistent(old["size"], newest["size"], path, bytes.fromhex(old["root"])) != newest["root"]:
            raise Wrong(f"The record does not go on from checkpoint {old['number']}: it was written anew.")
    return len(proofs)


def consistent(old, size, path, root):
    """The root of the larger tree by the proof, as hexadecimal digits; "" if it has another beginning."""
    if not 0 < old < size:
        return root.hex() if old == size and not path else ""
    if not old & (old - 1):
        path = [root, *path]
    index, last = old - 1, size - 1
    while index & 1:
        index, last = index >> 1, last >> 1
    if not path:
        return ""
    first = second = path[0]
    for other in path[1:]:
        if not last:
            return ""
        if index & 1 or index == last:
            first, second = sha256(b"\x01", other, first), sha256(b"\x01", other, second)
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            second = sha256(b"\x01", second, other)
        index, last = index >> 1, last >> 1
    return second.hex() if first == root and not last else ""


def check_proof(proof, pinned):
    """An entry, its path and a checkpoint: it is one of the entries that the checkpoint was made of."""
    checkpoints = Checkpoints([json.dumps(proof["checkpoint"])], pinned)
    one, line = checkpoints.newest(), proof["entry"]
    has_body = check_body(line)
    hash, index, last = leaf(line), line["seq"] - 1, one["size"] - 1
    if not 0 <= index <= last:
        raise Wrong(
            "Entry {} is not one of the {} entries of the checkpoint.".format(line["seq"], one["size"])
        )
    for other in map(bytes.fromhex, proof["path"]):
        if not last:
            raise Wrong("The path is too long.")
        if index & 1 or index == last:
            hash = sha256(b"\x01", other, hash)
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            hash = sha256(b"\x01", hash, other)
        index, last = index >> 1, last >> 1
    if last or hash.hex() != one["root"]:
        raise Wrong("Entry {} is not the one that the checkpoint was made of.".format(line["seq"]))
    print(
        "Entry {} is one of the {} entries of checkpoint {}.".format(line["seq"], one["size"], one["number"])
    )
    print("Its body is the one it was written with." if has_body else "Its body is not in the proof.")
    tell_key(checkpoints)


def tell(told, checkpoints):
    newest = checkpoints.newest()
    print("Nothing was changed, and nothing was left out unsaid.")
    print("Checked: {entries} entries, {bodies} bodies, {checkpoints} checkpoints.".format(**told))
    if bare := told["entries"] - told["bodies"]:
        print(
            f"Without a body: {bare} entries. A rule of their team dropped it, or somebody took it out here."
        )
    print("Withheld: {withheld} entries, for which hashes stand in their place.".format(**told))
    print("The last checkpoint, number {number} of {size} entries, was signed at {at}.".format(**newest))
    tell_key(checkpoints)


def tell_key(checkpoints):
    if checkpoints.pinned == checkpoints.key.hex():
        print("It was signed with the key that you named.")
    elif checkpoints.pinned:
        print(f"It was signed with the key {checkpoints.key.hex()}, whose name begins as you said.")
        print("Another key can be made until its name fits, too: compare all 64 digits.")
    else:
        print(f"It was signed with the key {checkpoints.key.hex()}.")
        print("Compare that with the key that the portal shows, or that a sink keeps, or use --key.")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("path", nargs="?", default=os.path.dirname(os.path.abspath(__file__)))
    arguments.add_argument("--checkpoints", help="default: checkpoints.jsonl beside the entries")
    arguments.add_argument("--key", default="", help="the portal's public key, or its id of 8 digits")
    given = arguments.parse_args()
    path, pinned = given.path, given.key.strip().lower()
    if os.path.isdir(path):
        path = os.path.join(path, "entries.jsonl")
    directory = os.path.dirname(os.path.abspath(path))
    beside, proofs = (os.path.join(directory, name) for name in ("checkpoints.jsonl", "proofs.json"))
    try:
        if path.endswith(".json"):
            with open(path, encoding="utf-8") as file:
                check_proof(parse(file.read()), pinned)
            return 0
        with open(given.checkpoints or beside, encoding="utf-8") as file:
            checkpoints = Checkpoints(file, pinned)
        with open(path, encoding="utf-8", newline="\n") as file:
            told = check_entries(file, checkpoints)
        if os.path.exists(proofs):
            with open(proofs, encoding="utf-8") as file:
                told["checkpoints"] += check_consistency(parse(file.read()), checkpoints)
        tell(told, checkpoints)
    except Wrong as wrong:
        print(f"NOT AS IT WAS WRITTEN. {wrong}")
        return 1
    except (Unclear, OSError, ValueError, KeyError, TypeError) as error:
        print(f"It cannot be told whether this is as it was written. {error}")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
