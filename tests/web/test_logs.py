"""Logs hold nothing that lets somebody in. Would catch: a link or a token in a line or a traceback."""

import logging
import sys
import uuid

from django.conf import settings

from portal.teams.tokens.text import made
from portal.web.logs import WithoutTokens

PLACES = ["/teams/invitation/%s/", "/accounts/password/reset/9/%s/", "/iotda/products/?q=%s", "%s", "a='%s'"]


def written(message, *args, error=None):
    formatter = WithoutTokens(fmt="%(levelname)s %(message)s")
    try:
        raise ValueError(error)
    except ValueError:
        record = logging.LogRecord(
            "x", logging.ERROR, "", 1, message, args, sys.exc_info() if error else None
        )
    return formatter.format(record)


def test_a_line_holds_no_token_wherever_it_stood():
    token = made(uuid.uuid4())
    secret = token.split("_")[2]
    for place in PLACES:
        assert secret not in written(f"Not found: {place % token}"), place
        assert secret not in written("Not found: %s", place % token), place
    line = written("failed", error=f"cannot read {token}")
    assert "ValueError: cannot read iot_..." in line
    assert secret not in line


def test_every_handler_writes_so(monkeypatch):
    handlers = [each for each in logging.getLogger().handlers if type(each) is logging.StreamHandler]
    assert handlers
    assert all(isinstance(each.formatter, WithoutTokens) for each in handlers)
    assert settings.LOGGING_CONFIG is None
