"""JSON in and out, for all emulated clouds. Nothing here knows a single one of them."""

import json
import re
import uuid
from datetime import UTC, datetime
from decimal import Decimal
from email.message import Message

from django.http import HttpResponse

NUMBER_TEXT_MAX = 400  # converting a longer number would keep the machine busy


class Unreadable(Exception):
    """The body is not the JSON that was asked for."""


class Refused(Exception):
    """The platform says no, with this HTTP status and body.

    `reason` says in detail what is wrong. It travels in the header X-Emulator-Reason, because the
    documents fix the body.
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
    """The body as Python values. Raises Unreadable.

    Whole numbers are exact; other numbers are float, or Decimal with `exact`. When an object has the same
    key twice, the last one counts.
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
    """The body as a dict, read like `read_json` does. Raises Unreadable, also when it is no object."""
    body = read_json(request, exact=exact)
    if not isinstance(body, dict):
        raise Unreadable("the body is not an object")
    return body


def judged(fields, body):
    """Judge a body by a contract's fields: (cleaned, "") or (None, what is wrong).

    Cleaned means: only members that `fields` name, defaults filled in, numbers as the platform stores them.
    A null is wrong; where a platform takes it for an absence, the caller removes it first.
    """
    cleaned, wrong = {}, []
    for rule in fields:
        value = body.get(rule.name)
        if rule.name not in body:
            if rule.required:
                wrong.append(f"{rule.name}: This field is required.")
            elif rule.default is not None:
                cleaned[rule.name] = rule.default
        elif value is None:
            wrong.append(f"{rule.name}: This field may not be null.")
        elif problems := list(rule.problems(value)):
            wrong += [f"{rule.name}: {problem}" for problem in problems]
        else:
            cleaned[rule.name] = rule.clean(value)
    return (None, "; ".join(wrong)) if wrong else (cleaned, "")


def reply(status, body=None, headers=None):
    """An answer with a request id. Without `body` it is empty; a str is sent as it is: it must be JSON."""
    text = "" if body is None else body if isinstance(body, str) else as_json(body)
    response = HttpResponse(status=status, headers=headers or {})
    response["X-Request-Id"] = uuid.uuid4().hex
    if body is None:
        del response["Content-Type"]
    else:
        response["Content-Type"] = "application/json;charset=UTF-8"
        try:
            response.content = text.encode()
        except UnicodeEncodeError:  # a lone surrogate, which came in as \uXXXX and goes out in the same way
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
