"""Every call that the clients make: how it is made, what a good answer to it is, what sending it twice does.

Those of kinds are made from their Examples; signing in, and things that are no kind, stand here.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from portal.platforms.client import Repeat
from portal.platforms.enos.client import EnOS
from portal.platforms.iotda.client import IoTDA
from portal.platforms.roma.client import ROMA
from portal.platforms.signing.enos import EnosAuth
from portal.platforms.signing.huawei import SdkHmac
from portal.platforms.signing.tokens import MemoryTokenStore, Token
from tests.examples import EXAMPLES
from tests.platforms.conftest import ENOS_KEYS, KEYS, PROJECT, token_auth
from tests.support.account import ROMA_INSTANCE
from tests.support.example import OBJECT, Made

READ, NEVER = Repeat.READ, Repeat.NEVER

# What the answer to a sign-in must hold; for other calls see tests/support/example.py.
IAM_TOKEN, ENOS_TOKEN = "IAM token", "EnOS token"


@dataclass(frozen=True)
class Spec:
    """One call. `run(client)` makes it; `repeat` says what sending it twice does.

    `good` is the JSON of a good answer (None: an empty one), `id` the way in it to the object's id, `needs`
    what the client needs of it. `call` is what the Example of a kind says, `is_change` the call of a verb.
    """

    platform: str
    name: str
    run: Callable
    repeat: Repeat
    needs: str
    good: object = None
    id: tuple = ()
    status: int = 200
    call: object = None
    is_change: bool = False
    removes: bool = False

    def __str__(self):
        return f"{self.platform} {self.name}"

    @property
    def signs_in(self):
        return self.needs in (IAM_TOKEN, ENOS_TOKEN)

    @property
    def is_list(self):
        return self.name.startswith("list ")

    @property
    def headers(self):
        return {"X_Subject_Token": "token"} if self.needs == IAM_TOKEN else {}

    def good_text(self):
        return "" if self.good is None else json.dumps(self.good)


def client_of(spec, url, **options):
    """A client for this call. It has a token if it needs one, except when the call is the sign-in."""
    if spec.platform == "enos":
        auth = EnosAuth(MemoryTokenStore(), *ENOS_KEYS)
        make, ids = EnOS, {"org_id": "o15000000000001"}
    else:
        by_keys = spec.platform == "iotda" and not spec.signs_in
        auth = SdkHmac(*KEYS) if by_keys else token_auth(url)
        make, ids = (IoTDA, {}) if spec.platform == "iotda" else (ROMA, {"instance_id": ROMA_INSTANCE})
        ids = {"project_id": PROJECT, **ids}
    if auth.renewable and not spec.signs_in:
        auth._store.renew(auth._name, lambda: Token("good", 9e9), None)
    return make(url, auth, **ids, **options)


def is_for_token(got):
    return "/auth/tokens" in got.target or "/apim-token-service/" in got.target


TOKEN = {"token": {"issued_at": "2026-01-30T08:09:10.000000Z", "expires_at": "2026-01-31T08:09:10.000000Z"}}
ENOS_TOKEN_BODY = {"status": 0, "msg": "SUCCESS", "data": {"accessToken": "token", "expire": 7200}}
SIGN_IN = (
    Spec("iotda", "sign in", lambda c: c.sign_in(), NEVER, IAM_TOKEN, TOKEN, status=201),
    Spec("roma", "sign in", lambda c: c.sign_in(), NEVER, IAM_TOKEN, TOKEN, status=201),
    Spec(
        "enos", "sign in", lambda c: c.sign_in(), NEVER, ENOS_TOKEN, ENOS_TOKEN_BODY, ("data", "accessToken")
    ),
)
# What the clients ask of things that are no kind of the portal.
NO_KIND = (
    Spec(
        "enos",
        "get models",
        lambda c: c.models.get("m"),
        READ,
        OBJECT,
        {"code": 0, "msg": "OK", "requestId": "r", "data": {"modelId": "m"}},
        ("data", "modelId"),
    ),
)


def as_usual(name, data):
    """How a call of that name is made, if its Example does not say how."""
    usual = {
        "list": lambda collection: collection.list(),
        "get": lambda collection: collection.get("1"),
        "create": lambda collection: collection.create(data),
        "update": lambda collection: collection.update("1", data),
        "delete": lambda collection: collection.delete("1"),
    }
    return usual.get(name) or (
        lambda collection: collection.client.send(
            getattr(collection, f"{name.replace('-', '_')}_call")("1", *([data] if data else []))
        )
    )


def spec_of(example, name):
    call, is_change = example.calls[name], name in example.changes
    data = example.data(name) if is_change else {}
    data = {field: "1" if isinstance(value, Made) else value for field, value in data.items()}
    run = call.run or as_usual(name, data)
    return Spec(
        example.platform,
        f"{re.sub('[_-]', ' ', name)} {example.collection}",
        lambda client: run(getattr(client, example.collection)),
        call.repeats,
        call.needs,
        call.good,
        call.id,
        call=call,
        is_change=is_change,
        removes=name == "delete",
    )


OF_KINDS = tuple(spec_of(example, name) for example in EXAMPLES.values() for name in example.calls)
SPECS = OF_KINDS + SIGN_IN + NO_KIND


def one_of_each():
    """For each platform, a list, and one other call for each way to repeat and each need of the answer."""
    found = {}
    for spec in SPECS:
        found.setdefault((spec.platform, spec.repeat, spec.needs, spec.is_list), spec)
    return tuple(found.values())
