import json

from hypothesis import strategies as st

from portal.platforms.client import Repeat
from tests.support.account import PRODUCT
from tests.support.example import Call, Example
from tests.support.oddities import Oddities, Surroundings

DEVICES = "/connect-service/v2.4/devices"
OLDER_DEVICES = "/connect-service/v2.1/devices"
BODY = {"assetId": "oj7x", "productKey": "p", "deviceKey": "k"}
STATISTICS = {"totalCount": 9, "onlineCount": 2, "offlineCount": 3, "inactiveCount": 4, "disabledCount": 0}
ENVELOPE = {"code": 0, "msg": "OK", "requestId": "r"}
CREATE = {
    "product_key": PRODUCT,
    "device_key": "pump-0001",
    "device_name": {"defaultValue": "Pump 1", "i18nValue": {"zh_CN": "泵"}},
    "timezone": "+08:00",
    "device_attributes": {"serial": 111111},
}


def create_one_in_a_batch(devices):
    """The device of BODY, which has to be in the answer."""
    data = {"devices": [{"product_key": "p", "device_key": "k", "device_name": {"defaultValue": "K"}}]}
    (made,) = devices.created_batch(devices.client.send(devices.create_batch_call(data)), data)
    if isinstance(made, Exception):
        raise made
    return made


# A thing model that a product may have: data type -> (what its values are, a good text for one).
MODELS = "/model-service/v2.1/thing-models"
DATA_TYPES = {
    "STRING": (str, "changed-1"),
    "INT": (int, "424242"),
    "FLOAT": (float, "42.5"),
    "DOUBLE": (float, "42.5"),
    "BOOL": (bool, "true"),
    "DATE": (str, "2026-01-02"),
    "TIMESTAMP": (int, "1700000000000"),
    "ENUM": (str, "changed-1"),
    "ARRAY": (list, "[424242]"),
    "STRUCT": (dict, '{"changed-1": 1}'),
}
ODD_TYPES = ("", "VECTOR", "String", "int", "Bool", "enum", 5, None)
ATTRIBUTES = ("serial", "kind", "flag", "Flag", "note", "day", "a.b", "0-key", "count")
LOCALES = ("zh_CN", "en_US", "zh-CN", "de", "i18nValue")


class Model(Surroundings):
    """The thing model of the product: it decides which attributes have an input, and of which type."""

    def __init__(self, attributes):
        self.attributes = attributes
        data = {"modelId": "m", "name": {"defaultValue": "m"}, "attributes": attributes}
        body = json.dumps({**ENVELOPE, "data": data})
        self.rules = [{"match": {"path": MODELS}, "fault": "answer", "status": 200, "body": body}]

    def __repr__(self):
        return f"Model({self.attributes!r})"

    def text_for(self, control, shown):
        data_type = self._data_type(control)
        return DATA_TYPES[data_type][1] if data_type in DATA_TYPES else None

    def is_odd(self, control, shown):
        """Is the value there of another type than the model's, so that the portal must keep or change it?"""
        values, data_type = shown.get("deviceAttributes"), self._data_type(control)
        name = _attribute(control)
        if not isinstance(values, dict) or name not in values or data_type not in DATA_TYPES:
            return False
        return type(values[name]) is not DATA_TYPES[data_type][0]

    def _data_type(self, control):
        attribute = self.attributes.get(_attribute(control))
        return str(attribute["dataType"]).upper() if attribute else None


def _attribute(control):
    return control.removeprefix("device_attributes-")


def models():
    a_type = st.one_of(st.sampled_from(tuple(DATA_TYPES)), st.sampled_from(ODD_TYPES))
    attribute = st.fixed_dictionaries(
        {"dataType": a_type}, optional={"isRequired": st.just(False), "name": st.just({"defaultValue": "N"})}
    )
    return st.dictionaries(st.sampled_from(ATTRIBUTES), attribute, max_size=5).map(Model)


def disabled(devices, id):
    devices.client.send(devices.disable_call(id))


def type_in(page, values):
    page.locator("#form [name=device_key]").fill(values["device_key"])
    page.locator("#form [name=timezone]").select_option(values["timezone"])
    page.get_by_label("Default name").fill(values["name"])
    page.get_by_label("Chinese").fill(values["chinese"])
    page.locator("[name=device_attributes-serial]").fill(values["serial"])
    page.get_by_label("Key of tag 1").fill("site")
    page.get_by_label("Value of tag 1").fill("Plant 3")


EXAMPLE = Example(
    slug="enos/devices",
    calls={
        "list": Call(
            method="POST",
            path=DEVICES,
            query="action=search",
            repeat=Repeat.READ,
            good={**ENVELOPE, "data": [BODY], "pagination": {"pageNo": 1, "pageSize": 10, "totalSize": 1}},
            id=("data", 0, "assetId"),
        ),
        "list by expression": Call(
            method="POST",
            path=DEVICES,
            query="action=search",
            repeat=Repeat.READ,
            good={**ENVELOPE, "data": [BODY], "pagination": {"pageNo": 1, "pageSize": 10, "totalSize": 1}},
            id=("data", 0, "assetId"),
            run=lambda devices: devices.list_by_expression('assetId = "p"'),
        ),
        "create batch": Call(
            method="POST",
            path=DEVICES,
            query="action=batchCreate",
            good={
                **ENVELOPE,
                "data": [{"code": 0, "msg": "OK", "data": BODY}],
                "successSize": 1,
                "totalSize": 1,
            },
            id=("data", 0, "data", "assetId"),
            run=create_one_in_a_batch,
        ),
        "get": Call(
            method="GET",
            path=DEVICES,
            query="action=get",
            good={**ENVELOPE, "data": BODY},
            id=("data", "assetId"),
        ),
        "get_by_key": Call(
            method="GET",
            path=DEVICES,
            query="action=get",
            good={**ENVELOPE, "data": BODY},
            id=("data", "assetId"),
            run=lambda devices: devices.get_by_key("p", "k"),
        ),
        "create": Call(
            method="POST",
            path=DEVICES,
            query="action=create",
            good={**ENVELOPE, "data": BODY},
            id=("data", "assetId"),
        ),
        # These exist in v2.1 of the API only.
        "update": Call(
            method="POST",
            path=OLDER_DEVICES,
            query="action=update",
            repeat=Repeat.SAME,
            good={**ENVELOPE, "data": None},
            resets="isPatchUpdate=false",
        ),
        "delete": Call(
            method="POST",
            path=OLDER_DEVICES,
            query="action=delete",
            repeat=Repeat.SAME,
            good={**ENVELOPE, "data": None},
        ),
        "get_statistics": Call(
            method="GET",
            path=OLDER_DEVICES,
            query="action=getStats",
            good={**ENVELOPE, "data": STATISTICS},
            id=("data", "totalCount"),
            run=lambda devices: devices.get_statistics("p"),
        ),
        "replace": Call(
            method="POST",
            path=DEVICES,
            query="action=replaceDevice",
            good={**ENVELOPE, "data": BODY},
            id=("data", "assetId"),
            run=lambda devices: devices.replace("oj7x", {"device_key": "k"}),
        ),
        "enable": Call(
            method="POST", path=OLDER_DEVICES, query="action=enable", good={**ENVELOPE, "data": None}
        ),
        "disable": Call(
            method="POST", path=OLDER_DEVICES, query="action=disable", good={**ENVELOPE, "data": None}
        ),
    },
    create=CREATE,
    named_by="device_key",
    shown_as="Pump 1",
    varieties={
        "the least": {
            "product_key": PRODUCT,
            "device_key": "pump-0001",
            "device_name": {"defaultValue": "Pump 1"},
            "timezone": "Europe/Berlin",
        },
        "secrets": {
            **CREATE,
            "device_tags": {"password": "hunter2-5f1c7a", "line": "4"},
            "require_secret": True,
        },
    },
    update={
        "device_name": {"defaultValue": "Pump 2", "i18nValue": {"zh_CN": "泵二"}},
        "timezone": "Europe/Berlin",
        "device_desc": "moved to hall 2",
        "device_attributes": {"serial": 222222},
        "device_tags": {"hall": "2"},
    },
    verbs={
        "enable": {},
        "disable": {},
        "replace": {"device_key": "pump-0001-b", "require_secret": True},
    },
    may={"enable": "operator", "disable": "manager", "replace": "manager"},
    effects={
        "enable": lambda seen: seen["status"] == "inactive",
        "disable": lambda seen: seen["status"] == "disabled",
        "replace": lambda seen: seen["device_key"] == "pump-0001-b",
    },
    readied={"enable": disabled},
    wire={
        "product_key": "productKey",
        "device_key": "deviceKey",
        "device_name": "deviceName",
        "device_desc": "deviceDesc",
        "device_attributes": "deviceAttributes",
        "device_tags": "deviceTags",
        "require_secret": "requireSecret",
    },
    renamed=lambda to: {"device_name": {"defaultValue": to}},
    secrets=("password",),
    shown_once=("deviceSecret", "sessionKey"),
    by_hand={
        "device_key": "pump-0001",
        "name": "Pump 1",
        "chinese": "泵",
        "timezone": "+08:00",
        "serial": "111111",
    },
    type_in=type_in,
    by_keyboard={
        "device_name-default": "Pump 1",
        "timezone": "ArrowDown",
        "device_attributes-serial": "111111",
        "require_secret": "Space",
    },
    in_json={"device_name": "泵", "device_tags": "Plant"},
    broken={"device_key": "no spaces allowed"},
    oddities=Oddities(
        words=(*ATTRIBUTES, *LOCALES, "+08:00", "Europe/Berlin"),
        broken={"device_name-default": "x" * 65},
        surroundings=models(),
    ),
)
