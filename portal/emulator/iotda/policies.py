"""Device policies. Only the standard and enterprise editions have them.

Source: "Create a Device Policy" and "Update Device Policy Information", 2024-12-31. The limits (10
statements, 10 KB) are from the user guide.
"""

import uuid

from portal.emulator import account, filling
from portal.emulator.iotda import call, in_space, paged, read_body, refuse, space_of
from portal.emulator.knobs import knobs
from portal.emulator.models import Policy, Space, writing
from portal.emulator.resource import Neighbour, Objects, Resource, by, new_name
from portal.emulator.wire import reply, utc_stamp
from portal.platforms.iotda.contract import policies as rules

NO_POLICY = "IOTDA.017001"  # convention
TOO_MANY = "IOTDA.017002"  # convention


def _item(policy):
    return {
        "app_id": policy.space.app_id,
        "policy_id": policy.policy_id,
        "policy_name": policy.policy_name,
        "create_time": policy.create_time,
        "update_time": policy.update_time,
    }


def _whole(policy):
    return {**_item(policy), "statement": policy.statement}


def _with_split_actions(body):
    if "statement" not in body:
        return body
    return {**body, "statement": rules.split_actions(body["statement"])}


def _stored(statement):
    """Each statement with its documented members only."""
    return [{name: item[name] for name in ("effect", "actions", "resources")} for item in statement]


@call(write=True, has_policies=True)
def create_policy(request, caller):
    data = read_body(request, rules.CREATE, _with_split_actions)
    statement = _stored(data["statement"])
    with writing():
        space = space_of(data.get("app_id"))
        if Policy.objects.filter(built_in=False).count() >= knobs.limit("policies"):
            raise refuse(
                403, TOO_MANY, f"The maximum number of policies ({knobs.limit('policies')}) is reached."
            )
        now = utc_stamp()
        policy = Policy.objects.create(
            space=space,
            policy_id=uuid.uuid4().hex[:24],
            policy_name=data["policy_name"],
            statement=statement,
            create_time=now,
            update_time=now,
        )
    return reply(201, _whole(policy))


@call(has_policies=True)
def list_policies(request, caller):
    """The items of the list carry no statement."""
    rows = in_space(request, Policy.objects.select_related("space"))
    if request.GET.get("policy_name"):
        rows = rows.filter(policy_name__contains=request.GET["policy_name"])
    return reply(200, paged(request, rows, "policies", _item))


def find_policy(policy_id):
    policy = Policy.objects.select_related("space").filter(policy_id=policy_id).first()
    if policy is None:
        raise refuse(404, NO_POLICY, "The device policy does not exist.", f"policy_id: {policy_id}")
    return policy


@call(has_policies=True)
def show_policy(request, caller, policy_id):
    return reply(200, _whole(find_policy(policy_id)))


@call(write=True, has_policies=True)
def update_policy(request, caller, policy_id):
    """What the body leaves out stays as it is. Even an empty object changes `update_time`."""
    data = read_body(request, rules.UPDATE, _with_split_actions)
    with writing():
        policy = find_policy(policy_id)
        policy.policy_name = data.get("policy_name", policy.policy_name)
        if "statement" in data:
            policy.statement = _stored(data["statement"])
        policy.update_time = utc_stamp()
        policy.save()
    return reply(200, _whole(policy))


@call(write=True, has_policies=True)
def delete_policy(request, caller, policy_id):
    with writing():
        find_policy(policy_id).delete()
    return reply(204)


def create_default_policy(space, policy_id, now):
    """The `system_default_policy` that each space gets. It allows everything."""
    actions = ["iotda:devices:publish", "iotda:devices:subscribe"]
    Policy.objects.create(
        space=space,
        policy_id=policy_id,
        policy_name="system_default_policy",
        statement=[{"effect": "ALLOW", "actions": actions, "resources": ["topic:#"]}],
        built_in=True,
        create_time=now,
        update_time=now,
    )


def seed():
    for number, space in enumerate(Space.objects.order_by("pk"), 1):
        create_default_policy(space, f"5c90fa7d3c4e4405e852{number:04x}", account.SEED_TIME)


def _renewed(policy):
    now = utc_stamp()
    return {
        "policy_id": uuid.uuid4().hex[:24],
        "policy_name": new_name(policy.policy_name, 128),
        "built_in": False,
        "create_time": now,
        "update_time": now,
    }


def fill(count):
    space, first, now = space_of(account.DEFAULT_SPACE), Policy.objects.count(), utc_stamp()
    filling.store(
        Policy(
            space=space,
            policy_id=uuid.uuid4().hex[:24],
            policy_name=filling.name(number),
            statement=[
                {
                    "effect": "ALLOW",
                    "actions": ["iotda:devices:publish"],
                    "resources": [f"topic:/plant/{number}/#"],
                }
            ],
            create_time=now,
            update_time=now,
        )
        for number in range(first, first + count)
    )


RESOURCE = Resource(
    slug="iotda/policies",
    urls={
        "device-policies": by(GET=list_policies, POST=create_policy),
        "device-policies/<str:policy_id>": by(GET=show_policy, PUT=update_policy, DELETE=delete_policy),
    },
    tables=(Policy,),
    seed=seed,
    listing=list_policies,
    neighbour=Neighbour(table=Policy, member="policy_id", column="policy_id", renewed=_renewed),
    state={
        "iotda/policies": Objects(Policy.objects.filter(built_in=False), "policy_id", "policy_name"),
        "iotda/built-in-policies": Objects(Policy.objects.filter(built_in=True), "policy_id", "policy_name"),
    },
    limits={"policies": rules.PER_INSTANCE_MAX},
    fill={"policies": fill},
)
