"""Devices: the rules of their calls, time zones and languages."""

import re
import zoneinfo
from dataclasses import replace
from functools import cache

from portal.platforms.contract import Field, Problem, Source, _

CREATE_DEVICE = Source("EnOS Connection Service API: V2.4 Create Device", "2.4")
UPDATE_DEVICE = Source("EnOS Connection Service API: V2.1 Update Device", "2.4.4")
ENABLE_DEVICE = Source("EnOS Connection Service API: V2.1 Enable Device", "3.0.0")
REPLACE_DEVICE = Source("EnOS Connection Service API: V2.4 Replace Device", "3.0.0")
DISABLE_DEVICE = Source("EnOS Connection Service API: V2.1 Disable Device", "preview")
LIMITS = Source("EnOS Device Connection: Limitations", "3.0.0")
FAQS = Source("EnOS API: FAQs", "2.1.0")

PER_PRODUCT_MAX = 10_000
BATCH_MAX = 1000  # devices in one call; source: LIMITS
LOCALES = ("zh_CN", "en_US", "ja_JP", "es_ES")  # those the EnOS console offers

OFFSET = re.compile(r"[+-](0\d|1[0-4]):[0-5]\d")


@cache
def zone_names():
    """The sorted IANA names, such as `Europe/Berlin`."""
    return tuple(sorted(zoneinfo.available_timezones() - {"localtime", "Factory"}))


def is_timezone(value):
    """Whether a text is an offset from -12:00 to +14:00, or a zone name."""
    if OFFSET.fullmatch(value):
        minutes = int(value[1:3]) * 60 + int(value[4:6])
        return minutes <= (14 * 60 if value[0] == "+" else 12 * 60)
    return value in zone_names()


# The status of a device; the filter word for `disabled` is `disable`. Source: Managing Devices, 2.1.0.
DISABLED = ("disabled", "disable")
# Refusals that say that nothing is left to do: (code, message). With another message the code means something
# else, like "Device not found". Sources: ENABLE_DEVICE, DISABLE_DEVICE.
ENABLED_ALREADY = (("11721", "Device is (inactive|offline|online)"),)
DISABLED_ALREADY = (("11723", "Device is disabled"),)


def _timezone_problems(value, path):
    if not is_timezone(value):
        text = _("must be an offset like +08:00 or a zone name like Europe/Berlin")
        yield Problem(path, "timezone", text)


def _tag_value_problems(value, path):
    if value != value.strip():
        yield Problem(path, "blank", _("cannot begin or end with a space"))


DEVICE_NAME = Field(
    name="deviceName",
    kind=dict,
    required=True,
    fields=(
        Field(
            name="defaultValue", kind=str, required=True, min_length=1, max_length=64, source=CREATE_DEVICE
        ),
        Field(
            name="i18nValue",
            kind=dict,
            keys=Field(
                name="locale",
                kind=str,
                pattern=r"[a-z]{2,3}(_[A-Z][a-z]{3})?(_[A-Z]{2})?",
                pattern_text=_("must be a locale like zh_CN"),
                min_length=1,
            ),
            values=Field(name="name", kind=str, max_length=64),
        ),
    ),
    rule=_(
        "A default name, and one for each language you need. Up to 64 characters each; spaces are allowed."
    ),
    source=CREATE_DEVICE,
)

DEVICE_TAGS = Field(
    name="deviceTags",
    kind=dict,
    max_items=100,
    keys=Field(
        name="tag",
        kind=str,
        min_length=1,
        max_length=50,
        pattern=r"[A-Za-z0-9_/-]*",
        pattern_text=_("can contain only letters, digits and _-/"),
    ),
    values=Field(name="value", kind=str, max_length=200, check=_tag_value_problems),
    rule=_("Up to 100 tags. Keys: up to 50 letters, digits and _-/. Values: up to 200 characters."),
    source=LIMITS,
)

CREATE = (
    Field(
        name="productKey",
        kind=str,
        required=True,
        min_length=1,
        rule=_("The product must exist. It can have up to 10,000 devices."),
        source=CREATE_DEVICE,
    ),
    DEVICE_NAME,
    Field(
        name="timezone",
        kind=str,
        required=True,
        check=_timezone_problems,
        rule=_("An offset like +08:00, or a zone name like Europe/Berlin (with daylight saving time)."),
        source=FAQS,
    ),
    Field(
        name="requireSecret",
        kind=bool,
        default=False,
        rule=_("Returns the encrypted device secret and session key. Needs the account's RSA key pair."),
        source=CREATE_DEVICE,
    ),
    Field(
        name="deviceAttributes",
        kind=dict,
        keys=Field(
            name="attribute",
            kind=str,
            min_length=1,
            max_length=128,
            pattern=r"[A-Za-z0-9_.-]*",
            pattern_text=_("can contain only letters, digits and ._-"),
        ),
        rule=_("Attributes of the product's model, each with a value of its type."),
        source=CREATE_DEVICE,
    ),
    Field(
        name="deviceKey",
        kind=str,
        min_length=4,
        max_length=64,
        pattern=r"[A-Za-z0-9_.-]*",
        pattern_text=_("can contain only letters, digits and ._-"),
        rule=_(
            "4 to 64 letters, digits and ._-, unique in the organization."
            " If an answer is lost, the portal finds the device by this key."
        ),
        source=LIMITS,
    ),
    Field(name="deviceDesc", kind=str, rule=_("Free text."), source=CREATE_DEVICE),
    DEVICE_TAGS,
)


def _changed(rule, required=False):
    """A rule of the create call, for the update call; a rule of a third document keeps its source."""
    source = UPDATE_DEVICE if rule.source == CREATE_DEVICE else rule.source
    return replace(rule, required=required, source=source)


UPDATED = ("deviceName", "timezone", "deviceAttributes", "deviceDesc", "deviceTags")

# isPatchUpdate=true, the default: a field that is left out stays. The map of tags is replaced as a whole.
UPDATE = tuple(_changed(rule) for rule in CREATE if rule.name in UPDATED)
# isPatchUpdate=false: a field that is left out is deleted or reset, so a name and a time zone must be there.
REPLACE = tuple(
    _changed(rule, required=rule.name in ("deviceName", "timezone"))
    for rule in CREATE
    if rule.name in UPDATED
)

# The device id is in the query. The document prints no default of requireSecret; it is taken from the create.
NEW_KEY = tuple(
    replace(rule, name="newDeviceKey", required=True, source=REPLACE_DEVICE)
    if rule.name == "deviceKey"
    else replace(rule, source=REPLACE_DEVICE)
    for rule in CREATE
    if rule.name in ("deviceKey", "requireSecret")
)

ADVICE = {
    "11404": _("The device does not exist (any more). Refresh the list."),
    "11702": _("Another device has this key. Choose another device key."),
    "11704": _("The device has this key already. Choose another device key."),
    "11714": _("The platform could not assign a key. Enter a device key yourself, or try again."),
    "11721": _("The device is enabled already, or it does not exist. Refresh its page."),
    "11723": _("The device is disabled already, or it does not exist. Refresh its page."),
    "11739": _(
        "The product is full (10,000 devices). Choose another product or ask the platform for a higher quota."
    ),
    "11858": _(
        "The service account has no RSA key pair. Create one in the EnOS console, or skip the secret."
    ),
}
