"""Resource spaces: the rules of their calls and how many there may be."""

from dataclasses import replace

from portal.platforms.contract import Field, Source, _

CREATE_SPACE = Source("IoTDA API Reference: Create a Resource Space", "2024-10-23")
UPDATE_SPACE = Source("IoTDA API Reference: Update Resource Spaces", "2024-06-27")

PER_INSTANCE_MAX = 10  # with the default one. Source: IoTDA User Guide: Resource Spaces, 2024-01-17

# The Chinese document of this date adds Chinese characters to what the English one allows, and "some special
# characters" without naming one.
CREATE = (
    Field(
        name="app_name",
        kind=str,
        required=True,
        min_length=1,
        max_length=64,
        pattern=r"[A-Za-z0-9\u4e00-\u9fff_-]*",
        pattern_text=_("can contain only letters, digits, underscores and hyphens"),
        rule=_("Up to 64 letters (including Chinese), digits, _ and -. Unique in the account."),
        source=CREATE_SPACE,
    ),
)

UPDATE = (replace(CREATE[0], required=False, source=UPDATE_SPACE),)
