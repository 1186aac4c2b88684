"""Device policies: the rules of their calls, and how their statements are read."""

import json
from dataclasses import replace

from portal.platforms.contract import Field, Problem, Source, _
from portal.platforms.iotda.contract import ID, ID_TEXT, app_id

CREATE_POLICY = Source("IoTDA API Reference: Create a Device Policy", "2024-12-31")
UPDATE_POLICY = Source("IoTDA API Reference: Update Device Policy Information", "2024-12-31")
LIMITS = Source("IoTDA User Guide: device policy limits", "2025-12")

BIND_POLICY = Source("IoTDA API Reference: Bind a Device Policy", "2025-12")
UNBIND_POLICY = Source("IoTDA API Reference: Unbind a Device Policy", "2025-12")
LIST_TARGETS = Source("IoTDA API Reference: Query the Target List Bound to a Device Policy", "2025-12")

PER_INSTANCE_MAX = 50  # system_default_policy is not counted
STATEMENTS_MAX = 10
BYTES_MAX = 10 * 1024  # of all statements together, as JSON
TOPIC_BYTES_MAX = 128
PER_TARGET_MAX = 5  # policies that one device or product can have
TARGETS_MAX = 20  # ids in one call that binds or unbinds
TARGET_TYPES = ("device", "product", "app")

EFFECTS = ("ALLOW", "DENY")
PUBLISH = "iotda:devices:publish"
SUBSCRIBE = "iotda:devices:subscribe"
ACTIONS = (PUBLISH, SUBSCRIBE)
VARIABLES = ("${devices.deviceId}", "${devices.productId}")


def split_actions(statement, kept=()):
    """The statements with one action in each string; the strings in `kept` stay as they are.

    The document's example holds two actions in one string, with a carriage return between them. What has
    another shape than the documented one comes back as it is, so that Field.problems can name it.
    """
    if not isinstance(statement, list):
        return statement
    result = []
    for item in statement:
        if isinstance(item, dict) and isinstance(item.get("actions"), list):
            parts = [
                part
                for action in item["actions"]
                for part in (
                    action.split("\r") if isinstance(action, str) and action not in kept else [action]
                )
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
    if size > BYTES_MAX:
        params = {"limit": BYTES_MAX, "size": size}
        yield Problem(path, "size", _("can have at most %(limit)s bytes in total, but has %(size)s"), params)


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
                rule=_("ALLOW or DENY. If both match, DENY wins."),
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
                    pattern_text=_("can contain only letters, digits and /{}$=+#?*:._-"),
                    check=_resource_problems,
                ),
                rule=_(
                    "1-10, like topic:/v1/${devices.deviceId}/test/hello. Letters, digits and /{}$=+#?*:._-"
                ),
                source=CREATE_POLICY,
            ),
        ),
    ),
    check=_size_problems,
    rule=_("Up to 10 statements, 10 KB in total."),
    source=LIMITS,
)

CREATE = (
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

# A field that is left out stays as it is. The space of a policy cannot be changed.
UPDATE = (
    replace(CREATE[0], required=False, source=UPDATE_POLICY),
    replace(STATEMENT, required=False),
)


def _targets(source):
    return (
        Field(
            name="target_type",
            kind=str,
            required=True,
            choices=TARGET_TYPES,
            rule=_("device, product or app, which is a resource space."),
            source=source,
        ),
        Field(
            name="target_ids",
            kind=list,
            required=True,
            min_items=1,
            max_items=TARGETS_MAX,
            items=Field(
                name="target_id",
                kind=str,
                min_length=1,
                max_length=128,
                pattern=ID,
                pattern_text=ID_TEXT,
            ),
            rule=_("1-20 ids."),
            source=source,
        ),
    )


BIND = _targets(BIND_POLICY)
UNBIND = _targets(UNBIND_POLICY)
LISTED_TARGETS = (
    replace(BIND[0], required=False, source=LIST_TARGETS),
    Field(name="limit", kind=int, source=LIST_TARGETS),
    Field(name="marker", kind=str, source=LIST_TARGETS),
    Field(name="offset", kind=int, source=LIST_TARGETS),
)
