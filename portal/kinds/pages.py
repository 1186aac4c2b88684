"""Addresses of a kind's pages, for packages that may not import the one that serves them.

For example, an operation links to the form of its verb, but operations/ may not import resources/. So
resources/ registers functions here, when Django starts, that make the addresses.
"""

_makers = {}


def serve(*, create, verb):
    """Register `create(kind)` and `verb(kind, row, verb)`, which return the address of a form."""
    _makers.update(create=create, verb=verb)


def create(kind):
    return _makers["create"](kind)


def verb(kind, row, verb):
    return _makers["verb"](kind, row, verb)
