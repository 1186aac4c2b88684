"""Finds known secrets in a text, in the forms in which somebody may quote them.

These are: as it is; in other cases of letters; split by blanks or signs ("Demo SK-00"); as base64, also as
a part of a longer one ("user:password"); as hex; and all of them URL-, JSON- or HTML-escaped, up to LEVELS
times.

Short secrets would turn every text into marks. A secret of 6 or more characters is found in every form. One
of 4 or 5 is found only where it stands alone, as it is or as base64. A shorter one is not looked for.

It works on UTF-8, because bytes are folded, stripped and searched in C: the time grows in proportion to the
text.
"""

import base64
import html
import re
from array import array
from functools import lru_cache

LEVELS = 3
SHORT, SHORTEST = 6, 4  # characters
SPLIT_MIN = 8  # letters and digits that a secret must have to be found where it is split

FOLD = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"abcdefghijklmnopqrstuvwxyz")
SIGNS = bytes(byte for byte in range(128) if not chr(byte).isalnum())
IS_SIGN = frozenset(SIGNS)
OF_BASE64 = re.compile(rb"[A-Za-z0-9+/=_-]*")
ESCAPE = re.compile(
    rb"%[0-9A-Fa-f]{2}"
    rb"|\\u[dD][89abAB][0-9A-Fa-f]{2}\\u[dD][c-fC-F][0-9A-Fa-f]{2}"
    rb"|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|\\[/\\\"'bfnrt]"
    rb"|&#[0-9]{1,7};|&#[xX][0-9A-Fa-f]{1,6};|&(?:amp|lt|gt|quot|apos);"
)
LETTERS = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}


class Scrubber:
    """Replaces secrets in texts and JSON values. `marks` is {secret: what is written instead}.

    What matches `kept` (a pattern of bytes) stays as it is, although it may look like a secret.
    """

    def __init__(self, marks, kept=None):
        self._forms = [_Forms(secret, mark) for secret, mark in marks.items() if len(secret) >= SHORTEST]
        self._kept = kept

    def finds(self, body):
        """Whether there is a secret in the bytes."""
        return bool(_found(body, self._forms))

    def text(self, text):
        return _scrubbed(text, self._forms, self._kept)

    def value(self, value, body):
        """A copy of a JSON value. `body` holds all its texts as bytes, and is searched once for all."""
        forms = _found(body, self._forms)
        return _replaced(value, forms, self._kept) if forms else value


class _Forms:
    """What to look for: `split` among letters and digits alone, `plain` with its signs, both in lower case.

    `encoded` are those of `split` that are base64. For a short secret there is only `alone`, a pattern.
    """

    def __init__(self, secret, mark):
        self.secret, self.mark = secret, _bytes(mark)
        self.split, self.plain, self.encoded, self.alone = set(), set(), set(), None
        data = _bytes(secret)
        whole = base64.b64encode(data)
        if len(secret) < SHORT:
            words = {data, whole, whole.rstrip(b"="), base64.urlsafe_b64encode(data)}
            longest_first = sorted(words, key=len, reverse=True)
            either = b"|".join(map(re.escape, longest_first))
            self.alone = re.compile(rb"(?<![A-Za-z0-9])(?:%s)(?![A-Za-z0-9])" % either)
            return
        for written in {secret, secret.upper(), secret.lower(), secret.casefold(), _unescaped_text(secret)}:
            stripped = _stripped(_bytes(written))
            if len(stripped) >= SPLIT_MIN:
                self.split.add(stripped)
            elif len(written) >= SHORT:
                self.plain.add(_bytes(written).translate(FOLD))
        self.plain.add(data.translate(FOLD))
        # Inside a longer base64 a text begins at one of three places; its edges share letters with others.
        for before in range(3):
            coded = base64.b64encode(b"\0" * before + data)
            begin, end = -(-before * 8 // 6), (before + len(data)) * 8 // 6
            self.encoded.add(_stripped(coded[begin:end]))
        self.encoded = {each for each in self.encoded if len(each) >= SHORT}
        self.split |= self.encoded | {_stripped(data.hex().encode())}

    def is_in(self, view, folded, stripped):
        return (
            any(map(stripped.__contains__, self.split))
            or any(map(folded.__contains__, self.plain))
            or (self.alone is not None and self.alone.search(view) is not None)
        )


def _bytes(text):
    return text.encode("utf-8", "surrogatepass")


def _stripped(data):
    return data.translate(FOLD, SIGNS)


def _unescaped_text(text):
    return _plainer(_bytes(text)).decode("utf-8", "replace")


def _plainer(view):
    """The bytes, unescaped once."""
    return ESCAPE.sub(lambda escape: _meant(escape[0]), view)


@lru_cache(maxsize=4096)
def _meant(text):
    """The bytes that an escape stands for."""
    if text.startswith(b"%"):
        return bytes.fromhex(text[1:].decode())
    if text.startswith(b"&"):
        return _bytes(html.unescape(text.decode()))
    if text[1:2] not in b"ux" or len(text) == 2:
        return LETTERS.get(text[1:2], text[1:2])
    units = b"".join(int(unit, 16).to_bytes(2, "big") for unit in re.split(rb"\\[ux]", text)[1:])
    return units.decode("utf-16-be", "surrogatepass").encode("utf-8", "surrogatepass")


def _may_escape(view):
    return b"%" in view or b"\\" in view or b"&" in view


def _found(body, forms):
    """Those of the forms whose secret is in the body."""
    found, left, view = [], list(forms), body
    for _level in range(LEVELS + 1):
        if not left:
            break
        folded, stripped = view.translate(FOLD), _stripped(view)
        here = [each for each in left if each.is_in(view, folded, stripped)]
        found += here
        left = [each for each in left if each not in here]
        if not _may_escape(view):
            break
        view = _plainer(view)
    return found


def _replaced(value, forms, kept):
    if isinstance(value, str):
        return _scrubbed(value, forms, kept)
    if isinstance(value, list):
        return [_replaced(member, forms, kept) for member in value]
    if isinstance(value, dict):
        return {
            _scrubbed(name, forms, kept): _replaced(member, forms, kept) for name, member in value.items()
        }
    if isinstance(value, int | float) and not isinstance(value, bool):
        written = str(value)
        return next((each.mark.decode() for each in forms if each.secret == written), value)
    return value


def _scrubbed(text, forms, kept):
    data = _bytes(text)
    forms = _found(data, forms)  # most texts of a value hold none
    if not forms:
        return text
    spans = _joined(_spans(data, forms))
    stays = [match.span() for match in kept.finditer(data)] if kept else []
    parts, done = [], 0
    for begin, end, mark in spans:
        if not any(first <= begin and end <= last for first, last in stays):
            parts += [data[done:begin], mark]
            done = end
    return b"".join([*parts, data[done:]]).decode("utf-8", "surrogatepass")


def _joined(spans):
    """Spans that touch or overlap become one, in order."""
    joined = []
    for begin, end, mark in sorted(spans, key=lambda span: (span[0], -span[1])):
        if joined and begin < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]), joined[-1][2])
        else:
            joined.append((begin, end, mark))
    return joined


def _spans(data, forms):
    """Yield (begin, end, mark) of each place in the bytes where a secret stands, in whatever form."""
    # Where each byte of the view comes from: the view is the bytes, unescaped a few times.
    view, begins, ends = data, range(len(data)), range(1, len(data) + 1)
    for _level in range(LEVELS + 1):
        for begin, end, mark in _spans_in(view, forms):
            yield begins[begin], ends[end - 1], mark
        if not _may_escape(view):
            return
        view, begins, ends = _unescaped(view, begins, ends)


def _spans_in(view, forms):
    places = array("L", (at for at, byte in enumerate(view) if byte not in IS_SIGN))
    folded, stripped = view.translate(FOLD), _stripped(view)
    for form in forms:
        for needle in form.plain:
            for at in _places(folded, needle):
                yield at, at + len(needle), form.mark
        for needle in form.split - form.encoded:
            for at in _places(stripped, needle):
                yield places[at], places[at + len(needle) - 1] + 1, form.mark
        for needle in form.encoded:
            done = 0
            for at in _places(stripped, needle):
                begin, end = places[at], places[at + len(needle) - 1] + 1
                if end > done:
                    # The rest of it may hold the first and the last letter of the secret.
                    begin -= len(OF_BASE64.match(view[done:begin][::-1])[0])
                    end = done = OF_BASE64.match(view, end).end()
                    yield begin, end, form.mark
        for match in form.alone.finditer(view) if form.alone else ():
            yield *match.span(), form.mark


def _places(view, needle):
    at = view.find(needle)
    while at >= 0:
        yield at
        at = view.find(needle, at + len(needle))


def _unescaped(view, begins, ends):
    parts, firsts, lasts, done = [], array("L"), array("L"), 0
    for escape in ESCAPE.finditer(view):
        at, after = escape.span()
        meant = _meant(escape[0])
        parts += [view[done:at], meant]
        firsts.extend(begins[done:at])
        lasts.extend(ends[done:at])
        firsts.extend([begins[at]] * len(meant))
        lasts.extend([ends[after - 1]] * len(meant))
        done = after
    firsts.extend(begins[done:])
    lasts.extend(ends[done:])
    return b"".join([*parts, view[done:]]), firsts, lasts
