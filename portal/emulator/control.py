"""The control plane, `/_emulator/`. server.py answers it on loopback only, and never logs or disturbs it."""

from portal.emulator import auth, catalogue, snapshot
from portal.emulator.enos.secret import private_key_pem
from portal.emulator.faults import faults, read_rule
from portal.emulator.knobs import knobs
from portal.emulator.log import log
from portal.emulator.wire import Unreadable, read_json, reply
from portal.emulator.writes import writes

PREFIX = "/_emulator/"


def reset(request):
    """Back to the demo account: data, log, settings and faults."""
    faults.reset()
    catalogue.restore()
    catalogue.forget()
    knobs.reset()
    auth.failures.clear()
    log.clear()
    writes.clear()
    return reply(204)


def requests(request):
    return reply(200, [entry.as_json() for entry in log.since(_since(request))])


def show_writes(request):
    return reply(200, writes.since(_since(request)))


def _since(request):
    since = request.GET.get("since", "0")
    return int(since) if since.isdecimal() and len(since) < 16 else 0


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
    """How many objects each resource has, and their ids and names, in the order in which they were made."""
    return reply(200, {**catalogue.state(), "requests": log.count})


def key(request):
    """The private key that decrypts what `requireSecret` returns. On EnOS itself the console gives it out."""
    return reply(200, {"private_key": private_key_pem()})
