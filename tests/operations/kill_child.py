"""One create in a process of its own that dies by SIGKILL at a named step. Started by test_kill.py.

Usage: python -m tests.operations.kill_child STEP KIND TEAM KEY. Steps are wrapped from outside.
"""

import os
import signal
import sys
import threading

import django

DURING_SECONDS = 0.4  # the emulator holds its answer far longer


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


def arm(step, client, service):
    {
        "before_intent": lambda: before(service, "intend"),
        "after_intent": lambda: before(service, "prepare"),
        "after_sign_in": lambda: after(client, "sign_in"),
        "after_baseline": lambda: after(service, "prepare"),
        "after_sending": lambda: after(service, "mark_sending"),
        "during_call": lambda: during_create(client),
        "after_answer": lambda: before(service, "conclude"),
        "after_outcome": lambda: after(service, "conclude"),
    }[step]()


def during_create(client):
    """Only the create itself is held by the emulator; the baseline's reads pass through `send` as well."""
    real = client.send

    def send(call):
        if call.method == "POST" and b"expression" not in (call.body or b""):
            threading.Timer(DURING_SECONDS, die).start()
        return real(call)

    client.send = send


def main(step, slug, team_id, key):
    django.setup()
    from portal.kinds.registry import KINDS
    from portal.operations import service
    from portal.teams.models import Membership, Role
    from tests.support.plant import CREATES

    kind = KINDS[slug]
    member = Membership.objects.select_related("user", "team").get(team_id=team_id, role=Role.OPERATOR)
    connection = member.team.connections.get(platform=kind.platform)
    arm(step, connection.client(), service)
    service.perform(kind, "create", actor=member.user, connection=connection, data=CREATES[slug], key=key)


if __name__ == "__main__":
    main(*sys.argv[1:])
