"""The demo account: fixed, public, and all that a fresh data directory holds."""

from dataclasses import dataclass

from django.db import connection

from portal.emulator import models

DOMAIN = "demo-account"
DOMAIN_ID = "fedcba9876543210fedcba9876543210"
REGION = "cn-north-4"
PROJECT_ID = "0123456789abcdef0123456789abcdef"
IOTDA_INSTANCE = "demo-iotda-instance"
ROMA_INSTANCE = "demo-roma-instance"
ROMA_APP = "ef3845be-091a-4ab5-869a-9de0025e2165"
ROMA_ROOT_GROUP = 10001
ENOS_ORG = "o15000000000001"

DEFAULT_SPACE = "jeQDJQZltU8iKgFFoW060F5SGZka"
SECOND_SPACE = "secondSpace0000000000000000"
GROUP_ID = "04ed32dc1b0025b52fe3c01a27c2b0a8"
PRODUCT_ID = "5ba24f5ebbe8f56f5a14f605"
ENOS_PRODUCT = "prodKey1"
ENOS_MODEL = "demoModel"
SEED_TIME = "20260101T000000Z"
SEED_TIME_ISO = "2026-01-01T00:00:00Z"
SEED_TIME_MS = 1_767_225_600_000


@dataclass(frozen=True)
class User:
    name: str
    user_id: str
    password: str
    may_write: bool


@dataclass(frozen=True)
class Key:
    """A Huawei access key; `security_token` is set for a temporary one."""

    access: str
    secret: str
    user: User
    security_token: str = ""


@dataclass(frozen=True)
class App:
    """An EnOS application (service account)."""

    key: str
    secret: str
    has_key_pair: bool
    may_write: bool


WRITER = User("demo-user", "00000000000000000000000000000001", "Demo-pass-1", True)
READER = User("demo-reader", "00000000000000000000000000000002", "Demo-pass-2", False)
USERS = {user.name: user for user in (WRITER, READER)}

KEYS = {
    key.access: key
    for key in (
        Key("DEMOAK0000000000EXMP", "DemoSK00000000000000000000000000000Exmpl", WRITER),
        Key(
            "DEMOTEMPAK0000000000",
            "DemoTempSK000000000000000000000000000Exmpl",
            WRITER,
            "demo-security-token",
        ),
        Key("DEMOREADAK0000000000", "DemoReadSK000000000000000000000000000Exmpl", READER),
    )
}

APPS = {
    app.key: app
    for app in (
        App("11111111-2222-4333-8444-555555555555", "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee", True, True),
        App("22222222-3333-4444-8555-666666666666", "bbbbbbbb-cccc-4ddd-8eee-ffffffffffff", False, True),
        App("33333333-4444-4555-8666-777777777777", "cccccccc-dddd-4eee-8fff-000000000000", True, False),
    )
}
FIRST_APP = APPS["11111111-2222-4333-8444-555555555555"]


def _attribute(identifier, name, data_type):
    return {
        "identifier": identifier,
        "name": {"defaultValue": name, "i18nValue": {}},
        "desc": "",
        "tags": {},
        "dataType": data_type,
        "unit": None,
        "isRequired": False,
    }


MODEL = {
    "modelId": ENOS_MODEL,
    "modelIdPath": f"/{ENOS_MODEL}",
    "orgId": ENOS_ORG,
    "name": {"defaultValue": "Demo model", "i18nValue": {"en_US": "Demo model", "zh_CN": "演示模型"}},
    "desc": "Model of the demo product",
    "tags": {},
    "attributes": {
        "serial": _attribute("serial", "Serial number", "INT"),
        "location": _attribute("location", "Location", "STRING"),
        "commissioned": _attribute("commissioned", "Commissioned", "BOOL"),
    },
    "measurepoints": {},
    "services": {},
    "events": {},
}

TABLES = (  # children before parents
    models.SoftBus,
    models.Group,
    models.Policy,
    models.Device,
    models.Product,
    models.Space,
    models.RomaGroup,
    models.RomaSequence,
    models.RomaApp,
    models.EnosDevice,
    models.EnosProduct,
    models.EnosModel,
    models.EnosToken,
    models.Token,
)


def restore():
    """Empty every table and put the demo account back, in one transaction (about 5 ms)."""
    with models.writing():
        with connection.cursor() as cursor:
            for table in TABLES:
                cursor.execute(f"DELETE FROM {table._meta.db_table}")
            cursor.execute("DELETE FROM sqlite_sequence WHERE name LIKE 'emulator\\_%' ESCAPE '\\'")
        _seed_iotda()
        _seed_roma()
        _seed_enos()


def is_empty():
    return not models.Space.objects.exists()


def _seed_iotda():
    default = models.Space.objects.create(
        app_id=DEFAULT_SPACE, app_name="DefaultApp", default_app=True, create_time=SEED_TIME
    )
    second = models.Space.objects.create(app_id=SECOND_SPACE, app_name="SecondApp", create_time=SEED_TIME)
    everything = [
        {
            "effect": "ALLOW",
            "actions": ["iotda:devices:publish", "iotda:devices:subscribe"],
            "resources": ["topic:#"],
        }
    ]
    for number, space in enumerate((default, second), 1):
        models.Policy.objects.create(
            space=space,
            policy_id=f"5c90fa7d3c4e4405e852{number:04x}",
            policy_name="system_default_policy",
            statement=everything,
            built_in=True,
            create_time=SEED_TIME,
            update_time=SEED_TIME,
        )
    models.Group.objects.create(
        space=default,
        group_id=GROUP_ID,
        name="DemoGroup",
        description="Group of the demo account",
        modified=SEED_TIME,
    )
    product = models.Product.objects.create(
        space=default,
        product_id=PRODUCT_ID,
        name="DemoProduct",
        device_type="Sensor",
        protocol_type="MQTT",
        data_format="json",
        service_capabilities=[
            {"service_id": "Meter", "service_type": "Meter", "properties": [], "commands": []}
        ],
        create_time=SEED_TIME,
    )
    for number in (1, 2):
        models.Device.objects.create(
            space=default,
            product=product,
            device_id=f"{PRODUCT_ID}_node-{number}",
            node_id=f"node-{number}",
            device_name=f"Demo device {number}",
            create_time=SEED_TIME,
        )


def _seed_roma():
    app = models.RomaApp.objects.create(app_id=ROMA_APP, name="DemoApp", create_time=SEED_TIME_ISO)
    models.RomaGroup.objects.create(
        id=ROMA_ROOT_GROUP,
        app=app,
        parent_id=0,
        name="root",
        description="Root group of the demo account",
        created_user=WRITER.name,
        last_updated_user=WRITER.name,
        created_datetime=SEED_TIME_ISO,
        last_updated_datetime=SEED_TIME_ISO,
    )


def _seed_enos():
    model = models.EnosModel.objects.create(model_id=ENOS_MODEL, org_id=ENOS_ORG, document=MODEL)
    product = models.EnosProduct.objects.create(
        org_id=ENOS_ORG,
        product_key=ENOS_PRODUCT,
        product_secret="DemoProductSecret000",
        product_name={
            "defaultValue": "Demo product",
            "i18nValue": {"en_US": "Demo product", "zh_CN": "演示产品"},
        },
        product_desc="Product of the demo account",
        model=model,
        create_time=SEED_TIME_MS,
    )
    for number in (1, 2):
        models.EnosDevice.objects.create(
            org_id=ENOS_ORG,
            asset_id=f"DemoAst{number}",
            product=product,
            device_key=f"demo-device-{number}",
            device_secret=f"DemoDeviceSecret000{number}",
            device_name={"defaultValue": f"Demo device {number}", "i18nValue": {}},
            timezone="+08:00",
            device_attributes={"serial": number},
            device_tags={},
            create_time=SEED_TIME_MS + number,
        )
