"""HarmonyOS soft buses: the rules of a create call. The API has no call that changes one."""

from portal.platforms.contract import Field, Source, _
from portal.platforms.iotda.contract import HEX_ID, HEX_TEXT, NAME, NAME_TEXT, app_id

CREATE_BUS = Source("IoTDA API Reference: Create a HarmonyOS Soft Bus", "2026-01-29")

CREATE = (
    Field(
        name="bus_name",
        kind=str,
        max_length=64,
        pattern=NAME,
        pattern_text=NAME_TEXT,
        rule=_(
            "Up to 64 letters (including Chinese), digits and _?'#().,&%@!-; no spaces. Unique in its space."
        ),
        source=CREATE_BUS,
    ),
    Field(
        name="group_id",
        kind=str,
        max_length=36,
        pattern=HEX_ID,
        pattern_text=HEX_TEXT,
        rule=_("The device group whose devices get the bus."),
        source=CREATE_BUS,
    ),
    app_id(CREATE_BUS),
)
