"""The text by which an entry is found: everything in it and its body that a person could look for.

It is folded (case, form of letters), and each character beyond ASCII is written as its number, such as
`u8bbe`. So both databases can look up pieces of three characters whatever the script, and one Chinese
character is enough.
"""

import re

from portal.outside import folded

SEARCH_MAX = 32_000  # characters of a body that are searched
SHORTEST = 3  # characters of a text that can be looked up, once it is written like this

FIELDS = (
    *("actor", "team", "connection", "object_name", "object_id", "object_scope", "operation", "correlation"),
    *("platform_code", "platform_request_id", "reason", "ticket", "summary", "words"),
)
_BEYOND = re.compile(r"[^\x00-\x7f]")


def written(text):
    """A text as the index has it; what people type must be written the same way."""
    text = folded(text)
    return text if text.isascii() else _BEYOND.sub(lambda found: f"u{ord(found[0]):04x}", text)


def text(fields, body):
    """The search text of an entry: `fields` are those of its header, `body` is the JSON text beside it."""
    pieces = dict.fromkeys(str(fields[name]) for name in FIELDS if fields.get(name))
    plain = body[:SEARCH_MAX].replace('\\"', '"').replace("\\\\", "\\") if body != "{}" else ""
    return written("\n".join([*pieces, plain] if plain else pieces))
