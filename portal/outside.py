"""Text from outside: names and words that platforms and people wrote, which may hold any character.

What it is compared by (`folded`), whether it shows anything at all, and how it stands in plain text of the
portal without turning or hiding it. How it stands in HTML: portal/web/guests.py.
"""

import re
import unicodedata

# Characters that are not seen, or that change the direction of what follows: control and format characters,
# separators of lines, and what Unicode calls default ignorable. Tabs and line breaks are seen as such.
UNSEEN = (
    "\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u2800\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# Where they do their honest work, they are seen by what they do: letters of these scripts join or part at a
# joiner, and emoji and Han characters take another shape.
JOINED = "\u0600-\u07bf\u0840-\u0dff\u1000-\u109f\u1780-\u18af\ufb50-\ufdff\ufe70-\ufefc"
EMOJI = "\u203c\u2049\u2122\u2139\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001fbff"
HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
HONEST = (
    f"(?<=[{JOINED}])[\u200c\u200d](?=[{JOINED}])|(?<=[{EMOJI}\ufe0f])\u200d(?=[{EMOJI}])"
    f"|(?<=[{EMOJI}\xa9\xae])[\ufe0e\ufe0f]|(?<=[0-9#*])\ufe0f(?=\u20e3)|(?<=[{HAN}])[\U000e0100-\U000e01ef]"
    "|\r(?=\n)"
)
MARKED = re.compile(f"{HONEST}|([\r{UNSEEN}])")
RIGHT_TO_LEFT = re.compile(
    "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
NOTHING = re.compile(f"[\\s{UNSEEN}]*")
LINES = re.compile(r"[\t\r\n]")
IGNORED = re.compile(f"[{UNSEEN}]")
FIRST_STRONG, POP = "\u2068", "\u2069"  # begin and end of an isolated part of a plain text
# A part that `isolated` made: nothing in it changes the direction.
ISOLATED = re.compile(f"{FIRST_STRONG}([^\u202a-\u202e\u2066-\u2069]*){POP}")

NAME_MAX = 256  # characters of an object's name in operations and in the record; the mirror keeps all of it


def folded(text):
    """The text as it is searched: the same for texts that differ in case, in how a letter is put together
    (UAX 15), in width, in blanks, and in characters that are not seen.

    Close to NFKC_Casefold of Unicode; and the four letters i of Turkish are one, because it has another case
    for them. Databases fold differently, so they compare what this returns.
    """
    return " ".join(folded_letters(str(text)).split())


def folded_letters(text):
    """The same, but blanks stay as they are."""
    if text.isascii():  # nearly all that is searched: ten times as fast, with the same result
        return IGNORED.sub("", text.lower())
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFD", text).casefold()).casefold()
    text = unicodedata.normalize("NFKC", IGNORED.sub("", text))
    return text.replace("i\u0307", "i").replace("\u0131", "i")


def shows_nothing(text):
    """Whether nobody would see the text: it is empty, or blanks and unseen characters are all it holds."""
    return NOTHING.fullmatch(text) is not None


def is_printable(text):
    """Whether all of it is seen, on one line: what people of the portal may call something."""
    return not any(mark or LINES.search(piece) for piece, mark in parts(text))


def name_or_id(name, id):
    """What an object is called on pages: its id where its name shows nothing."""
    name = str(name or "")
    return str(id or "") if shows_nothing(name) else name


def parts(text):
    """Yield (piece, mark) in order; `mark` is a label such as U+202E for an unseen character, else ""."""
    end = 0
    for found in MARKED.finditer(text):
        if found[1]:
            if found.start() > end:
                yield text[end : found.start()], ""
            yield found[1], label(found[1])
            end = found.end()
    if end < len(text):
        yield text[end:], ""


def label(character):
    return f"U+{ord(character):04X}"


def isolated(text):
    """The text for a place that takes plain text only: a title, an attribute, a sentence.

    Unseen characters are written as [U+202E]. Text from right to left is isolated, so that it moves nothing
    that stands beside it.
    """
    text = _marked(text)
    return f"{FIRST_STRONG}{text}{POP}" if RIGHT_TO_LEFT.search(text) else text


def readable(sentence):
    """A sentence for a place that takes plain text only; what it isolated already stays isolated."""
    pieces = ISOLATED.split(sentence)  # every second one was isolated
    return "".join(isolated(piece) if number % 2 else _marked(piece) for number, piece in enumerate(pieces))


def _marked(text):
    return "".join(f"[{mark}]" if mark else piece for piece, mark in parts(str(text)))


def shortened(text, longest):
    """The text for a column that keeps `longest` characters; an ellipsis says that there was more."""
    return text if len(text) <= longest else text[: longest - 1] + "…"
