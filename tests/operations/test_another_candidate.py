"""A create in doubt, and a platform that answers about another object than the listed one.

Would catch: a create that counts as found because of an object that nobody asked for.
"""

import pytest

from portal.errors import Unclear
from portal.operations import settling
from portal.operations.models import State
from tests.examples import EXAMPLES
from tests.operations.endings import lost, someone

GROUP = "iotda/device-groups"


def test_it_proves_nothing(plant, emulator):
    operation = lost(plant, emulator, GROUP, "create", committed=True)
    other = {"group_id": "f" * 32, **plant.data(GROUP)}
    get = EXAMPLES[GROUP].calls["get"].match
    emulator.faults([{"match": get, "fault": "answer", "status": 200, "body": other}])

    with pytest.raises(Unclear):
        settling.look_again(operation, actor=someone(plant))

    operation.refresh_from_db()
    assert operation.state == State.IN_DOUBT
    emulator.faults([])
    settling.look_again(operation, actor=someone(plant))
    operation.refresh_from_db()
    assert operation.state == State.FOUND
