"""Products: the rules of a create call, and how many there may be."""

import json

from portal.platforms.contract import Field, Problem, Source, _
from portal.platforms.iotda.contract import ID, ID_TEXT, NAME, NAME_TEXT, app_id

CREATE_PRODUCT = Source("IoTDA API Reference: Create a Product", "2025-12-02")
# Older pages and the vendor's SDK print 32 characters for the two names of a service.
SHOW_PRODUCT = Source("IoTDA API Reference: Query a Product", "2024-06-28")

PER_INSTANCE_MAX = 1000
SERVICES_MAX = 500
SERVICES_BYTES_MAX = 500 * 1024  # as JSON
PROTOCOLS = tuple("MQTT CoAP HTTP HTTPS Modbus ONVIF OPC-UA OPC-DA TCP UDP Other".split())
DATA_FORMATS = ("json", "binary")

_TEXT = (
    r"[A-Za-z0-9\u4e00-\u9fff\s_?'#().,;&%@!/$~\u00a5\u2018\u2019\u201c\u201d\u2026\u3001\u3002\u3010\u3011"
    r"\uff01\uff08\uff09\uff0c\uff1a\uff1b\uff1f-]*"
)
_TEXT_TEXT = _("can contain only letters, digits, blanks and the usual punctuation marks")


def _services_problems(value, path):
    """The ids of services are unique in a product."""
    size = len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass"))
    if size > SERVICES_BYTES_MAX:
        params = {"limit": SERVICES_BYTES_MAX, "size": size}
        yield Problem(path, "size", _("can have at most %(limit)s bytes in total, but has %(size)s"), params)
    seen = set()
    for number, item in enumerate(value):
        id = item.get("service_id") if isinstance(item, dict) else None
        if isinstance(id, str) and id in seen:
            place = f"{path}[{number}].service_id"
            yield Problem(place, "twice", _("stands here twice; each service needs an id of its own"))
        seen.add(id if isinstance(id, str) else None)


def _service_name(name):
    return Field(
        name=name,
        kind=str,
        required=True,
        min_length=1,
        max_length=64,
        pattern=NAME.replace("[", "[$", 1),
        pattern_text=_("can contain only letters, digits and _?'#().,&%%@!-$"),
        source=SHOW_PRODUCT,
    )


def _members(name):
    return Field(name=name, kind=list, max_items=500, source=SHOW_PRODUCT)


SERVICE = (
    _service_name("service_id"),
    _service_name("service_type"),
    _members("properties"),
    _members("commands"),
    _members("events"),
    Field(
        name="description",
        kind=str,
        max_length=128,
        pattern=_TEXT,
        pattern_text=_TEXT_TEXT,
        source=SHOW_PRODUCT,
    ),
    Field(name="option", kind=str, choices=("Master", "Mandatory", "Optional"), source=SHOW_PRODUCT),
)


def _named(name, most, rule, required=False):
    return Field(
        name=name,
        kind=str,
        required=required,
        min_length=1 if required else None,
        max_length=most,
        pattern=NAME,
        pattern_text=NAME_TEXT,
        rule=rule,
        source=CREATE_PRODUCT,
    )


CREATE = (
    Field(
        name="product_id",
        kind=str,
        max_length=36,
        pattern=ID,
        pattern_text=ID_TEXT,
        rule=_(
            "Up to 36 letters, digits, _ and -, unique in its space."
            " If an answer is lost, the portal finds the product by this id."
        ),
        source=CREATE_PRODUCT,
    ),
    _named("name", 64, _("Up to 64 letters (including Chinese), digits and _?'#().,&%@!-; no spaces."), True),
    _named(
        "device_type",
        32,
        _("Like WaterMeter. Up to 32 letters (including Chinese), digits and _?'#().,&%@!-; no spaces."),
        True,
    ),
    Field(
        name="protocol_type",
        kind=str,
        required=True,
        choices=PROTOCOLS,
        rule=_("How the devices reach the platform."),
        source=CREATE_PRODUCT,
    ),
    Field(
        name="data_format",
        kind=str,
        required=True,
        choices=DATA_FORMATS,
        rule=_("json, or binary, which needs a codec on the platform."),
        source=CREATE_PRODUCT,
    ),
    Field(
        name="service_capabilities",
        kind=list,
        required=True,
        max_items=SERVICES_MAX,
        items=Field(name="service", kind=dict, fields=SERVICE),
        check=_services_problems,
        rule=_("Up to 500 services, 500 KB in total, each with an id and a type of up to 64 characters."),
        source=CREATE_PRODUCT,
    ),
    _named("manufacturer_name", 32, _("Up to 32 letters (including Chinese), digits and _?'#().,&%@!-.")),
    _named("industry", 64, _("Up to 64 letters (including Chinese), digits and _?'#().,&%@!-.")),
    Field(
        name="description",
        kind=str,
        max_length=128,
        pattern=_TEXT,
        pattern_text=_TEXT_TEXT,
        rule=_("Up to 128 letters (including Chinese), digits, blanks and punctuation marks."),
        source=CREATE_PRODUCT,
    ),
    app_id(CREATE_PRODUCT),
)
