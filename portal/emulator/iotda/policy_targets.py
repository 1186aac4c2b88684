"""What device policies are bound to: devices, products and resource spaces.

Source: "Bind a Device Policy" and "Unbind a Device Policy", 2025-12 (20 ids in a call), and the user guide (5
policies for a device or product). Conventions where the documents are silent:
- A target must be in the policy's resource space; one that is not, or does not exist, fails alone.
- Binding what is bound already succeeds. Unbinding what is not bound fails.
- A target that is deleted is bound to nothing any more.
"""

from portal.emulator.iotda import call, paged, read_body
from portal.emulator.iotda.policies import find_policy
from portal.emulator.knobs import knobs
from portal.emulator.models import Device, Policy, PolicyTarget, Product, writing
from portal.emulator.resource import Objects, Resource, by
from portal.emulator.wire import reply
from portal.platforms.iotda.contract import policies as rules

NO_TARGET = "IOTDA.017003"  # convention
TOO_MANY = "IOTDA.017004"  # convention
NOT_BOUND = "IOTDA.017005"  # convention


def _exists(policy, kind, id):
    if kind == "app":
        return policy.space.app_id == id
    if kind == "device":
        return Device.objects.filter(space=policy.space, device_id=id).exists()
    return Product.objects.filter(space=policy.space, product_id=id).exists()


def _is_full(policy, kind, id):
    others = Policy.objects.filter(policytarget__target_type=kind, policytarget__target_id=id)
    return kind != "app" and others.exclude(pk=policy.pk).count() >= knobs.limit("policies_per_target")


def _bind(policy, kind, id):
    """(code, message) of why it fails, ("", "") when it is bound."""
    if not _exists(policy, kind, id):
        return NO_TARGET, f"The {kind} does not exist in the resource space of the policy."
    if _is_full(policy, kind, id):
        return TOO_MANY, f"The {kind} has {knobs.limit('policies_per_target')} policies already."
    PolicyTarget.objects.get_or_create(policy=policy, target_type=kind, target_id=id)
    return "", ""


def _unbind(policy, kind, id):
    bound = PolicyTarget.objects.filter(policy=policy, target_type=kind, target_id=id)
    return ("", "") if bound.delete()[0] else (NOT_BOUND, f"The policy is not bound to the {kind}.")


def _each(request, policy_id, fields, do):
    """A refusal of one target is no refusal of the call: it answers 200."""
    data = read_body(request, fields)
    kind, done, failed = data["target_type"], [], []
    with writing():
        policy = find_policy(policy_id)
        for id in dict.fromkeys(data["target_ids"]):
            code, message = do(policy, kind, id)
            if code:
                failed.append({"target_id": id, "error_code": code, "error_msg": message})
            else:
                done.append(id)
    ends = {"success_targets": done, "failure_targets": failed}
    return reply(200, {"policy_id": policy_id, "target_type": kind, **ends})


@call(write=True, has_policies=True)
def bind(request, caller, policy_id):
    return _each(request, policy_id, rules.BIND, _bind)


@call(write=True, has_policies=True)
def unbind(request, caller, policy_id):
    return _each(request, policy_id, rules.UNBIND, _unbind)


@call(has_policies=True)
def list_targets(request, caller, policy_id):
    """Paging is in the body."""
    asked = read_body(request, rules.LISTED_TARGETS)
    rows = PolicyTarget.objects.filter(policy=find_policy(policy_id))
    if asked.get("target_type"):
        rows = rows.filter(target_type=asked["target_type"])
    return reply(200, paged(request, rows, "targets", _target, asked))


def _target(row):
    return {"target_type": row.target_type, "target_id": row.target_id}


def forget_target(kind, id, space):
    """Called where the target is deleted. The same product id may be in another space, too."""
    PolicyTarget.objects.filter(policy__space=space, target_type=kind, target_id=id).delete()


RESOURCE = Resource(
    slug="iotda/policy-targets",
    urls={
        "device-policies/<str:policy_id>/bind": by(POST=bind),
        "device-policies/<str:policy_id>/unbind": by(POST=unbind),
        "device-policies/<str:policy_id>/list-targets": by(POST=list_targets),
    },
    tables=(PolicyTarget,),
    state={"iotda/policy-targets": Objects(PolicyTarget.objects, "pk", "target_id")},
    limits={"policies_per_target": rules.PER_TARGET_MAX},
)
