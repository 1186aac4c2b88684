"""Takes secrets out of JSON values before they are stored: by the name they stand under, and by their look.

Redaction is idempotent: a secret has one fingerprint, however often its value is redacted. The time it takes
grows in proportion to the size of the value, even if somebody wrote the value to make it slow.
"""

import hashlib
import hmac
import json
import re
from datetime import datetime
from urllib.parse import unquote

from django.conf import settings

from portal.scrubbing import Scrubber
from portal.secrecy import TOKEN, is_secret_name
from portal.words import Said

TEXT_MAX = 4096  # characters
SHORTEST_SECRET = 4  # characters
FEW, MANY = 20, 500  # secrets; a device of EnOS may have 100 tags and 200 attributes

FINGERPRINT = re.compile(r"hmac:[0-9a-f]{16}")
FINGERPRINT_LENGTH = 21
KEPT = re.compile(FINGERPRINT.pattern.encode())
# The end of a text that was shortened.
CUT = re.compile(r"\.\.\. \([0-9]{1,15} characters, sha256 [0-9a-f]{64}\)\Z")
CUT_LENGTH = 105  # characters, at most

PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----")
# A JSON web token. Atomic and possessive groups read each letter once; without them a text such as
# "-eyJ-eyJ-eyJ..." takes minutes.
JWT = re.compile(r"(?<![\w-])(?>[\w-]*?\beyJ)[\w-]{8,}+\.[\w-]{8,}+\.")
# A name and its value in the query of an address.
PAIR = re.compile(r"(?<=[?&])([^=?&#\s]{1,256})=([^&#\s]+)")
# What may be left of a fingerprint at the end of a text that was shortened.
LEFT = re.compile(r"h|hm|hma|hmac|hmac:[0-9a-f]{0,16}")
# A signed request has both on one line, in this order.
SIGNER = re.compile(r"(?:Access|Credential)=\S")
SIGNATURE = re.compile(r"Signature=\w")


def fingerprint(value):
    """`hmac:` and 16 hexadecimal digits, which show whether two secrets are equal but not what they are."""
    text = str(value).encode("utf-8", "replace")
    return "hmac:" + hmac.digest(settings.RECORD_KEYS[0].encode(), text, "sha256").hex()[:16]


def redact(value, *, secrets=frozenset(), longest=TEXT_MAX):
    """A copy of a JSON value with a fingerprint instead of each secret.

    A secret is what stands under a usual name (portal/secrecy.py) or under one of the names in `secrets`,
    also in the query of an address, a text that looks like one, and a token of the portal's own API anywhere
    in a text. Texts of more than `longest` characters are shortened; None keeps them whole.
    """
    if isinstance(value, dict):
        shown = {}
        for name, member in value.items():
            name = str(name)
            is_secret = name in secrets or is_secret_name(name)
            shown[_text(name, secrets, longest)] = (
                _hidden(member) if is_secret else redact(member, secrets=secrets, longest=longest)
            )
        return shown
    if isinstance(value, list | tuple):
        return [redact(member, secrets=secrets, longest=longest) for member in value]
    return _text(value, secrets, longest) if isinstance(value, str) else value


def redact_said(said, *, longest=TEXT_MAX):
    """A Said whose parameters are redacted like the members of a JSON object."""
    params = {}
    for name, value in said.params.items():
        if isinstance(value, Said) and not is_secret_name(name):
            params[name] = redact_said(value, longest=longest)
        elif isinstance(value, datetime):
            params[name] = value
        else:
            plain = value if isinstance(value, int | float | bool | None) else str(value)
            params |= redact({name: plain}, longest=longest)
    return Said(said.code, params)


def _hidden(value):
    """What is written instead of a secret. An empty value stays: that there is no secret may be known."""
    if value is None or value == "" or isinstance(value, bool):
        return value
    # Redacted before. A person or platform may also have written what only looks like a fingerprint: it stays
    # as it is too, because it is nobody's secret.
    if isinstance(value, str) and FINGERPRINT.fullmatch(value):
        return value
    return fingerprint(value)


def _text(value, secrets, longest):
    value = str(value) if value.isascii() else value.encode("utf-8", "replace").decode()
    if "iot_" in value:
        value = TOKEN.sub(lambda found: fingerprint(found[0]), value)
    beginning = _beginning(value, longest) if longest is not None and len(value) > longest else ""
    if _looks_secret(beginning or value):
        return fingerprint(value)
    value = _without_queries(value, secrets, len(beginning))
    if longest is None or len(value) <= longest or beginning:
        return value
    digest = hashlib.sha256(value.encode()).hexdigest()
    return f"{value[:longest]}... ({len(value)} characters, sha256 {digest})"


def _without_queries(text, secrets, cut):
    """The text with a fingerprint instead of each secret in the query of an address; `cut` is where it was
    shortened before, 0 if it was not."""

    def hidden(found):
        name, value = found[1], found[2]
        is_secret = unquote(name) in secrets or is_secret_name(unquote(name))
        if not is_secret or (found.end() == cut and LEFT.fullmatch(value)):
            return found[0]
        return f"{name}={_hidden(unquote(value))}"

    if "=" not in text or not ("?" in text or "&" in text):
        return text
    return PAIR.sub(hidden, text[:cut]) + text[cut:] if cut else PAIR.sub(hidden, text)


def _beginning(value, longest):
    """What is left of a text that was shortened before; "" for any other text.

    Up to twice as long as it was then: fingerprints may have been put into it since.
    """
    cut = CUT.search(value, len(value) - CUT_LENGTH) if len(value) <= 2 * longest else None
    return value[: cut.start()] if cut else ""


def _looks_secret(text):
    # The plain searches come first because they are hundreds of times faster, and most texts hold none of
    # these.
    return bool(
        ("PRIVATE KEY-----" in text and PRIVATE_KEY.search(text))
        or ("eyJ" in text and JWT.search(text))
        or ("Signature=" in text and any(map(_is_signed, text.split("\n"))))
    )


def _is_signed(line):
    signer = SIGNER.search(line)
    return signer is not None and SIGNATURE.search(line, signer.end()) is not None


def secrets_in(value):
    """The texts that redact() replaces in a JSON value; not the very short ones, which occur in any text."""
    return {text for text in _secrets_in(value) if len(text) >= SHORTEST_SECRET}


def _secrets_in(value):
    found, waiting = [], [(value, False)]
    while waiting:
        value, is_secret = waiting.pop()
        if isinstance(value, dict):
            waiting += [(member, is_secret or is_secret_name(str(name))) for name, member in value.items()]
        elif isinstance(value, list | tuple):
            waiting += [(member, is_secret) for member in value]
        elif is_secret:
            found += [str(value)] if _hidden(value) != value else []
        elif isinstance(value, str) and _looks_secret(value):
            found.append(value)
        elif isinstance(value, str):
            found += TOKEN.findall(value) if "iot_" in value else []
            pairs = PAIR.findall(value) if "=" in value else []
            waiting += [({unquote(name): unquote(each)}, False) for name, each in pairs]
    return found


def without(value, secrets):
    """A copy of a JSON value, text or Said in which each of these texts is replaced by its fingerprint.

    So is what stands for one of them in another form (portal/scrubbing.py), except where there are so many
    that no document allows them.
    """
    known = {secret: fingerprint(secret) for secret in secrets if len(secret) >= SHORTEST_SECRET}
    if not known:
        return value
    value = _replaced(value, _search(known) if len(known) <= FEW else _scan(known))
    scrubber = scrubber_of(known if len(known) <= MANY else ())
    written = json.dumps(value, ensure_ascii=False, default=_plain).encode("utf-8", "surrogatepass")
    return _replaced(value, scrubber.text) if scrubber.finds(written) else value


def scrubber_of(secrets):
    """A Scrubber that writes fingerprints, and leaves alone those that are there."""
    return Scrubber({secret: fingerprint(secret) for secret in secrets}, kept=KEPT)


def _plain(value):
    return {"code": value.code, **value.params} if isinstance(value, Said) else str(value)


def _replaced(value, replace):
    if isinstance(value, str):
        return replace(value)
    if isinstance(value, dict):
        return {replace(str(name)): _replaced(member, replace) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_replaced(member, replace) for member in value]
    if isinstance(value, Said):
        return Said(value.code, {name: _replaced(param, replace) for name, param in value.params.items()})
    return value


# Two ways to make a function that replaces secrets in a text, from the left, and of several at one place the
# longest. Fingerprints that are there already are left alone, although one may contain a secret like "beef".


def _search(known):
    """For a few secrets: search the text for each. Fast, because most texts contain none."""

    def replace(text):
        if not any(map(text.__contains__, known)):
            return text
        places = {secret: place for secret in known if (place := text.find(secret)) >= 0}
        parts, done, at = [], 0, 0
        while places:
            secret = min(places, key=lambda each: (places[each], -len(each)))
            place = places[secret]
            if before := FINGERPRINT.search(text, at, place + FINGERPRINT_LENGTH):
                at = before.end()
            else:
                parts += [text[done:place], known[secret]]
                done = at = place + len(secret)
            passed = [each for each in places if places[each] < at]
            places |= {each: text.find(each, at) for each in passed}
            places = {each: place for each, place in places.items() if place >= 0}
        return "".join([*parts, text[done:]])

    return replace


def _scan(known):
    """For many secrets: one pass over the text, looking up at each place which secrets begin like this."""
    lengths = {}
    for secret in known:
        lengths.setdefault(secret[:SHORTEST_SECRET], set()).add(len(secret))
    lengths = {start: sorted(each, reverse=True) for start, each in lengths.items()}

    def secret_at(text, at, start):
        return next((text[at : at + n] for n in lengths[start] if text[at : at + n] in known), "")

    def replace(text):
        parts, done, at = [], 0, 0
        while at < len(text):
            start = text[at : at + SHORTEST_SECRET]
            if start == "hmac" and (before := FINGERPRINT.match(text, at)):
                at = before.end()
            elif start in lengths and (secret := secret_at(text, at, start)):
                parts += [text[done:at], known[secret]]
                done = at = at + len(secret)
            else:
                at += 1
        return "".join([*parts, text[done:]])

    return replace
