"""A process that has loaded Django and forks a child for each order; the child makes a change, or dies in it.

dying.py starts it: one JSON order per line on standard input, one JSON report per line on standard output.
Forking saves many hundred children the start of Python and Django. Each child is a real process with its own
connections, and it dies by a real SIGKILL.
"""

import json
import os
import signal
import sys
import threading
import traceback
from datetime import timedelta
from importlib import import_module

import django

DURING_SECONDS = 0.3  # the emulator holds its answer far longer, and the call has reached it by then


def die(*_args, **_kwargs):
    os.kill(os.getpid(), signal.SIGKILL)


def before(owner, name):
    setattr(owner, name, die)


def after(owner, name):
    real = getattr(owner, name)

    def then_die(*args, **kwargs):
        real(*args, **kwargs)
        die()

    setattr(owner, name, then_die)


def before_append(life, stage):
    """Die inside the transaction, when everything but the record entry is written."""
    real = life.append

    def append(*lines):
        return die() if lines[-1].fields["stage"] == stage else real(*lines)

    life.append = append


def before_commit(life, stage):
    """Die inside the transaction, when everything is written."""
    real = life.append

    def append(*lines):
        real(*lines)
        if lines[-1].fields["stage"] == stage:
            die()

    life.append = append


def during_call(service):
    """Die while the emulator holds the change itself; the reads for the baseline are over by then."""
    real = service.mark_sending

    def mark_sending(operation):
        threading.Timer(DURING_SECONDS, die).start()
        return real(operation)

    service.mark_sending = mark_sending


def arm(step, client, service, life):
    {
        "": lambda: None,
        "before_intent": lambda: before(service, "intend"),
        "in_intent": lambda: before_commit(life, "intent"),
        "after_intent": lambda: before(service, "prepare"),
        "after_sign_in": lambda: after(client, "sign_in"),
        "after_baseline": lambda: after(service, "prepare"),
        "after_sending": lambda: after(service, "mark_sending"),
        "during_call": lambda: during_call(service),
        "after_commit": lambda: during_call(service),
        "before_outcome": lambda: before(service, "conclude"),
        "in_outcome": lambda: before_append(life, "outcome"),
        "before_outcome_commit": lambda: before_commit(life, "outcome"),
        "after_outcome": lambda: after(service, "conclude"),
    }[step]()


def use_database(url):
    from django.db import connections

    from portal import environment

    os.environ["PORTAL_DATABASE_URL"] = url
    wanted = {"default": environment.database("PORTAL_DATABASE_URL", None)}
    connections.settings["default"] = connections.configure_settings(wanted)["default"]
    connections["default"] = connections.create_connection("default")


def short_leases(seconds):
    from django.conf import settings

    from portal.operations import leases, settling

    settings.BEAT_SECONDS = seconds / 4
    settings.SETTLE_SECONDS = 3 * seconds
    leases.LEASE = settling.LOOKING = timedelta(seconds=seconds)


def carry_out(order):
    from portal.kinds.registry import KINDS
    from portal.operations import life, service
    from portal.teams.models import Membership, Role
    from tests.support.plant import perform

    kind = KINDS[order["slug"]]
    member = Membership.objects.select_related("user", "team").get(team_id=order["team"], role=Role.OWNER)
    connection = member.team.connections.get(platform=kind.platform)
    target = order["target"] and kind.model.objects.get(connection=connection, remote_id=order["target"])
    arm(order["step"], connection.client(), service, life)
    if approval := order.get("approval"):
        from portal.operations.approval import Approval
        from portal.operations.approving import approve

        approve(Approval.objects.get(pk=approval), actor=member.user)
        return
    perform(
        kind,
        order["verb"],
        actor=member.user,
        connection=connection,
        data=order["data"],
        key=order["key"],
        target=target or None,
    )


def child(order):
    use_database(order["database"])
    if order["work"] == "batch":
        from tests.operations.batch import work

        short_leases(order["lease"])
        work(order)
    else:
        carry_out(order)


def fork(order):
    """(process id of the child, pipe on which it reports its traceback)"""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, reading
    try:
        os.close(reading)
        child(order)
        os._exit(0)
    except BaseException:  # noqa: BLE001 - whatever happened belongs into the report
        os.write(writing, traceback.format_exc()[-4000:].encode())
        os._exit(1)


def main():
    django.setup()
    import_module("tests.support.plant")  # once, for all children
    print("ready", flush=True)  # noqa: T201 - this is the protocol
    running = {}
    for text in sys.stdin:
        order = json.loads(text)
        if order["work"] == "start":
            pid, reading = fork(order["order"])
            running[pid] = reading
            report = {"pid": pid}
        else:
            pid = order["pid"] if order["work"] in ("wait", "poll") else None
            pid, reading = (pid, running.pop(pid)) if pid else fork(order)
            ended, status = os.waitpid(pid, os.WNOHANG if order["work"] == "poll" else 0)
            if not ended:
                running[pid] = reading
                report = {"status": None}
            else:
                with os.fdopen(reading) as pipe:
                    report = {"status": os.waitstatus_to_exitcode(status), "error": pipe.read()}
        print(json.dumps(report), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
