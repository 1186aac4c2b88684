"""The clouds as they are: plain Python, no Django."""

import pkgutil
from functools import cache
from importlib import import_module


def advice(platform, code, message=""):
    """What to do about a platform's error code: a message id, "" when nothing is known."""
    found = cause(platform, code, message)
    return found.text if found else declared(platform, "ADVICE").get(code, "")


def cause(platform, code, message=""):
    """The contract.Cause that a platform's documents give for a code; None when they give none.

    `message` is what the platform wrote. It counts only where a document tells causes apart by words.
    """
    return chosen(declared(platform, "CAUSES"), code, message)


def chosen(causes, code, message):
    for key, found in causes.items():
        if isinstance(key, tuple) and key[0] == code and key[1] in message:
            return found
    return causes.get(code)


@cache
def collections_of(platform):
    """{name: Collection}: the COLLECTION of each resource file of a platform, by the name of the file.

    They are not bound to a client; a client binds one when it is read as an attribute.
    """
    files = _files(import_module(f"portal.platforms.{platform}"))
    return {name: file.COLLECTION for name, file in files.items() if hasattr(file, "COLLECTION")}


@cache
def declared(platform, name):
    """All that the files of a platform's contract say under `name` (ADVICE, ANSWERS, STATUSES), in one dict.

    Raises ValueError when two files say different things under one key.
    """
    package = import_module(f"portal.platforms.{platform}.contract")
    return joined(*(getattr(file, name, {}) for file in (package, *_files(package).values())))


def _files(package):
    names = [found.name for found in pkgutil.iter_modules(package.__path__)]
    return {name: import_module(f"{package.__name__}.{name}") for name in names}


def joined(*tables):
    whole = {}
    for table in tables:
        for key, value in table.items():
            if whole.setdefault(key, value) != value:
                raise ValueError(f"{key!r} means two things: {whole[key]!r} and {value!r}")
    return whole
