"""JSON that is read piece by piece, by the same rules as answers.parse, but for the number of members."""

import io
import re

import ijson

from portal.platforms.answers import DEPTH_MAX, decoded, finite

ESCAPED = re.compile(
    rb"\\(?:u[dD][89abAB][0-9A-Fa-f]{2}\\u[dD][c-fC-F][0-9A-Fa-f]{2}|u[dD][89a-fA-F]..|.)", re.S
)
MAY_BE_LONE = re.compile(rb"\\u[dD][89a-fA-F]")


def plain(body):
    """The body in UTF-8, its lone surrogates replaced: the parser would write a question mark for them."""
    if not body.startswith((b"{", b"[")):
        body = decoded(body).encode()
    return ESCAPED.sub(_whole_character, body) if MAY_BE_LONE.search(body) else body


def _whole_character(found):
    text = found[0]
    return rb"\ufffd" if len(text) == 6 and text[1:2] == b"u" else text


def events(body):
    """Yield (event, value), as ijson.basic_parse does; raises ValueError where answers.parse would."""
    try:
        yield from _checked(ijson.basic_parse(io.BytesIO(body), buf_size=65536))
    except ijson.JSONError as error:
        raise ValueError("no JSON") from error


def _checked(read):
    keys = []  # the names of the members so far, of each object and list that is open
    for event, value in read:
        if event == "map_key":
            if value in keys[-1]:
                raise ValueError("a key stands twice in one object")
            keys[-1].add(value)
        elif event == "number":
            value = value if isinstance(value, int) else finite(str(value))
        elif event in ("start_map", "start_array"):
            keys.append(set())
            if len(keys) > DEPTH_MAX:
                raise ValueError("nested too deeply")
        elif event in ("end_map", "end_array"):
            keys.pop()
        yield event, value


class Budget:
    """How many more values may be made of what was read: small bodies can mean big objects."""

    def __init__(self, left):
        self._left = left

    def value_of(self, event, value, following):
        """The value that begins with this event, whose other events come from `following`."""
        self._spend()
        if event not in ("start_map", "start_array"):
            return value
        builder = ijson.ObjectBuilder()
        builder.event(event, value)
        depth = 1
        while depth:
            event, value = next(following)
            self._spend()
            builder.event(event, value)
            depth += event.startswith("start_")
            depth -= event.startswith("end_")
        return builder.value

    def _spend(self):
        self._left -= 1
        if self._left < 0:
            raise ValueError("too many members")
