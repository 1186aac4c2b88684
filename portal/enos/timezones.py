"""Time zones to choose from: found by offset, city or country, as people write them.

The platform takes an offset like +08:00 or a name like Asia/Shanghai. Names like Etc/GMT+8 are valid, but
their sign is the other way round (it is -08:00), so they are never offered for an offset.
"""

import re
import unicodedata
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from portal.platforms.enos.contract import devices as contract
from portal.resources.fields import OPTIONS_MAX

COMMON = ("+00:00", "+08:00", "+09:00", "+01:00", "-05:00", "-08:00")
# "gmt+8", "UTC+05:30", "+0800", "5:30", "-8", "+5.5"; a minus may be any dash.
OFFSET = re.compile(
    r"(?:utc|gmt|z)?\s*(?P<sign>[+-])?\s*(?P<hours>\d{1,2})(?:(?::|\.|h)?(?P<minutes>\d\d)?|(?P<half>[.,]5))"
)
ZERO = ("utc", "gmt", "z", "zulu", "utc+0", "gmt+0")
DASHES = str.maketrans(dict.fromkeys("−–—‐‑", "-"))
TYPED_MAX = 64  # characters; no zone has a longer name


def options(text):
    """[(value, label)] for what a person typed; with nothing typed the common offsets, then every name."""
    typed = text.strip()[:TYPED_MAX]
    if not typed:
        return [(each, each) for each in COMMON] + [_named(name) for name in _places()[:OPTIONS_MAX]]
    offset = offset_of(typed)
    own = [_own(typed)] if contract.is_timezone(typed) else []
    if offset:
        own += [(offset, offset)]
        names = [name for name in _places() if offset_now(name) == offset]
    else:
        names = _found(_folded(typed))
    return list(dict([*own, *map(_named, names)]).items())


def offset_of(text):
    """The offset, like +08:00, that a text means; "" when it means none."""
    text = unicodedata.normalize("NFKC", text).translate(DASHES).casefold().strip()
    if text in ZERO:
        return "+00:00"
    match = OFFSET.fullmatch(text)
    if not match:
        return ""
    minutes = "30" if match["half"] else match["minutes"] or "00"
    offset = f"{match['sign'] or '+'}{int(match['hours']):02}:{minutes}"
    offset = "+00:00" if offset == "-00:00" else offset
    return offset if contract.is_timezone(offset) else ""


def offset_now(name):
    """The zone's offset at this moment, like +02:00."""
    text = datetime.now(UTC).astimezone(ZoneInfo(name)).strftime("%z")
    return f"{text[:3]}:{text[3:5]}"


def _own(typed):
    return (typed, typed) if contract.OFFSET.fullmatch(typed) else _named(typed)


def _named(name):
    country = countries().get(name, "")
    return name, f"{name} ({offset_now(name)}{', ' if country else ''}{country})"


def _places():
    """Names for an offset: places, never Etc/GMT+8."""
    return [name for name in contract.zone_names() if name in countries()]


def _found(wanted):
    """Names and countries with that text: first those that are it, then those that begin with it."""
    found = []
    for name in contract.zone_names():
        city, country = _folded(name.rpartition("/")[2]), _folded(countries().get(name, ""))
        if wanted in _folded(name) or wanted in country:
            is_whole = wanted in (city, country)
            begins = city.startswith(wanted) or country.startswith(wanted)
            found.append((not is_whole, not begins, name.startswith("Etc/"), name))
    return [name for *_order, name in sorted(found)]


def _folded(text):
    """Without case, accents and marks: "São Paulo" finds Sao_Paulo."""
    bare = "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))
    return re.sub(r"[\s_-]+", " ", bare.casefold()).strip()


@cache
def countries():
    """{zone name: its country}, from the tables of the tz database in the package tzdata."""
    folder = files("tzdata") / "zoneinfo"
    names = dict(_rows(folder / "iso3166.tab"))
    return {zone: names.get(code, code) for code, _place, zone, *_comment in _rows(folder / "zone.tab")}


def _rows(file):
    lines = file.read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]
