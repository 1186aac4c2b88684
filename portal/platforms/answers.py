"""Reading what a platform answered: exact JSON, its error code, its request id. Judges nothing."""

import json
import math
import re
import time
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

# Nested objects and lists. ROMA's group trees nest two levels per group, so 100 groups fit. What walks an
# answer later, as redaction does, takes two and more of Python's 1000 frames per level, beside the request's.
DEPTH_MAX = 250
MEMBERS_MAX = 200_000  # of all objects and lists together; 5 MB of empty objects would take 130 MB in memory
MESSAGE_MAX = 500
REQUEST_ID_MAX = 128
RETRY_AFTER = (1, 300)  # seconds


@dataclass(frozen=True)
class Answer:
    """One answer. `data` is its JSON or None, `is_readable` False when there was text that is no sound JSON.

    `code`, `message` and `request_id` are the platform's own, "" when it gave none.
    """

    status: int
    data: object = None
    headers: dict = field(default_factory=dict)
    request_id: str = ""
    duration_ms: int = 0
    code: str = ""
    text: str = ""
    message: str = ""
    is_readable: bool = True

    @property
    def details(self):
        """What the errors of portal.errors carry of an answer."""
        return {
            "status": self.status,
            "code": self.code,
            "request_id": self.request_id,
            "duration_ms": self.duration_ms,
            "data": self.data,
        }


def read(reply, envelope):
    """Turn a network.Reply into an Answer; `envelope(status, data)` -> (code, message, request id)."""
    data, text, is_readable = None, "", True
    try:
        text = reply.body.decode()
        data = parse(text) if text.strip() else None
    except (ValueError, RecursionError):
        is_readable = False
        text = text or reply.body.decode("utf-8", "replace")
    code, message, request_id = envelope(reply.status, data)
    return Answer(
        status=reply.status,
        data=data,
        headers=reply.headers,
        # The documents print the one in the body; IoTDA has it in the header alone.
        request_id=storable(request_id or reply.headers.get("x-request-id", ""))[:REQUEST_ID_MAX],
        duration_ms=reply.duration_ms,
        code=storable(code),
        text=text,
        message=storable(message)[:MESSAGE_MAX],
        is_readable=is_readable,
    )


def storable(text):
    """Text that every database takes: NUL and halves of surrogate pairs become the replacement character."""
    return re.sub("[\0\ud800-\udfff]", "\ufffd", text)


def storable_within(value):
    """A JSON value with every text in it storable, names of members too; it can be shown on a page."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list):
        return [storable_within(member) for member in value]
    if isinstance(value, dict):
        return {storable(name): storable_within(member) for name, member in value.items()}
    return value


def parse(text, depth_max=DEPTH_MAX):
    """JSON with exact integers; raises ValueError for NaN, Infinity, duplicate keys and bombs."""
    if text.count(",") + text.count("{") + text.count("[") > MEMBERS_MAX:
        raise ValueError("too many members")
    value = json.loads(text, parse_constant=_no_constant, parse_float=_finite, object_pairs_hook=_unique)
    if text.count("{") + text.count("[") > depth_max:
        _check_depth(value, depth_max)
    return value


def _no_constant(name):
    raise ValueError(f"{name} is not JSON")


def _finite(text):
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:40]} is out of range")
    return number


def _unique(pairs):
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return result


def _check_depth(value, depth_max):
    level = [value]
    for _depth in range(depth_max + 1):
        level = [
            member
            for item in level
            if isinstance(item, dict | list)
            for member in (item.values() if isinstance(item, dict) else item)
        ]
        if not level:
            return
    raise ValueError("nested too deeply")


def huawei_envelope(status, data):
    """error_code/error_msg, errorCode/errorMsg or code/message, at the top or one level down (IAM's `error`).

    Source: the vendor's SDK for Python 3.1.219, its reading of errors. Read on errors only.
    """
    if status < 400 or not isinstance(data, dict):
        return "", "", ""
    request_id = _text(data.get("request_id"))
    for place in (data, *(value for value in data.values() if isinstance(value, dict))):
        for code, message in (("error_code", "error_msg"), ("errorCode", "errorMsg"), ("code", "message")):
            if code in place:
                return _text(place[code]), _text(place.get(message)), request_id
    return "", "", request_id


def enos_envelope(status, data):
    """`code`, `msg`, `requestId`; the gateway's refusals carry `apim_status` instead."""
    if not isinstance(data, dict):
        return "", "", ""
    code = data.get("code", data.get("apim_status"))
    return _text(code), _text(data.get("msg")), _text(data.get("requestId"))


def _text(value):
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def retry_after(headers, now=time.time):
    """Whole seconds to wait, 1 to 300, from a header in seconds or as a date; None for nonsense."""
    text = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        seconds = int(text)
    else:
        try:
            seconds = math.ceil(parsedate_to_datetime(text).timestamp() - now())
        except (ValueError, TypeError, OverflowError):
            return None
    if seconds < 0:
        return None
    return min(max(seconds, RETRY_AFTER[0]), RETRY_AFTER[1])
