"""The control plane, `/_emulator/`: loopback only (server.py sees to it), never logged, never at fault."""

from portal.emulator import account, auth, snapshot
from portal.emulator.enos.secret import private_key_pem
from portal.emulator.enos.tokens import seen
from portal.emulator.faults import faults, read_rule
from portal.emulator.knobs import knobs
from portal.emulator.log import log
from portal.emulator.models import (
    Device,
    EnosDevice,
    EnosProduct,
    Group,
    Policy,
    Product,
    RomaApp,
    RomaGroup,
    SoftBus,
    Space,
)
from portal.emulator.wire import Unreadable, read_json, reply


def reset(request):
    """Back to the demo account: data, log, settings and faults."""
    faults.reset()
    account.restore()
    auth.forget_tokens()
    knobs.reset()
    auth.failures.clear()
    seen.clear()
    log.clear()
    return reply(204)


def requests(request):
    since = request.GET.get("since", "0")
    number = int(since) if since.isdecimal() and len(since) < 16 else 0
    return reply(200, [entry.as_json() for entry in log.since(number)])


def show_settings(request):
    return reply(200, {**knobs.values, "speed": knobs.speed})


def put_settings(request):
    try:
        knobs.update(read_json(request))
    except (Unreadable, ValueError) as error:
        return reply(400, {"error": str(error)})
    return show_settings(request)


def show_faults(request):
    return reply(200, [rule.as_json() for rule in faults.rules])


def put_faults(request):
    try:
        data = read_json(request)
        if not isinstance(data, list):
            raise ValueError("faults are a list of rules")
        rules = [read_rule(item) for item in data]
    except (Unreadable, ValueError) as error:
        return reply(400, {"error": str(error)})
    if any(rule.fault == "stale_listing" for rule in rules):
        snapshot.take()
    faults.replace(rules)
    return show_faults(request)


def state(request):
    """Per kind: how many, their ids and names in the order they were made. Built-in policies stand apart."""
    policies = Policy.objects.filter(built_in=False)
    return reply(
        200,
        {
            "iotda/spaces": _listed(Space.objects, "app_id", "app_name"),
            "iotda/products": _listed(Product.objects, "product_id", "name"),
            "iotda/devices": _listed(Device.objects, "device_id", "device_name"),
            "iotda/device-groups": _listed(Group.objects, "group_id", "name"),
            "iotda/soft-buses": _listed(SoftBus.objects, "bus_id", "bus_name"),
            "iotda/policies": _listed(policies, "policy_id", "policy_name"),
            "iotda/built-in-policies": _listed(
                Policy.objects.filter(built_in=True), "policy_id", "policy_name"
            ),
            "roma/apps": _listed(RomaApp.objects, "app_id", "name"),
            "roma/device-groups": _listed(RomaGroup.objects, "id", "name"),
            "enos/products": _listed(EnosProduct.objects, "product_key", "product_name"),
            "enos/devices": _listed(EnosDevice.objects, "asset_id", "device_key"),
            "requests": log.count,
        },
    )


def _listed(rows, id_field, name_field):
    pairs = list(rows.order_by("pk").values_list(id_field, name_field))
    return {"count": len(pairs), "ids": [pair[0] for pair in pairs], "names": [pair[1] for pair in pairs]}


def key(request):
    """The private key that opens what `requireSecret` returns, as the EnOS console would hand it out."""
    return reply(200, {"private_key": private_key_pem()})
