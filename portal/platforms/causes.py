"""Causes as sentences: what the contracts say a code means for a connection, ready to be stored and shown."""

import pkgutil

from portal import platforms
from portal.platforms import declared
from portal.words import Said, Sentence


def sentences(table):
    """Declare the sentence of each Cause of a table."""
    for cause in table.values():
        Sentence(_code(cause), cause.text)


def said(cause):
    return Said(_code(cause))


def _code(cause):
    return f"cause.{cause.name}"


for _found in pkgutil.iter_modules(platforms.__path__):
    if _found.ispkg and _found.name != "signing":
        sentences(declared(_found.name, "CAUSES"))
