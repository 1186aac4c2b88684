"""Device groups: the rules of their calls and how many there may be."""

from dataclasses import replace

from portal.platforms.contract import Field, Source, _
from portal.platforms.iotda.contract import HEX_ID, HEX_TEXT, ID, ID_TEXT, NAME, NAME_TEXT, app_id

CREATE_GROUP = Source("IoTDA API Reference: Create a Device Group", "2025-12")
UPDATE_GROUP = Source("IoTDA API Reference: Modify a Device Group", "2024-01-26")

MANAGE_DEVICES = Source("IoTDA API Reference: Manage Devices in a Device Group", "2025-12")

PER_SPACE_MAX = 1000
DEVICES_MAX = 20_000  # in one group
GROUPS_OF_DEVICE_MAX = 10
DEPTH_MAX = 5

CREATE = (
    Field(
        name="name",
        kind=str,
        max_length=64,
        pattern=NAME,
        pattern_text=NAME_TEXT,
        rule=_(
            "Up to 64 letters (including Chinese), digits and _?'#().,&%@!-; no spaces. Unique in its space."
        ),
        source=CREATE_GROUP,
    ),
    Field(
        name="description",
        kind=str,
        max_length=64,
        pattern=r"[A-Za-z0-9\u4e00-\u9fff_?'#().,&%@! -]*",
        pattern_text=_("can contain only letters, digits, spaces and _?'#().,&%%@!-"),
        rule=_("Up to 64 letters (including Chinese), digits, spaces and _?'#().,&%@!-."),
        source=CREATE_GROUP,
    ),
    Field(
        name="super_group_id",
        kind=str,
        max_length=36,
        pattern=HEX_ID,
        pattern_text=HEX_TEXT,
        rule=_("Groups nest up to 5 levels deep. Leave empty for a top-level group."),
        source=CREATE_GROUP,
    ),
    app_id(CREATE_GROUP),
    Field(name="group_type", kind=str, choices=("STATIC", "DYNAMIC"), default="STATIC", source=CREATE_GROUP),
    Field(name="dynamic_group_rule", kind=str, source=CREATE_GROUP),
)

# A field that is left out stays as it is. Parent, space and type of a group cannot be changed.
UPDATE = tuple(
    replace(rule, min_length=1 if rule.name == "name" else None, source=UPDATE_GROUP)
    for rule in CREATE
    if rule.name in ("name", "description")
)

DEVICE = (
    Field(
        name="device_id",
        kind=str,
        required=True,
        min_length=1,
        max_length=128,
        pattern=ID,
        pattern_text=ID_TEXT,
        rule=_("Up to 128 letters, digits, _ and -. A device can be in up to 10 groups."),
        source=MANAGE_DEVICES,
    ),
)

STATUSES = {"IOTDA.003003": 403, "IOTDA.003004": 403, "IOTDA.003005": 403}

ADVICE = {
    "IOTDA.003004": _("Groups nest up to 5 levels deep. Choose a parent on a higher level."),
    "IOTDA.003005": _(
        "The platform does not allow this. The group may have child groups, devices or a soft bus, or its"
        " parent may be in another space."
    ),
}
