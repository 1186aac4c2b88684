"""A worker that carries out a batch of creates; a child of zygote.py that tests may kill."""

import random
import time

from portal.kinds.registry import KINDS
from portal.operations import settling
from portal.operations.deciding import requeue
from portal.operations.models import HAPPENED, REPEATABLE, UNSETTLED, Operation
from portal.teams.models import Membership, Role
from tests.support.plant import perform


def operations_of(key):
    """The operations that tried one item of the batch, oldest first."""
    return list(Operation.objects.filter(key__startswith=f"{key}.").order_by("created_at"))


def is_over(key):
    tries = operations_of(key)
    return bool(tries) and tries[-1].state not in (*UNSETTLED, *REPEATABLE)


def has_happened(key):
    return any(each.state in HAPPENED for each in operations_of(key))


def carry(item, actor, connections):
    slug, data, key = item
    kind, tries = KINDS[slug], operations_of(key)
    if not tries:
        connection = connections[kind.platform]
        perform(kind, "create", actor=actor, connection=connection, data=data, key=f"{key}.0")
    elif tries[-1].state in REPEATABLE:
        requeue(tries[-1], actor=actor, key=f"{key}.{len(tries)}")


def work(order):
    """Any worker may take any item at any time: with one operation key, two workers make one operation."""
    member = Membership.objects.select_related("user", "team").get(team_id=order["team"], role=Role.OWNER)
    connections = {each.platform: each for each in member.team.connections.all()}
    chance, items = random.Random(order["seed"]), order["items"]
    while left := [item for item in items if not is_over(item[2])]:
        for item in chance.sample(left, len(left)):
            carry(item, member.user, connections)
            if chance.random() < 0.2:
                settling.sweep()
                settling.settle_due()
        settling.sweep()
        settling.settle_due()
        time.sleep(0.02)
