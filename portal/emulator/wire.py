"""JSON in and out: what every emulated platform shares. Knows no platform."""

import json
import re
import uuid
from datetime import UTC, datetime
from decimal import Decimal
from email.message import Message

from django.http import HttpResponse

NUMBER_TEXT_MAX = 400  # longer numbers only serve to keep the machine busy


class Unreadable(Exception):
    """The body is not the JSON that was asked for."""


class Refused(Exception):
    """The platform says no: HTTP status, body, and in `reason` what a person would want to know.

    The reason travels in the header X-Emulator-Reason, because the documents fix the body.
    """

    def __init__(self, status, body, reason=""):
        super().__init__(reason)
        self.status = status
        self.body = body
        self.reason = reason


def _exact(text):
    if len(text) > NUMBER_TEXT_MAX or abs(int(text.lower().partition("e")[2] or 0)) > NUMBER_TEXT_MAX:
        raise Unreadable("a number is out of all bounds")
    return Decimal(text)


def _float(text):
    if len(text) > NUMBER_TEXT_MAX or abs(float(text)) == float("inf"):
        raise Unreadable("a number is out of all bounds")
    return float(text)


def _constant(text):
    raise Unreadable(f"{text} is no JSON")


def read_json(request, *, exact=False):
    """The body as Python values; whole numbers are exact, others float or (`exact`) Decimal.

    Of a key given twice the last counts. Raises Unreadable.
    """
    content_type = Message()
    content_type["Content-Type"] = request.META.get("CONTENT_TYPE") or "application/json"
    if content_type.get_content_type() != "application/json":
        raise Unreadable("the media type is not application/json")
    charset = content_type.get_param("charset") or "utf-8"
    if not isinstance(charset, str) or charset.lower().replace("-", "") != "utf8":
        raise Unreadable("the charset is not UTF-8")
    try:
        text = request.body.decode("utf-8")
        return json.loads(text, parse_float=_exact if exact else _float, parse_constant=_constant)
    except (ValueError, RecursionError) as error:
        raise Unreadable(str(error)) from None


def read_object(request, *, exact=False):
    """As `read_json`, and an object. Raises Unreadable."""
    body = read_json(request, exact=exact)
    if not isinstance(body, dict):
        raise Unreadable("the body is not an object")
    return body


def reply(status, body=None, headers=None):
    """An answer with a request id; without `body` an empty one. A text is sent as the JSON it is."""
    text = "" if body is None else body if isinstance(body, str) else as_json(body)
    response = HttpResponse(status=status, headers=headers or {})
    response["X-Request-Id"] = uuid.uuid4().hex
    if body is None:
        del response["Content-Type"]
    else:
        response["Content-Type"] = "application/json;charset=UTF-8"
        try:
            response.content = text.encode()
        except UnicodeEncodeError:  # a lone surrogate came in through an escape: it goes out as one
            response.content = json.dumps(body).encode()
    return response


def as_json(value):
    return json.dumps(value, ensure_ascii=False)


def refusal(refused):
    reason = re.sub(r"[^ -~]", "?", refused.reason)[:300]
    return reply(refused.status, refused.body, {"X-Emulator-Reason": reason} if reason else None)


def utc_stamp():
    """Now in IoTDA's format: 20151212T121212Z."""
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")


def iso_stamp():
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
