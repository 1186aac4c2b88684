"""The time zone of a device, looked for as people write it.

Would catch: an offset that one spelling alone finds, a zone with the opposite sign, a country nobody finds.
"""

import re
import zoneinfo
from html import unescape

import pytest

from portal.enos import timezones
from portal.platforms.enos.contract.devices import is_timezone
from tests.resources.forms import script, send

pytestmark = pytest.mark.anywhere

DEVICE = "enos/devices"
SPELLINGS = {
    "+08:00": [
        "gmt+8",
        "GMT+8",
        "GMT +8",
        "UTC+8",
        "utc+08",
        "+8",
        "8",
        "+0800",
        "+08:00",
        "08:00",
        "\uff0b\uff18",
    ],
    "+05:30": ["5:30", "+5:30", "UTC+05:30", "0530", "+530", "5.5", "gmt+5:30"],
    "-03:30": ["-3:30", "\u22123:30", "UTC-03:30", "-0330"],
    "-08:00": ["gmt-8", "-8", "UTC\u20138"],
    "+00:00": ["utc", "UTC", "gmt", "z", "0", "+0", "-0", "UTC+0", "GMT-0"],
    "+14:00": ["+14"],
}
NO_OFFSET = ["+15", "-13", "99", "+8:60", "8 o'clock", "berlin", "+", "utc+", "9" * 5000, "", "+08:0"]
FOUND = {
    "berlin": "Europe/Berlin",
    "BERLIN": "Europe/Berlin",
    "new york": "America/New_York",
    "New_York": "America/New_York",
    "s\u00e3o paulo": "America/Sao_Paulo",
    "india": "Asia/Kolkata",
    "germany": "Europe/Berlin",
    "japan": "Asia/Tokyo",
    "c\u00f4te d\u2019ivoire": "Africa/Abidjan",
    "China": "Asia/Shanghai",
    "Europe/Zurich": "Europe/Zurich",
    "UTC": "UTC",
    "Etc/GMT+8": "Etc/GMT+8",
}


def offered(text):
    return [value for value, _label in timezones.options(text)]


@pytest.mark.parametrize(
    ("offset", "text"), [(offset, text) for offset, texts in SPELLINGS.items() for text in texts]
)
def test_every_spelling_of_an_offset_is_that_offset_first(offset, text):
    values = offered(text)

    assert offset in values[:2]
    assert values[0] == offset or values[0].casefold() == text.casefold()  # UTC is a zone of its own
    for value in values[2:]:
        assert timezones.offset_now(value) == offset
        assert "GMT" not in value


@pytest.mark.parametrize("text", NO_OFFSET)
def test_what_is_no_offset_is_none(text):
    assert timezones.offset_of(text) == ""


@pytest.mark.parametrize(("text", "zone"), FOUND.items())
def test_cities_and_countries_are_found(text, zone):
    assert zone in offered(text)[:2]


@pytest.mark.parametrize("text", ["", "gmt+8", "berlin", "a", "Etc/GMT+8", "5:30", "united states"])
def test_all_that_is_offered_is_a_time_zone_and_a_name_shows_its_offset(text):
    for value, label in timezones.options(text):
        assert is_timezone(value)
        if value[0] not in "+-":
            offset = timezones.offset_now(value)
            assert label.startswith(f"{value} ({offset}")


def test_every_zone_has_an_offset_like_the_platform_takes():
    for name in zoneinfo.available_timezones() - {"localtime", "Factory"}:
        assert re.fullmatch(r"[+-]\d\d:\d\d", timezones.offset_now(name)), name


@pytest.mark.parametrize(("text", "first"), [("gmt+8", "+08:00"), ("Germany", "Europe/Berlin")])
def test_the_form_offers_what_was_looked_for(plant, text, first):
    posted = script(DEVICE, plant, touch="timezone", timezone_search=text, timezone="")

    page = send(plant.browser(), DEVICE, posted).content.decode()

    choices = page[page.index('name="timezone"') :]
    values = re.findall(r'<option value="([^"]*)"', choices[: choices.index("</select>")])
    assert unescape(values[0]) == first
    assert not any("Etc/" in value for value in values)
