"""Merkle trees as RFC 6962 has them: one hash for all entries, and proofs about it that are short.

Leaves are counted from 0. `roots(first, end)` is what proofs ask for: the root of the leaves from `first` up
to but not including `end`. All hashes are 32 bytes.
"""

import hashlib

EMPTY = hashlib.sha256(b"").digest()


def leaf(content):
    return hashlib.sha256(b"\x00" + content).digest()


def node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


class Run:
    """Leaves next to each other, kept as the fewest whole subtrees of the tree that they are in.

    A run that starts at 0 is a tree. It needs no more than two hashes for each doubling of its length.
    """

    def __init__(self, start=0):
        self.start = self.end = start
        self._parts = []  # (level, hash): the root of 2 ** level leaves, from left to right

    def add(self, hash, level=0):
        """Add a leaf, or the root of 2 ** `level` leaves; raises ValueError where no such subtree begins."""
        if self.end & ((1 << level) - 1):
            raise ValueError(f"no subtree of {1 << level} leaves begins at {self.end}")
        self.end += 1 << level
        parts = self._parts
        while parts and parts[-1][0] == level and not (self.end & ((2 << level) - 1)):
            hash = node(parts.pop()[1], hash)
            level += 1
        parts.append((level, hash))

    def extend(self, leaves):
        """Add leaves; those of a whole subtree are joined level by level, in half the time."""
        level = max(len(leaves).bit_length() - 1, 0)
        if len(leaves) != 1 << level or self.end % len(leaves):
            for each in leaves:
                self.add(each)
            return
        while len(leaves) > 1:
            leaves = [node(left, right) for left, right in zip(leaves[::2], leaves[1::2], strict=True)]
        self.add(leaves[0], level)

    @property
    def nodes(self):
        """The roots of its subtrees, from left to right; `levels` says which."""
        return [hash for _level, hash in self._parts]

    def root(self):
        """The root of the tree, for a run that starts at 0."""
        return top(self.nodes)


def levels(start, end):
    """Yield the level of each subtree that `Run` keeps of the leaves from `start` up to `end`."""
    while start < end:
        level = (end - start).bit_length() - 1
        if start:
            level = min(level, (start & -start).bit_length() - 1)
        yield level
        start += 1 << level


def top(nodes):
    """The root above the subtrees of a run that starts at 0, given from left to right."""
    if not nodes:
        return EMPTY
    *others, root = nodes
    for left in reversed(others):
        root = node(left, root)
    return root


def root(leaves):
    tree = Run()
    tree.extend(leaves)
    return tree.root()


def _split(first, end):
    """Where the left subtree of these leaves ends: after the largest power of two that leaves some over."""
    return first + (1 << ((end - first - 1).bit_length() - 1))


def inclusion(index, size, roots):
    """The hashes that lead from a leaf to the root of the tree of this size, the lowest first."""
    path, first, end = [], 0, size
    while end - first > 1:
        middle = _split(first, end)
        if index < middle:
            path.append(roots(middle, end))
            end = middle
        else:
            path.append(roots(first, middle))
            first = middle
    return path[::-1]


def included(leaf, index, size, path):
    """The root that this path leads to from the leaf; None if a tree of this size has no such path."""
    if not 0 <= index < size:
        return None
    hash, last = leaf, size - 1
    for other in path:
        if not last:
            return None
        if index & 1 or index == last:
            hash = node(other, hash)
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            hash = node(hash, other)
        index, last = index >> 1, last >> 1
    return None if last else hash


def consistency(old, size, roots):
    """The hashes that show that the tree of `size` leaves begins with all the `old` leaves of another."""
    path, first, end, is_whole = [], 0, size, True
    while 0 < old - first < end - first:
        middle = _split(first, end)
        if old <= middle:
            path.append(roots(middle, end))
            end = middle
        else:
            path.append(roots(first, middle))
            first, is_whole = middle, False
    if 0 < old < size and not is_whole:
        path.append(roots(first, end))
    return path[::-1]
