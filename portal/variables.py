"""Which PORTAL_* variables were read, and where from: for the page that shows settings in force."""

import os
from dataclasses import dataclass
from functools import wraps


@dataclass(frozen=True)
class Read:
    """A variable that was read: `value` as the portal uses it, None for a secret; `source` by `source_of`."""

    name: str
    value: object
    source: str
    is_secret: bool


READ = {}  # {name: Read}, filled by the functions below: a new variable is in it by itself


def source_of(name):
    """ "file" (NAME_FILE names it), "environment" or "default"."""
    if f"{name}_FILE" in os.environ:
        return "file"
    return "environment" if os.environ.get(name) else "default"


def reads(function=None, *, is_secret=False):
    """Decorates a function whose first argument is the name of a variable: what it returns is remembered."""
    if function is None:
        return lambda each: reads(each, is_secret=is_secret)

    @wraps(function)
    def read(name, *arguments, **options):
        value = function(name, *arguments, **options)
        READ[name] = Read(name, None if is_secret else value, source_of(name), is_secret)
        return value

    return read
