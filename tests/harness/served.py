"""The portal as the harness serves it: each request to a platform names its operation and attempt.

The header TAG is not signed, the emulator ignores it and its log shows it. So the judge knows which operation
made which object without believing anything that the portal's database says. Nothing else is changed.
"""

from contextvars import ContextVar

from portal.wsgi import application  # noqa: F401 - gunicorn loads it from here

# isort: split
from portal.operations import service
from portal.platforms.network import Transport
from tests.harness.judging import TAG

_sending = ContextVar("sending", default=None)
_send, _exchange = service.send, Transport.exchange


def send(operation, change):
    token = _sending.set(operation)
    try:
        return _send(operation, change)
    finally:
        _sending.reset(token)


def exchange(transport, prepared, *options):
    if operation := _sending.get():
        prepared.headers[TAG] = f"{operation.pk} {len(operation.attempts)}"
    return _exchange(transport, prepared, *options)


service.send, Transport.exchange = send, exchange
