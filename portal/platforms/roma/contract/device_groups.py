"""Device groups: the rules of their calls, and how their numbers are read."""

import math
import re
from dataclasses import replace
from decimal import Decimal

from portal.platforms.contract import Field, Source, _

CREATE_GROUP = Source("ROMA Connect API Reference: Creating a Device Group", "2023-06-29")
UPDATE_GROUP = Source("ROMA Connect API Reference: Modifying a Device Group", "2025-10-22")

ADD_DEVICES = Source("ROMA Connect API Reference: Adding Devices to a Device Group in Batches", "2025-10-22")
REMOVE_DEVICE = Source("ROMA Connect API Reference: Deleting a Device from a Device Group", "2025-10-22")

DEVICES_AT_ONCE_MAX = 9999
PAGE_MAX = 999  # a larger limit is taken for this one
INTEGER_MAX = 99999999999999999  # beyond 2^53: never a float, never a JavaScript number

CREATE = (
    Field(
        name="parent_id",
        kind=int,
        required=True,
        minimum=0,
        maximum=INTEGER_MAX,
        floor=True,
        rule=_(
            "Id of the parent group, 0 to 99999999999999999; 0 is the top level. Fractions are rounded down."
        ),
        source=CREATE_GROUP,
    ),
    Field(
        name="name",
        kind=str,
        required=True,
        min_length=2,
        max_length=64,
        pattern=r"[A-Za-z0-9\u4e00-\u9fff_-]*",  # the vendor's SDK counts Chinese characters as letters
        pattern_text=_("can contain only letters, digits, underscores and hyphens"),
        rule=_("2 to 64 letters (including Chinese), digits, underscores and hyphens."),
        source=CREATE_GROUP,
    ),
    Field(
        name="description",
        kind=str,
        max_length=200,
        rule=_("Up to 200 characters."),
        source=CREATE_GROUP,
    ),
    Field(
        name="app_id",
        kind=str,
        required=True,
        max_length=36,
        rule=_("The integration application that the group belongs to. Up to 36 characters."),
        source=CREATE_GROUP,
    ),
)

# A field that is left out stays as it is. Parent and application of a group cannot be changed.
UPDATE = tuple(replace(rule, source=UPDATE_GROUP) for rule in CREATE if rule.name in ("name", "description"))

DEVICES = (
    Field(
        name="resources",
        kind=list,
        required=True,
        max_items=DEVICES_AT_ONCE_MAX,
        items=Field(name="device id", kind=int, minimum=0, maximum=INTEGER_MAX, floor=True),
        rule=_("Up to 9999 ids of devices. Fractions are rounded down."),
        source=ADD_DEVICES,
    ),
)
DEVICE = (
    Field(
        name="device_id",
        kind=str,
        required=True,
        min_length=1,
        max_length=17,
        pattern=r"[0-9]*",
        pattern_text=_("can contain only digits"),
        rule=_("The id of a device in this group."),
        source=REMOVE_DEVICE,
    ),
)

ADVICE = {
    "ROMA.00110006": _(
        "The group, its parent group or the application does not exist (any more). Refresh the list."
    ),
}

NUMBER = re.compile(r"[+-]?\d{1,30}(\.\d{0,30})?")


def whole_number(text):
    """The int of a text like "12" or "12.7", rounded down as the platform does; None for any other text.

    Decimal alone would not do: it also reads 1e999999999, which is too big for any memory as an int.
    """
    text = text.strip()
    return math.floor(Decimal(text)) if NUMBER.fullmatch(text) else None
