"""Device groups: the rules of their calls and how many there may be."""

from dataclasses import replace

from portal.platforms.contract import Field, Problem, Source, _
from portal.platforms.iotda.contract import HEX_ID, HEX_TEXT, ID, ID_TEXT, NAME, NAME_TEXT, app_id

CREATE_GROUP = Source("IoTDA API Reference: Create a Device Group", "2025-12")
UPDATE_GROUP = Source("IoTDA API Reference: Modify a Device Group", "2024-01-26")

MANAGE_DEVICES = Source("IoTDA API Reference: Manage Devices in a Device Group", "2025-12")

USER_GUIDE = Source("IoTDA User Guide: Groups and Tags", "2025-07-29")

STATIC, DYNAMIC = GROUP_TYPES = ("STATIC", "DYNAMIC")
PER_SPACE_MAX = 1000
DYNAMIC_MAX = 10  # in one instance
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
    Field(
        name="group_type",
        kind=str,
        choices=GROUP_TYPES,
        default=STATIC,
        rule=_("Up to 10 dynamic groups per instance. The type of a group cannot be changed later."),
        source=USER_GUIDE,
    ),
    Field(
        name="dynamic_group_rule",
        kind=str,
        rule=_(
            "What stands after WHERE in the platform's search for devices, such as: product_id = 'pump' and"
            " status = 'ONLINE'. The rule cannot be changed later."
        ),
        source=CREATE_GROUP,
    ),
)


def type_problems(data):
    """Yield a Problem for each field that a new group of this type lacks, or must not have.

    Source: "Create a Device Group", 2025-12: a dynamic group needs its rule and takes no parent. That a
    static group has no rule is what this portal makes of "rule of a dynamic group".
    """
    rule, parent = data.get("dynamic_group_rule"), data.get("super_group_id")
    if data.get("group_type") != DYNAMIC:
        if rule:
            yield Problem(
                "dynamic_group_rule", "unwanted", _("must be empty: only a dynamic group has a rule")
            )
        return
    if not rule:
        text = _("is mandatory for a dynamic group: it decides which devices are in the group")
        yield Problem("dynamic_group_rule", "required", text)
    if parent:
        yield Problem("super_group_id", "unwanted", _("must be empty: a dynamic group has no parent group"))


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
        "The platform does not allow this. The group may have child groups, devices or a soft bus; its parent"
        " may be in another space or be a dynamic group; or its rule alone decides which devices are in it."
    ),
}
