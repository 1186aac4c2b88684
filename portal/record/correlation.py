"""The correlation: one id for all that a request, a command or a background task causes.

Entries of the record, operations and jobs keep it. It is made here and never taken from a client, who could
else put his entries among those of somebody else.
"""

import uuid
from contextlib import contextmanager
from contextvars import ContextVar

HEADER = "X-Correlation-Id"
_current = ContextVar("correlation", default="")


def current():
    """The id, a UUID as text, of what runs now; "" outside of requests, commands and tasks."""
    return _current.get()


@contextmanager
def begin(id=""):
    """What is done inside has this id; without one, a new id."""
    token = _current.set(id or str(uuid.uuid4()))
    try:
        yield _current.get()
    finally:
        _current.reset(token)


class PerRequest:
    """Middleware: each request has an id of its own, which its answer tells.

    Where a view went on with an older story, it has set the id of that.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        with begin() as id:
            response = self.get_response(request)
        response.headers.setdefault(HEADER, id)
        return response
