from portal.platforms.client import Repeat
from tests.support.account import SECOND_SPACE
from tests.support.example import Call, Example
from tests.support.oddities import Oddities

POLICIES = "/v5/iot/{project_id}/device-policies"
DEVICE = "5ba24f5ebbe8f56f5a14f605_node-1"
ONE_DEVICE = {"target_type": "device", "target_ids": [DEVICE]}
ENDED = {"policy_id": "5c90", "target_type": "device", "success_targets": [DEVICE], "failure_targets": []}
BODY = {"policy_id": "5c90", "policy_name": "P", "statement": []}
TOPIC = "topic:/v1/${devices.deviceId}/test/hello"
PUBLISH, SUBSCRIBE = "iotda:devices:publish", "iotda:devices:subscribe"
STATEMENT = [{"effect": "ALLOW", "actions": [PUBLISH, SUBSCRIBE], "resources": [TOPIC]}]
TWO_STATEMENTS = [
    *STATEMENT,
    {"effect": "DENY", "actions": [SUBSCRIBE], "resources": ["topic:/a", "topic:/b"]},
]


def type_in(page, values):
    page.locator("[name=policy_name]").fill(values["policy_name"])
    page.get_by_label(PUBLISH).check()
    page.get_by_label(SUBSCRIBE).check()
    page.get_by_label("Resources (one per line)").fill(values["resources"])


def ended(verb):
    def run(policies):
        call = getattr(policies, f"{verb}_call")("5c90", ONE_DEVICE)
        return policies.endings("5c90", policies.client.send(call), ONE_DEVICE)

    return run


def bound_to(policies, id):
    return {"targets": [item["target_id"] for item in policies.targets(id).items]}


EXAMPLE = Example(
    slug="iotda/policies",
    calls={
        "list": Call(
            method="GET",
            path=POLICIES,
            good={"policies": [{"policy_id": "5c90"}], "page": {"count": 1, "marker": "m"}},
            id=("policies", 0, "policy_id"),
        ),
        "get": Call(method="GET", path=f"{POLICIES}/{{id}}", good=BODY, id=("policy_id",)),
        "create": Call(method="POST", path=POLICIES, good=BODY, id=("policy_id",)),
        "update": Call(method="PUT", path=f"{POLICIES}/{{id}}", good=BODY, id=("policy_id",)),
        "delete": Call(method="DELETE", path=f"{POLICIES}/{{id}}"),
        "bind": Call(
            method="POST", path=f"{POLICIES}/{{id}}/bind", good=ENDED, id=("policy_id",), run=ended("bind")
        ),
        "unbind": Call(
            method="POST",
            path=f"{POLICIES}/{{id}}/unbind",
            good=ENDED,
            id=("policy_id",),
            run=ended("unbind"),
        ),
        "targets": Call(
            method="POST",
            path=f"{POLICIES}/{{id}}/list-targets",
            good={"targets": [{"target_type": "device", "target_id": DEVICE}], "page": {"count": 1}},
            id=("targets", 0, "target_id"),
            repeat=Repeat.READ,
            run=lambda policies: policies.targets("1"),
        ),
    },
    create={"policy_name": "allow-hello", "statement": STATEMENT},
    named_by="policy_name",
    varieties={
        "in another space": {"policy_name": "hello", "statement": STATEMENT, "app_id": SECOND_SPACE},
        "two statements": {"policy_name": "hello", "statement": TWO_STATEMENTS},
    },
    update={"policy_name": "deny-hello", "statement": [STATEMENT[0] | {"effect": "DENY"}]},
    verbs={"bind": ONE_DEVICE, "unbind": ONE_DEVICE},
    readied={"unbind": lambda policies, id: policies.client.send(policies.bind_call(id, ONE_DEVICE))},
    reads=dict.fromkeys(("bind", "unbind"), bound_to),
    may={"bind": "manager", "unbind": "manager"},
    effects={
        "bind": lambda seen: DEVICE in seen["targets"],
        "unbind": lambda seen: DEVICE not in seen["targets"],
    },
    unprovable={("create", True): "no document says that names are unique"},
    by_hand={"policy_name": "allow-hello", "resources": TOPIC},
    type_in=type_in,
    by_keyboard={
        "policy_name": "allow-hello",
        PUBLISH: "Space",
        "statement-0-resources": TOPIC,
    },
    in_json={"statement": "test/hello"},
    broken={"policy_name": "no spaces allowed"},
    oddities=Oddities(texts={"resources": "topic:/changed"}),
)
