"""Reads what a platform answered: exact JSON, error code, request id. It does not judge the answer."""

import codecs
import json
import math
import re
import time
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

from portal.bounds import nests_deeper
from portal.platforms import quoting

# How deep objects and lists may nest. ROMA's group trees nest two levels per group, so 100 groups fit. Code
# that walks an answer later, such as redaction, needs two or more of Python's 1000 stack frames per level.
DEPTH_MAX = 250
MEMBERS_MAX = 200_000  # in all objects and lists together: 5 MB of empty objects would take 130 MB of memory
MESSAGE_MAX = 500
REQUEST_ID_MAX = 128
CODE_MAX = 64
# UTF-32 comes first: its mark begins with that of UTF-16.
MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    codecs.BOM_UTF8: "utf-8-sig",
}
RETRY_AFTER = (1, 300)  # seconds


# How Huawei's services spell code and message of an error, and what else may stand beside them.
SPELLINGS = (("error_code", "error_msg"), ("errorCode", "errorMsg"), ("code", "message"))
ENVELOPE = {name for pair in SPELLINGS for name in pair} | set(
    "error request_id requestId status title details encoded_authorization_message".split()
)
ERROR_CODE = re.compile(r"[A-Za-z][\w-]*\.\w[\w.]*|[45][0-9][0-9]")  # IOTDA.000022, 403


@dataclass(frozen=True)
class Answer:
    """One answer. `data` is its JSON or None; `is_readable` is False when its body is no valid JSON.

    `code`, `message` and `request_id` come from the platform, "" when it gave none. All that may be kept is
    scrubbed of credentials. `headers` and `unscrubbed` (the data) are not: a token is read from them. `large`
    is what a large answer is read with (client.Call), and `data` then its outline.
    """

    status: int
    data: object = None
    headers: dict = field(default_factory=dict, repr=False)
    request_id: str = ""
    duration_ms: int = 0
    code: str = ""
    message: str = ""
    is_readable: bool = True
    unscrubbed: object = field(default=None, repr=False)
    large: object = field(default=None, repr=False)

    @property
    def details(self):
        """What a PlatformError keeps of an answer."""
        return {
            "status": self.status,
            "code": self.code,
            "request_id": self.request_id,
            "duration_ms": self.duration_ms,
            "data": self.data,
        }


def read(reply, envelope, scrubber, large=None):
    """The Answer in a network.Reply; `envelope(status, data)` returns (code, message, request id).

    `large(body, scrubber)` makes what reads a large answer and scrubs what it reads; it has an `outline`.
    This is the one place where answers are scrubbed: before anything of them is cut, kept or shown.
    """
    data, text, is_readable, reader = None, "", True, None
    try:
        if large and reply.status == 200:
            reader = large(reply.body, scrubber)
            data, text = reader.outline, json.dumps(reader.outline, ensure_ascii=False)
        else:
            text = decoded(reply.body)
            data = parse(text) if text.strip() else None
    except (ValueError, RecursionError):
        is_readable = False
    unscrubbed = data
    if data is not None:
        data = scrubber.value(data, text.encode("utf-8", "surrogatepass"))
    code, message, request_id = envelope(reply.status, data)
    request_id = request_id or scrubber.text(reply.headers.get("x-request-id", ""))
    code, message, request_id = map(quoting.for_people, (code, message, request_id))
    return Answer(
        status=reply.status,
        data=data,
        headers=reply.headers,
        # Documents show the request id in the body; IoTDA sends it in the header only.
        request_id=storable(request_id)[:REQUEST_ID_MAX],
        duration_ms=reply.duration_ms,
        code=storable(code)[:CODE_MAX],
        message=storable(message)[:MESSAGE_MAX],
        is_readable=is_readable,
        unscrubbed=unscrubbed,
        large=reader,
    )


def storable(text):
    """A text that every database accepts: NUL and lone surrogates become the replacement character."""
    return re.sub("[\0\ud800-\udfff]", "\ufffd", text)


def storable_within(value):
    """A JSON value in which every text is storable, also the names of members."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list):
        return [storable_within(member) for member in value]
    if isinstance(value, dict):
        return {storable(name): storable_within(member) for name, member in value.items()}
    return value


def decoded(body):
    """The text of a body: UTF-8, or what its byte order mark says; the mark is no part of it."""
    return body.decode(next((encoding for mark, encoding in MARKS.items() if body.startswith(mark)), "utf-8"))


def parse(text, depth_max=DEPTH_MAX):
    """The value of a JSON text; raises ValueError for NaN, Infinity, duplicate keys, and too many or too deep
    members. Integers stay exact."""
    if text.count(",") + text.count("{") + text.count("[") > MEMBERS_MAX:
        raise ValueError("too many members")
    if nests_deeper(text, depth_max):
        raise ValueError("nested too deeply")
    return json.loads(text, parse_constant=_no_constant, parse_float=finite, object_pairs_hook=_unique)


def _no_constant(name):
    raise ValueError(f"{name} is not JSON")


def finite(text):
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:40]} is out of range")
    return number


def _unique(pairs):
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return result


def huawei_envelope(status, data):
    """Code, message and request id of an error; code and message are "" where the answer is none.

    Services spell them error_code/error_msg, errorCode/errorMsg or code/message, at the top or one level
    down (IAM: in `error`). Source: how the vendor's SDK for Python 3.1.219 reads errors.
    """
    if not isinstance(data, dict):
        return "", "", ""
    request_id = _text(data.get("request_id"))
    if status < 400:
        return *_error_in_success(data), request_id
    for place in (data, *(value for value in data.values() if isinstance(value, dict))):
        for code, message in SPELLINGS:
            if code in place:
                return _text(place[code]), _text(place.get(message)), request_id
    return "", "", request_id


def _error_in_success(data):
    """(code, message) of the error in an answer whose status is none; two empty texts where it has none.

    At the top, error_code and errorCode can only mean that. A `code`, an `error` or what stands one level
    down may as well belong to an object, so there the answer must hold nothing but the error. For example,
    {"message_id": "m", "error_info": {"error_code": "X"}} is a message that a device could not take.
    """
    if found := _error_at_the_top(data):
        return found
    inner = [value for value in data.values() if isinstance(value, dict)]
    if len(inner) == 1 and inner[0].keys() <= ENVELOPE and len(data.keys() - ENVELOPE) <= 1:
        is_alone = all(isinstance(data[name], dict) for name in data.keys() - ENVELOPE)
        return _error_in_success(inner[0]) if is_alone else ("", "")
    if data.keys() <= ENVELOPE:
        if ERROR_CODE.fullmatch(_text(data.get("code"))):
            return _text(data["code"]), _text(data.get("message"))
        return "", _text(data.get("error"))
    return "", ""


def _error_at_the_top(data):
    for code, message in SPELLINGS[:2]:
        words = _text(data.get(message))
        if data.get(code) is None and words:
            return "", words
        if not _is_fine(data.get(code)):
            return _text(data[code]) or str(data[code])[:CODE_MAX], words
    return None


def _is_fine(code):
    """Whether an error code says that there is no error: it is absent, empty, zeros or a word for success."""
    text = "" if code is None else str(code).strip().lower()
    return text.strip("0") in ("", "2", "success", "ok", "false")  # 2: of 200


def enos_envelope(status, data):
    """`code`, `msg` and `requestId`; a refusal of the gateway has `apim_status` in place of `code`."""
    if not isinstance(data, dict):
        return "", "", ""
    code, gateway = _text(data.get("code")), _text(data.get("apim_status"))
    if gateway and ("code" not in data or (code == "0" and gateway != "0")):
        code = gateway
    return code, _text(data.get("msg")), _text(data.get("requestId"))


def _text(value):
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def retry_after(headers, now=time.time):
    """Seconds to wait, 1 to 300, from a Retry-After header (a number or a date); None without one."""
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
