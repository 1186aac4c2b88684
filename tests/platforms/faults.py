"""About sixty ways in which a server can misbehave, and the error that each has to raise."""

import copy
import gzip
import json
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

from portal.errors import NotSent, Rejected, SignInFailed, Throttled, Unclear
from tests.platforms.every_call import ENOS_TOKEN, IAM_TOKEN
from tests.platforms.faulty import close, http, reset
from tests.support.example import ENVELOPE, NOTHING

FINE = None
DRIP_SECONDS = 0.5
MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Fault:
    """`behave(spec)` is what FaultyServer.behave takes. `error` is the class that has to be raised, FINE for
    none; `needs` (by Spec.needs) and `platforms` hold exceptions from it.

    `slow` faults end only by a timeout. With a `place` there is no server at the address. `is_telling`: the
    right error depends on the call and on its good answer, so each kind's own calls are tried with it.
    `lists` is what becomes of a list, if that is something else: an error, or whether it may be called whole.
    """

    behave: Callable
    error: type | None
    needs: dict = field(default_factory=dict)
    platforms: dict = field(default_factory=dict)
    slow: bool = False
    place: str = ""
    is_heavy: bool = False
    is_telling: bool = False
    lists: type | bool | None = None

    def is_whole(self, spec):
        """Whether a list may be called whole; None for what is no list and for a list that fails."""
        if not spec.is_list or self.right_name(spec) is not FINE:
            return None
        return self.lists if isinstance(self.lists, bool) else True

    def right_name(self, spec):
        if spec.is_list and self.lists is not None:
            return FINE if isinstance(self.lists, bool) else self.lists
        if spec.needs in self.needs:
            return self.needs[spec.needs]
        if spec.signs_in:
            # Without a token nothing is sent, whatever became of the attempt to get one.
            return SignInFailed if self.error in (Unclear, Rejected) else self.error
        return self.platforms.get(spec.platform, self.error)


def always(answer, error, **more):
    return Fault(lambda spec: answer, error, **more)


def nowhere(place, **more):
    return Fault(lambda spec: close, NotSent, place=place, **more)


def altered(alter, error, **more):
    """A good answer whose text `alter(spec, text)` changed."""
    telling = {"is_telling": not more.get("is_heavy")}
    return Fault(
        lambda spec: http(spec.status, alter(spec, spec.good_text()), **spec.headers),
        error,
        **telling,
        **more,
    )


def with_member(text):
    """Adds a member, as JSON text, to the object of a good answer."""
    return lambda spec, good: "{" + text + ("" if good in ("", "{}") else ", ") + (good[1:] or "}")


def with_id(change):
    """Changes the id in a good answer by `change(holder, key)`; without an id, EnOS's code."""

    def alter(spec, good):
        if spec.needs == ENVELOPE:
            return json.dumps({**spec.good, "code": False})
        if not spec.id:
            return good
        body = copy.deepcopy(spec.good)
        holder = body
        for key in spec.id[:-1]:
            holder = holder[key]
        change(holder, spec.id[-1])
        return json.dumps(body)

    return alter


def hang(connection, got):
    connection.recv(1)  # until the client has had enough


def after(*pieces):
    """Send the pieces, then reset the connection."""

    def behave(connection, got):
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(0.01)  # a reset overtakes what has not arrived
        reset(connection, got)

    return behave


def stalled(start):
    def behave(connection, got):
        connection.sendall(start)
        hang(connection, got)

    return behave


def cut(start):
    def behave(connection, got):
        connection.sendall(start)
        close(connection, got)

    return behave


def drip(start, piece, seconds=DRIP_SECONDS):
    def behave(connection, got):
        connection.sendall(start)
        for _piece in range(200):
            connection.sendall(piece)
            time.sleep(seconds)

    return behave


def flood(start, piece, pieces):
    def behave(connection, got):
        connection.sendall(start)
        for _piece in range(pieces):
            connection.sendall(piece)

    return behave


def bomb(megabytes):
    """gzip of that many megabytes of spaces, made quickly by repeating one block."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(b" " * MEGABYTE) + packer.flush(zlib.Z_FULL_FLUSH)
    return gzip.compress(b"")[:10] + block * megabytes


def continued(spec):
    return b"HTTP/1.1 100 Continue\r\n\r\n" + http(spec.status, spec.good_text(), **spec.headers)


def moved(status):
    return always(http(status, "", Location="/elsewhere"), Unclear)


def later(**headers):
    return always(http(429, "{}", **headers), Throttled)


def in_seconds(seconds):
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + seconds))


REFUSALS = {"iotda": "IOTDA.000022", "roma": "ROMA.1006", "enos": 99403}
OF_ENOS = {"enos": Rejected}  # all errors of its applications come with 200, and only 99500 is unclear


def refused(spec):
    """An error of the platform that its documents print as a refusal, with a status of success."""
    code = REFUSALS[spec.platform]
    if spec.platform == "enos" and not spec.signs_in:
        return http(200, json.dumps({"code": code, "msg": "its words", "data": None}))
    return http(spec.status, json.dumps({"error_code": str(code), "error_msg": "its words", "status": 1}))


def unknown(spec):
    code = {"code": 98765, "msg": "its words"} if spec.platform == "enos" else {"error_code": "NEW.000001"}
    return http(spec.status, json.dumps({**code, "status": 1}), **spec.headers)


def listed(items, count):
    """Changes what a list holds to `items(good items)`, and its count to `count(number of good items)`."""

    def alter(spec, good):
        if not spec.is_list:
            return good
        body = copy.deepcopy(spec.good)
        holder = spec.id[0]
        number = count(len(body[holder]))
        body[holder] = items(body[holder])
        body.pop("size", None)
        counts = {"iotda": {"page": {"count": number}}, "enos": {"pagination": {"totalSize": number}}}
        body |= counts.get(spec.platform, {"size" if "groups" in spec.name else "total": number})
        return json.dumps(body)

    return alter


def digits(spec, good):
    """A good answer whose whole numbers are texts and whose texts of digits are numbers."""

    def swapped(value):
        if isinstance(value, dict):
            return {name: swapped(member) for name, member in value.items()}
        if isinstance(value, list):
            return [swapped(member) for member in value]
        if isinstance(value, str) and value.isdigit() and not value.startswith("0"):
            return int(value)
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value

    return json.dumps(swapped(spec.good)) if good else good


def marked(encoding):
    """A good answer with a byte order mark."""
    return Fault(
        lambda spec: http(spec.status, spec.good_text().encode(encoding), **spec.headers),
        FINE,
        is_telling=True,
    )


def coded(status, code):
    return http(status, json.dumps({"error_code": code, "error_msg": "its words"}))


HEAD = b"HTTP/1.1 200 X\r\nContent-Length: 100\r\n"
# What only needs to arrive: a broken text is no answer, but one that lacks or mistakes a member is.
BODILESS = {NOTHING: FINE, IAM_TOKEN: FINE}
UNREAD = {IAM_TOKEN: FINE}  # IAM's token is in a header; the body only says how long it lives

FAULTS = {
    "refused": nowhere("refused"),
    "unknown host": nowhere("unknown"),
    "no TLS": nowhere("tls"),
    "connection never accepted": nowhere("silent", slow=True),
    "timeout": always(hang, Unclear, slow=True),
    "timeout amid the headers": always(stalled(HEAD), Unclear, slow=True),
    "timeout amid the body": always(stalled(HEAD + b"\r\n{"), Unclear, slow=True),
    "reset": always(reset, Unclear, is_telling=True),
    "reset amid the status": always(after(b"HTTP/1.1 2"), Unclear),
    "reset amid the headers": always(after(HEAD), Unclear),
    "reset amid the body": always(after(HEAD + b"\r\n{"), Unclear),
    "closed": always(close, Unclear),
    "closed amid the body": always(cut(HEAD + b"\r\n{}"), Unclear),
    "301": moved(301),
    "302": moved(302),
    "307": moved(307),
    "308": moved(308),
    "401": always(http(401, "{}"), SignInFailed),
    "403": always(coded(403, "IOTDA.000022"), Rejected),
    "403 that means later": always(coded(403, "IOTDA.021101"), Rejected, platforms={"iotda": Throttled}),
    "404 of a proxy": always(http(404, "<html>"), Rejected),
    "408": always(http(408, ""), Unclear),
    "409": always(coded(409, "X.1"), Rejected),
    "429 with seconds": later(Retry_After="1"),
    "429 with a date": later(Retry_After=in_seconds(3600)),
    "429 with a past date": later(Retry_After=in_seconds(-3600)),
    "429 with a negative wait": later(Retry_After="-7"),
    "429 with a huge wait": later(Retry_After="9" * 30),
    "429 with nonsense": later(Retry_After="soon"),
    "429 without a wait": always(http(429, "{}"), Throttled, is_telling=True),
    "500": always(http(500, "{}"), Unclear),
    "500 that is a refusal": always(coded(500, "ROMA.00110002"), Unclear, platforms={"roma": Rejected}),
    "502 with a page": always(http(502, "<html>Bad Gateway</html>"), Unclear),
    "503": always(http(503, "", Retry_After="1"), Unclear, is_telling=True),
    "200 with a server error": always(
        http(200, '{"code": 99500, "msg": "Internal Server Error", "data": null}'),
        Unclear,
        needs={NOTHING: FINE},
    ),
    "2xx with a refusal": Fault(refused, Rejected, is_telling=True),
    "2xx with an unknown error": Fault(unknown, Unclear, platforms=OF_ENOS, is_telling=True),
    "an empty page with a count": altered(listed(lambda items: [], lambda number: 120), FINE, lists=False),
    "fewer items than counted": altered(listed(list, lambda number: number + 1), FINE, lists=False),
    "a count that is no number": altered(listed(list, lambda number: "many"), FINE, lists=False),
    "null with a count of 0": altered(listed(lambda items: None, lambda number: 0), FINE, lists=True),
    "null with a count of 1": altered(listed(lambda items: None, lambda number: 1), FINE, lists=Unclear),
    "null without a count": altered(listed(lambda items: None, lambda number: None), FINE, lists=Unclear),
    "numbers as texts, and texts as numbers": altered(digits, FINE),
    "UTF-8 with a byte order mark": marked("utf-8-sig"),
    "UTF-16 with a byte order mark": marked("utf-16"),
    "200 with a page": always(http(200, "<html>Welcome</html>"), Unclear, is_telling=True),
    "200 with nothing": always(http(200, ""), Unclear, needs={NOTHING: FINE}, is_telling=True),
    "invalid JSON": altered(lambda spec, good: "{'a': 1}", Unclear, needs=UNREAD),
    "truncated JSON": altered(lambda spec, good: (good or "{}")[:-1], Unclear, needs=UNREAD),
    "NaN": altered(with_member('"x": NaN'), Unclear, needs=UNREAD),
    "a key twice": altered(with_member('"x": 1, "x": 2'), Unclear, needs=UNREAD),
    "10,000 deep": altered(with_member('"x": ' + "[" * 10_000 + "]" * 10_000), Unclear, needs=UNREAD),
    "another charset": Fault(
        lambda spec: http(spec.status, b'{"x": "\xff\xfe"}', **spec.headers), Unclear, needs=UNREAD
    ),
    "an id of the wrong type": altered(
        with_id(lambda holder, key: holder.update({key: {"a": 1}})), Unclear, needs=BODILESS
    ),
    "an id of 200 characters": altered(
        with_id(lambda holder, key: holder.update({key: "i" * 200})),
        Unclear,
        needs={**BODILESS, ENOS_TOKEN: FINE},
    ),
    "no id": altered(with_id(lambda holder, key: holder.pop(key)), Unclear, needs=BODILESS),
    "a list": altered(lambda spec, good: "[]", Unclear, needs=BODILESS),
    "a number of 100 digits": altered(with_member('"x": ' + "9" * 100), FINE),
    "a number of 5000 digits": altered(with_member('"x": ' + "9" * 5000), Unclear, needs=UNREAD),
    "members that nobody knows": altered(with_member('"x": {"y": [null, true, 1.5, "é"]}'), FINE),
    "50 MB": always(
        flood(HEAD.replace(b"100", b"50000000") + b"\r\n", b" " * MEGABYTE, 50), Unclear, is_heavy=True
    ),
    "a gzip bomb of 300 MB": always(http(200, bomb(300), Content_Encoding="gzip"), Unclear, is_heavy=True),
    "a million objects": altered(
        lambda spec, good: '{"x": [' + "{}," * MEGABYTE + "{}]}", Unclear, needs=UNREAD, is_heavy=True
    ),
    "no gzip though it says so": always(http(200, b"plain", Content_Encoding="gzip"), Unclear),
    "a drip of the body": always(drip(HEAD + b"\r\n", b" "), Unclear, slow=True),
    "a drip of the headers": always(drip(HEAD + b"X-Slow: ", b"a"), Unclear, slow=True),
    "headers without end": always(flood(HEAD, b"X-Many: a\r\n" * 1000, 1000), Unclear, is_heavy=True),
    "a header without end": always(flood(HEAD + b"X-Long: ", b"a" * MEGABYTE, 100), Unclear, is_heavy=True),
    "100 without end": always(drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.05), Unclear, slow=True),
    "100 first": Fault(continued, FINE),
    "not HTTP": always(b"220 mail.test ESMTP\r\n\r\n", Unclear),
    "two answers at once": Fault(
        lambda spec: http(spec.status, spec.good_text(), **spec.headers) + http(500, "{}"), FINE
    ),
}
