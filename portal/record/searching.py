"""The text by which an entry is found: everything in it and its body that a person could look for.

It is folded (case, form of letters), and each character beyond ASCII is written as its number, such as
`u8bbe`. So both databases can look up pieces of three characters whatever the script, and one Chinese
character is enough.
"""

import codecs
import re
from functools import lru_cache
from unicodedata import combining, ucd_3_2_0, unidata_version

from portal.outside import folded, folded_letters

RULES = 1  # raise it with every change of what `text` writes, in a migration that writes all texts anew
FOLDING = f"{RULES} {unidata_version}"  # which rules wrote a text: ours, and the version of Unicode
SEARCH_MAX = 32_000  # characters of a body that are searched
SHORTEST = 3  # characters of a text that can be looked up, once it is written like this

FIELDS = (
    *("actor", "team", "connection", "object_name", "object_id", "object_scope", "operation", "correlation"),
    *("platform_code", "platform_request_id", "reason", "ticket", "summary", "words"),
)
_BEYOND, _BLANK = re.compile(r"[^\x00-\x7f]"), re.compile(r"\s")
_SHORT = 64  # characters of a run that is worth remembering


def written(text):
    """A text as the index has it; what people type must be written the same way."""
    if not text.isprintable():  # it may have characters that are left out, and what they kept apart meets
        return _numbered(folded(text))
    if not text.isascii():
        try:
            text = text.encode("ascii", _number_run.__name__).decode()
        except UnicodeEncodeError:
            return _numbered(folded(text))
    text = text.lower()
    is_tidy = "  " not in text and text[:1] != " " and text[-1:] != " "
    return text if is_tidy else " ".join(text.split())


def _number_run(error):
    """Writes characters beyond ASCII that follow each other: codecs find them fastest.

    Raises the error where the first of them may make one letter with what stands before it. ASCII never makes
    one with what comes before it.
    """
    run = error.object[error.start : error.end]
    found = _remembered(run) if len(run) <= _SHORT else _written_run(run)
    if found is None:
        raise error
    return found, error.end


def _written_run(run):
    shape = folded_letters(run)
    return None if combining(shape[:1] or " ") else _numbered(_BLANK.sub(" ", shape))


_remembered = lru_cache(maxsize=4096)(_written_run)  # the same few names and words come again and again
codecs.register_error(_number_run.__name__, _number_run)


def _numbered(text):
    return text if text.isascii() else _BEYOND.sub(lambda found: f"u{ord(found[0]):04x}", text)


def text(fields, body):
    """The search text of an entry: `fields` are those of its header, `body` is the JSON text beside it."""
    return text_of([fields.get(name) for name in FIELDS], body)


def may_differ(folding, *texts):
    """Whether the rules `folding`, which are not those of now, may have written another text for these.

    Unicode never changes how a character is folded, but a version does not know those of later ones. Python
    remembers which there were in version 3.2.
    """
    rules, _blank, version = str(folding).partition(" ")
    if rules != str(RULES):
        return True
    return version != unidata_version and any(
        ucd_3_2_0.category(character) == "Cn" for text in texts for character in set(text or "")
    )


def text_of(values, body):
    """The same of the values of FIELDS."""
    pieces = [*dict.fromkeys(map(str, filter(None, values)))]
    if body != "{}":
        plain = body[:SEARCH_MAX]
        if "\\" in plain:
            plain = plain.replace('\\"', '"').replace("\\\\", "\\")
        pieces.append(plain)
    return written(" ".join(pieces))
