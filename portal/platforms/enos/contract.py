"""Envision EnOS Connection Service: field rules and the meaning of its answers."""

import re
import zoneinfo
from dataclasses import replace
from functools import cache

from portal.platforms.contract import Field, Meaning, Problem, Source, _

CREATE_DEVICE = Source("EnOS Connection Service API: V2.4 Create Device", "2.4")
UPDATE_DEVICE = Source("EnOS Connection Service API: V2.1 Update Device", "2.4.4")
LIMITS = Source("EnOS Device Connection: Limitations", "3.0.0")
FAQS = Source("EnOS API: FAQs", "2.1.0")

DEVICES_PER_PRODUCT_MAX = 10_000
LOCALES = ("zh_CN", "en_US", "ja_JP", "es_ES")  # those the EnOS console offers
PAGE_SIZE_MAX = 1000
TEXT_ATTRIBUTE_MAX = 4000

OFFSET = re.compile(r"[+-](0\d|1[0-4]):[0-5]\d")


@cache
def zone_names():
    """IANA names, sorted: `Europe/Berlin`."""
    return tuple(sorted(zoneinfo.available_timezones() - {"localtime", "Factory"}))


def is_timezone(value):
    if OFFSET.fullmatch(value):
        minutes = int(value[1:3]) * 60 + int(value[4:6])
        return minutes <= (14 * 60 if value[0] == "+" else 12 * 60)
    return value in zone_names()


def _timezone_problems(value, path):
    if not is_timezone(value):
        text = _("must be an offset like +08:00 or a zone name like Europe/Berlin")
        yield Problem(path, "timezone", text)


def _tag_value_problems(value, path):
    if value != value.strip():
        yield Problem(path, "blank", _("may not begin or end with a space"))


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
    rule=_("A default name, and one for each language you need; up to 64 characters each, spaces allowed."),
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
        pattern_text=_("may hold only letters, digits and _-/"),
    ),
    values=Field(name="value", kind=str, max_length=200, check=_tag_value_problems),
    rule=_("Up to 100 tags; keys of up to 50 letters, digits and _-/, values of up to 200 characters."),
    source=LIMITS,
)

DEVICE = (
    Field(
        name="productKey",
        kind=str,
        required=True,
        min_length=1,
        rule=_("The product must exist; it may hold 10,000 devices."),
        source=CREATE_DEVICE,
    ),
    DEVICE_NAME,
    Field(
        name="timezone",
        kind=str,
        required=True,
        check=_timezone_problems,
        rule=_("An offset like +08:00, or a zone name like Europe/Berlin (which knows summer time)."),
        source=FAQS,
    ),
    Field(
        name="requireSecret",
        kind=bool,
        default=False,
        rule=_("Returns the encrypted device secret and session key; needs the account's RSA key pair."),
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
            pattern_text=_("may hold only letters, digits and -_."),
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
        pattern_text=_("may hold only letters, digits and -_."),
        rule=_(
            "4 to 64 letters, digits and -_. Unique in the organization. A lost answer is looked up by it."
        ),
        source=LIMITS,
    ),
    Field(name="deviceDesc", kind=str, rule=_("Free text."), source=CREATE_DEVICE),
    DEVICE_TAGS,
)


def _changed(rule, required=False):
    """A rule of the create call as the update call has it; other documents' limits stay what they are."""
    source = UPDATE_DEVICE if rule.source == CREATE_DEVICE else rule.source
    return replace(rule, required=required, source=source)


UPDATED = ("deviceName", "timezone", "deviceAttributes", "deviceDesc", "deviceTags")

# isPatchUpdate=true, the default: what is left out stays. Tags are replaced as a whole map all the same.
DEVICE_UPDATE = tuple(_changed(rule) for rule in DEVICE if rule.name in UPDATED)
# isPatchUpdate=false: what is left out is deleted or set back; so a name and a time zone must be there.
DEVICE_REPLACE = tuple(
    _changed(rule, required=rule.name in ("deviceName", "timezone"))
    for rule in DEVICE
    if rule.name in UPDATED
)


def _is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool)


# Data type of a thing model -> what a value must be. Source: EnOS Model Service API, Get Thing Model, 3.0.0.
ATTRIBUTE_TYPES = {
    "STRING": (lambda value: isinstance(value, str) and len(value) <= TEXT_ATTRIBUTE_MAX, _("a text")),
    "INT": (lambda value: isinstance(value, int) and not isinstance(value, bool), _("a whole number")),
    "FLOAT": (_is_number, _("a number")),
    "DOUBLE": (_is_number, _("a number")),
    "BOOL": (lambda value: isinstance(value, bool), _("true or false")),
    "DATE": (lambda value: isinstance(value, str), _("a text")),
    "TIMESTAMP": (lambda value: isinstance(value, int) and not isinstance(value, bool), _("milliseconds")),
    "ENUM": (
        lambda value: isinstance(value, int | str) and not isinstance(value, bool),
        _("a text or a number"),
    ),
    "ARRAY": (lambda value: isinstance(value, list) and len(value) <= 1024, _("a list")),
    "STRUCT": (lambda value: isinstance(value, dict), _("an object")),
}


def attribute_problems(model_attributes, values, path="deviceAttributes"):
    """Yield Problems of `values` against a thing model's `attributes` ({identifier: {dataType}})."""
    for name, value in values.items():
        if name not in model_attributes:
            yield Problem(f"{path}.{name}", "unknown", _("is not an attribute of the product's model"))
            continue
        fits, kind = ATTRIBUTE_TYPES.get(model_attributes[name].get("dataType"), (lambda value: True, ""))
        if not fits(value):
            yield Problem(f"{path}.{name}", "type", _("must be %(kind)s"), {"kind": kind})


OK = "0"

# Application errors ride on HTTP 200, so the code decides.
ANSWERS = {
    (200, OK): Meaning.DONE,
    (200, "99500"): Meaning.UNCLEAR,
    (200, "4011"): Meaning.SIGNED_OUT,  # gateway's apim_status
    (200, "4012"): Meaning.SIGNED_OUT,
    (200, ""): Meaning.UNCLEAR,  # no envelope at all
    (200, None): Meaning.REJECTED,
}

ADVICE = {
    "11404": _("The device does not exist (any more). Read the list again."),
    "11702": _("Another device has this key. Choose another device key."),
    "11714": _("The platform could not assign a key just now. Enter a device key yourself, or try again."),
    "11739": _(
        "The product is full (10,000 devices). Choose another product or ask the platform for a higher quota."
    ),
    "11858": _(
        "The service account has no RSA key pair. Make one in the EnOS console, or ask without the secret."
    ),
    "99400": _("The platform found a field it does not accept. Check each field against its rule."),
    "99403": _("The account behind this connection lacks the right. Ask your EnOS administrator for it."),
}
