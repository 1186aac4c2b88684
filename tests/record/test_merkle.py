"""Merkle trees and their proofs, by the book.

Would catch: a tree that another program cannot compute, a proof of what is not there.
"""

import hashlib
from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.record import merkle, standalone

pytestmark = pytest.mark.anywhere
# The leaves and roots that Certificate Transparency's programs test themselves with (RFC 6962, section 2.1).
LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
SIZES = st.integers(1, 300)


def naive(leaves):
    """The definition: MTH of RFC 6962."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    middle = 1
    while middle * 2 < len(leaves):
        middle *= 2
    return hashlib.sha256(b"\x01" + naive(leaves[:middle]) + naive(leaves[middle:])).digest()


def some(count):
    return [merkle.leaf(bytes([number % 256, number // 256])) for number in range(count)]


def test_the_vectors_of_the_standard():
    leaves = [merkle.leaf(bytes.fromhex(text)) for text in LEAVES]
    assert merkle.root([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert [merkle.root(leaves[: size + 1]).hex() for size in range(8)] == ROOTS
    assert b64decode("bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=") == leaves[0]


@given(SIZES)
def test_a_tree_is_what_its_definition_says(size):
    leaves, tree = some(size), standalone.Tree()
    for leaf in leaves:
        tree.add(leaf)
    assert merkle.root(leaves) == tree.root() == naive(leaves)


@given(SIZES, st.data())
def test_a_leaf_is_proven_by_its_path_alone(size, data):
    leaves = some(size)
    index = data.draw(st.integers(0, size - 1))
    path = merkle.inclusion(index, size, lambda first, end: naive(leaves[first:end]))
    assert merkle.included(leaves[index], index, size, path) == naive(leaves)
    assert merkle.included(leaves[index - 1], index, size, path) != naive(leaves) or size == 1
    assert merkle.included(leaves[index], index, size + 300, path) != naive(leaves)
    assert merkle.included(leaves[index], size, size, path) is None


@given(SIZES, st.data())
def test_a_larger_tree_is_shown_to_go_on_from_a_smaller(size, data):
    leaves = some(size)
    old = data.draw(st.integers(1, size))
    path = merkle.consistency(old, size, lambda first, end: naive(leaves[first:end]))
    smaller = naive(leaves[:old])
    assert standalone.consistent(old, size, path, smaller) == naive(leaves).hex()
    assert standalone.consistent(old, size, path, merkle.leaf(b"other")) != naive(leaves).hex()


@given(SIZES, st.data())
def test_a_run_stands_for_its_leaves(size, data):
    leaves = some(size)
    start = data.draw(st.integers(0, size))
    end = data.draw(st.integers(start, size))
    run, tree = merkle.Run(start), merkle.Run()
    for leaf in leaves[start:end]:
        run.add(leaf)
    assert len(run.nodes) <= 2 * (end - start + 1).bit_length()
    for leaf in leaves[:start]:
        tree.add(leaf)
    for level, node in zip(merkle.levels(start, end), run.nodes, strict=True):
        tree.add(node, level)
    for leaf in leaves[end:]:
        tree.add(leaf)
    assert tree.root() == naive(leaves)


def test_a_subtree_has_its_place():
    tree = merkle.Run(3)
    with pytest.raises(ValueError, match="begins at 3"):
        tree.add(merkle.EMPTY, 1)
