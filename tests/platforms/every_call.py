"""Every call that the clients make: how it is made, what a good answer to it is, what twice would do."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from portal.platforms.client import Repeat
from portal.platforms.enos.client import EnOS
from portal.platforms.iotda.client import IoTDA
from portal.platforms.roma.client import ROMA
from portal.platforms.signing import EnosAuth, MemoryTokenStore, SdkHmac, Token
from tests.platforms.conftest import ENOS_KEYS, KEYS, PROJECT, token_auth

READ, SAME, NEVER = Repeat.READ, Repeat.SAME, Repeat.NEVER

# What an answer must hold: an object, nothing, EnOS's envelope alone, or a token.
OBJECT, NOTHING, ENVELOPE, IAM_TOKEN, ENOS_TOKEN = "object", "nothing", "envelope", "IAM token", "EnOS token"


@dataclass(frozen=True)
class Spec:
    """`good` is the JSON of a good answer (None: an empty one), `id` the way in it to the object's id."""

    platform: str
    name: str
    run: Callable
    repeat: Repeat
    needs: str
    good: object = None
    id: tuple = ()
    status: int = 200

    def __str__(self):
        return f"{self.platform} {self.name}"

    @property
    def signs_in(self):
        return self.needs in (IAM_TOKEN, ENOS_TOKEN)

    @property
    def headers(self):
        return {"X_Subject_Token": "token"} if self.needs == IAM_TOKEN else {}

    def good_text(self):
        return "" if self.good is None else json.dumps(self.good)


def client_of(spec, url, **options):
    """A client that has a token where it needs one, unless signing in is what is tried."""
    if spec.platform == "enos":
        auth = EnosAuth(MemoryTokenStore(), *ENOS_KEYS)
        make, ids = EnOS, {"org_id": "o15000000000001"}
    else:
        by_keys = spec.platform == "iotda" and not spec.signs_in
        auth = SdkHmac(*KEYS) if by_keys else token_auth(url)
        make, ids = (IoTDA, {}) if spec.platform == "iotda" else (ROMA, {"instance_id": "i"})
        ids = {"project_id": PROJECT, **ids}
    if auth.renewable and not spec.signs_in:
        auth._store.renew(auth._name, lambda: Token("good", 9e9), None)
    return make(url, auth, **ids, **options)


def is_for_token(got):
    return "/auth/tokens" in got.target or "/apim-token-service/" in got.target


TOKEN = {"token": {"issued_at": "2026-01-30T08:09:10.000000Z", "expires_at": "2026-01-31T08:09:10.000000Z"}}
ENOS_TOKEN_BODY = {"status": 0, "msg": "SUCCESS", "data": {"accessToken": "token", "expire": 7200}}
POLICY = {"policy_name": "P", "statement": []}
BUS = {"bus_name": "B"}
GROUP = {"name": "G", "description": ""}
ROMA_GROUP = {"parent_id": 0, "name": "gg", "app_id": "a"}
DEVICE = {"product_key": "p", "device_name": {"defaultValue": "D"}, "timezone": "+08:00", "device_key": "k"}

GROUP_BODY = {"group_id": "04ab", "name": "G"}
BUS_BODY = {"bus_id": "04ab", "bus_name": "B"}
POLICY_BODY = {"policy_id": "5c90", "policy_name": "P", "statement": []}
ROMA_BODY = {"id": 10002, "name": "gg", "parent_id": 0}
KEYS_BODY = {"assetId": "oj7x", "productKey": "p", "deviceKey": "k"}


def page(items, body):
    """A page of IoTDA with one object, the only one."""
    return {items: [body], "page": {"count": 1, "marker": "m"}}


def enveloped(data=None, **more):
    return {"code": 0, "msg": "OK", "requestId": "r", "data": data, **more}


def searched(body):
    return enveloped([body], pagination={"pageNo": 1, "pageSize": 10, "totalSize": 1})


def iotda(name, run, repeat, good=None, id=(), needs=OBJECT):
    return Spec("iotda", name, run, repeat, needs, good, id)


def roma(name, run, repeat, good=None, id=(), needs=OBJECT):
    return Spec("roma", name, run, repeat, needs, good, id)


def enos(name, run, repeat, good=None, id=(), needs=OBJECT):
    return Spec("enos", name, run, repeat, needs, good, id)


def read_only(collection, items, id_name, **filters):
    """The two calls of an IoTDA collection that is only read."""
    body = {id_name: "04ab"}
    return (
        iotda(
            f"list {collection}",
            lambda c: getattr(c, collection).list(**filters),
            READ,
            page(items, body),
            (items, 0, id_name),
        ),
        iotda(f"get {collection}", lambda c: getattr(c, collection).get("04ab"), READ, body, (id_name,)),
    )


SPECS = (
    Spec("iotda", "sign in", lambda c: c.sign_in(), NEVER, IAM_TOKEN, TOKEN, status=201),
    iotda("update policies", lambda c: c.policies.update("1", POLICY), SAME, POLICY_BODY, ("policy_id",)),
    iotda("create soft_buses", lambda c: c.soft_buses.create(BUS), NEVER, BUS_BODY, ("bus_id",)),
    *read_only("soft_buses", "harmony_soft_buses", "bus_id"),
    iotda("delete soft_buses", lambda c: c.soft_buses.delete("1"), SAME, needs=NOTHING),
    iotda("sync soft_buses", lambda c: c.send(c.soft_buses.sync_call("1")), NEVER, needs=NOTHING),
    *read_only("spaces", "applications", "app_id"),
    *read_only("device_groups", "device_groups", "group_id", app_id="a"),
    iotda("create device_groups", lambda c: c.device_groups.create(GROUP), NEVER, GROUP_BODY, ("group_id",)),
    iotda(
        "update device_groups", lambda c: c.device_groups.update("1", GROUP), SAME, GROUP_BODY, ("group_id",)
    ),
    iotda("delete device_groups", lambda c: c.device_groups.delete("1"), SAME, needs=NOTHING),
    *read_only("policies", "policies", "policy_id"),
    iotda("create policies", lambda c: c.policies.create(POLICY), NEVER, POLICY_BODY, ("policy_id",)),
    iotda("delete policies", lambda c: c.policies.delete("1"), SAME, needs=NOTHING),
    *read_only("products", "products", "product_id"),
    *read_only("devices", "devices", "device_id"),
    Spec("roma", "sign in", lambda c: c.sign_in(), NEVER, IAM_TOKEN, TOKEN, status=201),
    roma(
        "list device_groups",
        lambda c: c.device_groups.list(app_id="a"),
        READ,
        {"size": 1, "items": [{**ROMA_BODY, "children": []}]},
        ("items", 0, "id"),
    ),
    roma(
        "update device_groups",
        lambda c: c.device_groups.update("10002", ROMA_GROUP),
        SAME,
        ROMA_BODY,
        ("id",),
    ),
    roma("create device_groups", lambda c: c.device_groups.create(ROMA_GROUP), NEVER, ROMA_BODY, ("id",)),
    roma("get device_groups", lambda c: c.device_groups.get("10002"), READ, ROMA_BODY, ("id",)),
    roma("delete device_groups", lambda c: c.device_groups.delete("10002"), SAME, needs=NOTHING),
    roma("list apps", lambda c: c.apps.list(), READ, {"total": 1, "apps": [{"id": "a"}]}, ("apps", 0, "id")),
    roma("get apps", lambda c: c.apps.get("a"), READ, {"id": "a"}, ("id",)),
    Spec(
        "enos", "sign in", lambda c: c.sign_in(), NEVER, ENOS_TOKEN, ENOS_TOKEN_BODY, ("data", "accessToken")
    ),
    enos("get devices", lambda c: c.devices.get("1"), READ, enveloped(KEYS_BODY), ("data", "assetId")),
    enos("update devices", lambda c: c.devices.update("1", DEVICE), SAME, enveloped(), needs=ENVELOPE),
    enos(
        "create devices", lambda c: c.devices.create(DEVICE), NEVER, enveloped(KEYS_BODY), ("data", "assetId")
    ),
    enos("delete devices", lambda c: c.devices.delete("1"), SAME, enveloped(), needs=ENVELOPE),
    enos("list devices", lambda c: c.devices.list(), READ, searched(KEYS_BODY), ("data", 0, "assetId")),
    enos(
        "get devices by key",
        lambda c: c.devices.get_by_key("p", "k"),
        READ,
        enveloped(KEYS_BODY),
        ("data", "assetId"),
    ),
    enos(
        "list products",
        lambda c: c.products.list(),
        READ,
        searched({"productKey": "p"}),
        ("data", 0, "productKey"),
    ),
    enos(
        "get products",
        lambda c: c.products.get("p"),
        READ,
        enveloped({"productKey": "p"}),
        ("data", "productKey"),
    ),
    enos("get models", lambda c: c.models.get("m"), READ, enveloped({"modelId": "m"}), ("data", "modelId")),
)


def one_of_each():
    """The first call of each platform that may be repeated alike and needs the same of its answer."""
    found = {}
    for spec in SPECS:
        found.setdefault((spec.platform, spec.repeat, spec.needs), spec)
    return tuple(found.values())
