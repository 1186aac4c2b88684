"""Huawei ROMA Connect LINK v2: field rules and the meaning of its answers."""

import math
import re
from dataclasses import replace
from decimal import Decimal

from portal.platforms.contract import Field, Meaning, Source, _

CREATE_GROUP = Source("ROMA Connect API Reference: Creating a Device Group", "2023-06-29")
UPDATE_GROUP = Source("ROMA Connect API Reference: Modifying a Device Group", "2025-10-22")

PROJECT_ID_MAX = 32
INSTANCE_ID_MAX = 36
INTEGER_MAX = 99999999999999999  # beyond 2^53: never a float, never a JavaScript number

GROUP = (
    Field(
        name="parent_id",
        kind=int,
        required=True,
        minimum=0,
        maximum=INTEGER_MAX,
        floor=True,
        rule=_("Group that the new one belongs under; 0 to 99999999999999999, fractions are rounded down."),
        source=CREATE_GROUP,
    ),
    Field(
        name="name",
        kind=str,
        required=True,
        min_length=2,
        max_length=64,
        pattern=r"[A-Za-z0-9\u4e00-\u9fff_-]*",  # the vendor's SDK counts Chinese characters as letters
        pattern_text=_("may hold only letters, digits, underscores and hyphens"),
        rule=_("2 to 64 letters (Chinese too), digits, underscores and hyphens."),
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
        rule=_("Integration application that the group belongs to; up to 36 characters."),
        source=CREATE_GROUP,
    ),
)

# A group moves to no other parent or application; a description that is left out stays as it is.
GROUP_UPDATE = tuple(
    replace(rule, source=UPDATE_GROUP) for rule in GROUP if rule.name in ("name", "description")
)

ANSWERS = {
    (500, "ROMA.00110002"): Meaning.REJECTED,  # "The instance does not exist": a plain refusal
    (400, "ROMA.1000"): Meaning.SIGNED_OUT,
    (400, "ROMA.1002"): Meaning.SIGNED_OUT,
}

ADVICE = {
    "SCB.00000000": _("The platform found a field it does not accept. Check each field against its rule."),
    "ROMA.00110006": _(
        "The group, its parent group or the application does not exist (any more). Read the list again."
    ),
    "ROMA.00110002": _(
        "The instance id of this connection does not exist in its project. Correct the connection."
    ),
    "ROMA.1006": _(
        "The account behind this connection lacks the right. Ask your cloud administrator for it."
    ),
}


NUMBER = re.compile(r"[+-]?\d{1,30}(\.\d{0,30})?")


def whole_number(text):
    """A decimal number as text, rounded down as the platform does; None when it is no such number.

    Not Decimal alone: it reads 1e999999999, whose whole number does not fit into any memory.
    """
    text = text.strip()
    return math.floor(Decimal(text)) if NUMBER.fullmatch(text) else None
