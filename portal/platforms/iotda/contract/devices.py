"""Devices: the rules of a create call."""

from portal.platforms.contract import Field, Source, _
from portal.platforms.iotda.contract import ID, ID_TEXT, NAME, NAME_TEXT, app_id

CREATE_DEVICE = Source("IoTDA API Reference: Create a Device", "2024-12-02")

LEVELS_MAX = 2  # of child devices below a device that connects by itself
AUTH_TYPES = ("SECRET", "CERTIFICATES")

AUTH_INFO = (
    Field(
        name="auth_type",
        kind=str,
        choices=AUTH_TYPES,
        default="SECRET",
        rule=_("How the device proves who it is."),
        source=CREATE_DEVICE,
    ),
    Field(
        name="secret",
        kind=str,
        min_length=8,
        max_length=32,
        pattern=ID,
        pattern_text=ID_TEXT,
        rule=_("8 to 32 letters, digits, _ and -. Leave empty and the platform makes one."),
        source=CREATE_DEVICE,
    ),
    Field(
        name="fingerprint",
        kind=str,
        pattern=r"([0-9A-Fa-f]{40}|[0-9A-Fa-f]{64})?",
        pattern_text=_("must have 40 or 64 hexadecimal digits"),
        source=CREATE_DEVICE,
    ),
    Field(name="secure_access", kind=bool, source=CREATE_DEVICE),
    Field(name="timeout", kind=int, minimum=0, maximum=2**31 - 1, source=CREATE_DEVICE),
)


def _id(name, most, rule, *, required=False):
    return Field(
        name=name,
        kind=str,
        required=required,
        min_length=1 if required else None,
        max_length=most,
        pattern=ID,
        pattern_text=ID_TEXT,
        rule=rule,
        source=CREATE_DEVICE,
    )


def _text(name, most, rule):
    return Field(
        name=name,
        kind=str,
        max_length=most,
        pattern=NAME,
        pattern_text=NAME_TEXT,
        rule=rule,
        source=CREATE_DEVICE,
    )


CREATE = (
    _id(
        "device_id",
        128,
        _(
            "Up to 128 letters, digits, _ and -. Leave empty for product id, underscore and node id."
            " If an answer is lost, the portal finds the device by this id."
        ),
    ),
    _id(
        "node_id", 64, _("Like an IMEI or a serial number. 1 to 64 letters, digits, _ and -."), required=True
    ),
    _text(
        "device_name", 256, _("Up to 256 letters (including Chinese), digits and _?'#().,&%@!-; no spaces.")
    ),
    _id("product_id", 36, _("The product must exist in the resource space."), required=True),
    Field(name="auth_info", kind=dict, fields=AUTH_INFO, source=CREATE_DEVICE),
    _text(
        "description", 2048, _("Up to 2048 letters (including Chinese), digits and _?'#().,&%@!-; no spaces.")
    ),
    _id(
        "gateway_id",
        128,
        _("The parent device, if this one reaches the platform through it. Up to 2 levels."),
    ),
    app_id(CREATE_DEVICE),
)

# As people type it: the members of auth_info that they can choose stand beside the others.
TYPED = (
    *(rule for rule in CREATE if rule.name != "auth_info"),
    *(rule for rule in AUTH_INFO if rule.name in ("auth_type", "secret")),
)

ADVICE = {"IOTDA.014031": _("A device with this id exists already. Choose another device id or node id.")}


def own_id(product_id, node_id):
    """The id that the platform gives to a device for which none was sent."""
    return f"{product_id}_{node_id}"
