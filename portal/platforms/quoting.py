"""What no answer of a platform may carry on, because platforms quote what they were sent.

That are the credentials and tokens of the account, what proved the request, and, in the texts for people,
the secrets of the operation that is running (`also`). Names of users and accounts are no secrets. An access
key or application key is half of a credential; the portal never shows it whole, so it is hidden as well.
"""

from contextlib import contextmanager
from contextvars import ContextVar

from portal.scrubbing import Scrubber
from portal.secrecy import is_secret_name

HIDDEN = "‹secret›"
KEEPS_NOTHING = Scrubber({})

_of_operation = ContextVar("secrets of the operation", default=KEEPS_NOTHING)


@contextmanager
def also(scrubber):
    """Inside, the texts of answers are scrubbed by this Scrubber as well."""
    token = _of_operation.set(scrubber)
    try:
        yield
    finally:
        _of_operation.reset(token)


def for_people(text):
    """A text of an answer without the secrets of the operation that is running."""
    return _of_operation.get().text(text)


def texts_of_secrets(value):
    """The texts that stand under the names of secrets in a JSON value."""
    found, waiting = [], [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            found += [each for name, each in value.items() if isinstance(each, str) and is_secret_name(name)]
        if isinstance(value, dict | list):
            waiting += value.values() if isinstance(value, dict) else value
    return found


def scrubber_of(secrets, headers=None):
    """The Scrubber for an answer to an account with these secrets, and to a request with these headers."""
    proofs = [value for name, value in (headers or {}).items() if is_secret_name(name)]
    # "SDK-HMAC-SHA256 Access=..., SignedHeaders=..., Signature=7f3a": each proof by itself, too.
    proofs += [value.rpartition("=")[2] for value in proofs]
    return Scrubber(dict.fromkeys(filter(None, (*secrets, *map(str, proofs))), HIDDEN))
