"""About fifty ways in which a server can misbehave, and what each has to be called."""

import copy
import gzip
import json
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

from portal.errors import NotSent, Rejected, SignInFailed, Throttled, Unclear
from tests.platforms.every_call import ENOS_TOKEN, ENVELOPE, IAM_TOKEN, NOTHING
from tests.platforms.faulty import close, http, reset

FINE = None
DRIP_SECONDS = 0.5
MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Fault:
    """`behave(spec)` is what FaultyServer.behave takes. Its right name is `error`, unless the platform or
    what the answer needs to hold (Spec.needs) say otherwise; FINE is no error.

    `slow` faults end by a timeout only. `place` replaces the server: an address where there is none.
    """

    behave: Callable
    error: type | None
    needs: dict = field(default_factory=dict)
    platforms: dict = field(default_factory=dict)
    slow: bool = False
    place: str = ""
    is_heavy: bool = False

    def right_name(self, spec):
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
    return Fault(lambda spec: http(spec.status, alter(spec, spec.good_text()), **spec.headers), error, **more)


def with_member(text):
    """A good answer's object with a member more: JSON text."""
    return lambda spec, good: "{" + text + ("" if good in ("", "{}") else ", ") + (good[1:] or "}")


def with_id(change):
    """A good answer in which `change(holder, key)` changed the id, or what stands for it."""

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
    """Sends the pieces, then ends the connection hard."""

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
    """gzip of that many megabytes of spaces, in no time: one megabyte's block over and over."""
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
    "reset": always(reset, Unclear),
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
    "429 without a wait": later(),
    "500": always(http(500, "{}"), Unclear),
    "500 that is a refusal": always(coded(500, "ROMA.00110002"), Unclear, platforms={"roma": Rejected}),
    "502 with a page": always(http(502, "<html>Bad Gateway</html>"), Unclear),
    "503": always(http(503, "", Retry_After="1"), Unclear),
    "200 with a server error": always(
        http(200, '{"code": 99500, "msg": "Internal Server Error", "data": null}'),
        Unclear,
        needs={NOTHING: FINE},
    ),
    "200 with a page": always(http(200, "<html>Welcome</html>"), Unclear),
    "200 with nothing": always(http(200, ""), Unclear, needs={NOTHING: FINE}),
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
