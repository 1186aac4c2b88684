"""Huawei IoTDA v5: field rules, limits and the meaning of its answers."""

import json
from dataclasses import replace

from portal.platforms.contract import Field, Meaning, Problem, Source, _

CREATE_BUS = Source("IoTDA API Reference: Create a HarmonyOS Soft Bus", "2026-01-29")
CREATE_POLICY = Source("IoTDA API Reference: Create a Device Policy", "2024-12-31")
POLICY_LIMITS = Source("IoTDA User Guide: device policy limits", "2025-12")
CREATE_GROUP = Source("IoTDA API Reference: Create a Device Group", "2025-12")
UPDATE_POLICY = Source("IoTDA API Reference: Update Device Policy Information", "2024-12-31")
UPDATE_GROUP = Source("IoTDA API Reference: Modify a Device Group", "2024-01-26")

PROJECT_ID_MAX = 32
PAGE_LIMIT_MAX = 50  # list calls: limit 1-50, default 10
PAGE_OFFSET_MAX = 500
FIRST_MARKER = "f" * 24
POLICIES_MAX = 50  # per instance, system_default_policy not counted
STATEMENTS_MAX = 10
POLICY_BYTES_MAX = 10 * 1024
TOPIC_BYTES_MAX = 128
GROUPS_MAX = 1000
GROUP_DEPTH_MAX = 5

# "Letters" includes Chinese characters in bus and group names (the vendor's SDK says so), but no space.
NAME = r"[A-Za-z0-9\u4e00-\u9fff_?'#().,&%@!-]*"
NAME_TEXT = _("may hold only letters, digits and _?'#().,&%%@!-")  # %%: texts of problems are %-formats
ID = r"[A-Za-z0-9_-]*"
ID_TEXT = _("may hold only letters, digits, underscores and hyphens")
HEX_ID = r"[A-Fa-f0-9-]*"
HEX_TEXT = _("may hold only hexadecimal digits and hyphens")


def app_id(source):
    return Field(
        name="app_id",
        kind=str,
        max_length=36,
        pattern=ID,
        pattern_text=ID_TEXT,
        rule=_("Up to 36 letters, digits, _ and -. Without it the default resource space is used."),
        source=source,
    )


SOFT_BUS = (
    Field(
        name="bus_name",
        kind=str,
        max_length=64,
        pattern=NAME,
        pattern_text=NAME_TEXT,
        rule=_("Up to 64 letters (Chinese too), digits and _?'#().,&%@!- no space; unique in its space."),
        source=CREATE_BUS,
    ),
    Field(
        name="group_id",
        kind=str,
        max_length=36,
        pattern=HEX_ID,
        pattern_text=HEX_TEXT,
        rule=_("Device group whose devices the bus is synchronised to."),
        source=CREATE_BUS,
    ),
    app_id(CREATE_BUS),
)

GROUP = (
    Field(
        name="name",
        kind=str,
        max_length=64,
        pattern=NAME,
        pattern_text=NAME_TEXT,
        rule=_("Up to 64 letters (Chinese too), digits and _?'#().,&%@!- no space; unique in its space."),
        source=CREATE_GROUP,
    ),
    Field(
        name="description",
        kind=str,
        max_length=64,
        pattern=r"[A-Za-z0-9\u4e00-\u9fff_?'#().,&%@! -]*",
        pattern_text=_("may hold only letters, digits, spaces and _?'#().,&%%@!-"),
        rule=_("Up to 64 letters (Chinese too), digits, spaces and _?'#().,&%@!-."),
        source=CREATE_GROUP,
    ),
    Field(
        name="super_group_id",
        kind=str,
        max_length=36,
        pattern=HEX_ID,
        pattern_text=HEX_TEXT,
        rule=_("Parent group; groups nest at most 5 levels deep. Without it the group stands at the top."),
        source=CREATE_GROUP,
    ),
    app_id(CREATE_GROUP),
    Field(name="group_type", kind=str, choices=("STATIC", "DYNAMIC"), default="STATIC", source=CREATE_GROUP),
    Field(name="dynamic_group_rule", kind=str, source=CREATE_GROUP),
)

# What is left out stays as it is; a group moves to no other parent or space and keeps its type.
GROUP_UPDATE = tuple(
    replace(rule, min_length=1 if rule.name == "name" else None, source=UPDATE_GROUP)
    for rule in GROUP
    if rule.name in ("name", "description")
)

EFFECTS = ("ALLOW", "DENY")
PUBLISH = "iotda:devices:publish"
SUBSCRIBE = "iotda:devices:subscribe"
ACTIONS = (PUBLISH, SUBSCRIBE)
VARIABLES = ("${devices.deviceId}", "${devices.productId}")


def split_actions(statement):
    """The printed example joins two actions with a carriage return in one string: read them as two.

    Anything that is not the documented shape is handed back untouched for `problems` to name.
    """
    if not isinstance(statement, list):
        return statement
    result = []
    for item in statement:
        if isinstance(item, dict) and isinstance(item.get("actions"), list):
            parts = [
                part
                for action in item["actions"]
                for part in (action.split("\r") if isinstance(action, str) else [action])
            ]
            item = {**item, "actions": parts}
        result.append(item)
    return result


def _resource_problems(value, path):
    kind, _colon, name = value.partition(":")
    if not kind or not name:
        yield Problem(
            path, "format", _("must read type:name, for example topic:/v1/${devices.deviceId}/test/hello")
        )
    elif len(name.encode("utf-8", "surrogatepass")) > TOPIC_BYTES_MAX:
        yield Problem(
            path, "max_length", _("names a topic of more than %(limit)s bytes"), {"limit": TOPIC_BYTES_MAX}
        )


def _size_problems(value, path):
    size = len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass"))
    if size > POLICY_BYTES_MAX:
        params = {"limit": POLICY_BYTES_MAX, "size": size}
        yield Problem(path, "size", _("may have %(limit)s bytes in all, this has %(size)s"), params)


STATEMENT = Field(
    name="statement",
    kind=list,
    required=True,
    min_items=1,
    max_items=STATEMENTS_MAX,
    items=Field(
        name="statement",
        kind=dict,
        fields=(
            Field(
                name="effect",
                kind=str,
                required=True,
                choices=EFFECTS,
                rule=_("ALLOW or DENY; where both match, DENY wins."),
                source=CREATE_POLICY,
            ),
            Field(
                name="actions",
                kind=list,
                required=True,
                min_items=1,
                items=Field(name="action", kind=str, choices=ACTIONS),
                rule=_("iotda:devices:publish, iotda:devices:subscribe or both."),
                source=CREATE_POLICY,
            ),
            Field(
                name="resources",
                kind=list,
                required=True,
                min_items=1,
                max_items=10,
                items=Field(
                    name="resource",
                    kind=str,
                    pattern=r"[A-Za-z0-9/{}$=+#?*:._-]*",
                    pattern_text=_("may hold only letters, digits and /{}$=+#?*:._-"),
                    check=_resource_problems,
                ),
                rule=_(
                    "1-10 like topic:/v1/${devices.deviceId}/test/hello; letters, digits and /{}$=+#?*:._-."
                ),
                source=CREATE_POLICY,
            ),
        ),
    ),
    check=_size_problems,
    rule=_("Up to 10 statements, 10 KB in all."),
    source=POLICY_LIMITS,
)

POLICY = (
    Field(
        name="policy_name",
        kind=str,
        required=True,
        min_length=1,
        max_length=128,
        pattern=ID,
        pattern_text=ID_TEXT,
        rule=_("Up to 128 letters, digits, underscores and hyphens."),
        source=CREATE_POLICY,
    ),
    app_id(CREATE_POLICY),
    STATEMENT,
)

# What is left out stays as it is; a policy moves to no other space.
POLICY_UPDATE = (
    replace(POLICY[0], required=False, source=UPDATE_POLICY),
    replace(STATEMENT, required=False),
)

ANSWERS = {
    (403, "IOTDA.021101"): Meaning.THROTTLED,
    (403, "IOTDA.021102"): Meaning.THROTTLED,
    (403, "IOTDA.000004"): Meaning.SIGNED_OUT,
    (500, "IOTDA.000020"): Meaning.SIGNED_OUT,  # the IAM token could not be decrypted: refused at the door
}

ADVICE = {
    "IOTDA.000002": _(
        "The platform did not accept the signature: check the keys, and the signature kind of the connection."
    ),
    "IOTDA.000006": _("The platform found a field it does not accept. Check each field against its rule."),
    "IOTDA.000022": _(
        "The account behind this connection lacks the right. Ask your cloud administrator for it."
    ),
    "IOTDA.001000": _("The resource space does not exist. Choose another one."),
    "IOTDA.003004": _("Groups nest at most 5 levels deep. Choose a parent higher up."),
    "IOTDA.003005": _(
        "The platform does not allow this for the group: child groups, devices or a soft bus may hang on it,"
        " or its parent may be in another space."
    ),
    "APIGW.0308": _("Too many requests. Wait a moment and send it again."),
}
