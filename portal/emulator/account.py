"""The demo account: who may sign in, and the ids that every client may rely on. All of it is public.

What the account owns is seeded by the resources: see `seed` in their files.
"""

from dataclasses import dataclass

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
ENOS_PRODUCT = "prodKey1"

# When everything in the account was made, in the formats of the three clouds.
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
    """A Huawei access key. A temporary one has a `security_token`."""

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
