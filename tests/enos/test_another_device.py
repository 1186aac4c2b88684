"""A platform that answers about another device than it was asked for.

Would catch: "it was like that already" said of a device because another one is so; secrets of an answer that
is not ours in a record.
"""

import pytest

from portal.kinds.registry import KINDS
from portal.operations.models import State
from tests.examples import EXAMPLES, match
from tests.operations.stored import rows_but_of

DEVICE = "enos/devices"


def answer(slug_verb, **body):
    return {"match": match(DEVICE, slug_verb), "fault": "answer", "status": 200, "body": body}


def test_another_devices_status_shows_nothing_of_ours(plant, emulator):
    row = plant.make(DEVICE)
    other = {"assetId": "another1", "deviceName": {"defaultValue": "X"}, "status": "disabled"}
    emulator.faults(
        [
            answer("disable", code=11723, msg="Device is disabled", requestId="r", data=None),
            answer("get", code=0, msg="OK", requestId="r", data=other),
        ]
    )
    operation = plant.perform(DEVICE, "disable", target=row)
    assert operation.state != State.DONE


@pytest.mark.parametrize("changes", [{"assetId": "another1"}, {"deviceKey": 5}, {"deviceKey": None}])
def test_secrets_of_an_answer_that_is_not_ours_are_kept_nowhere(plant, emulator, changes):
    row = plant.make(DEVICE)
    key = EXAMPLES[DEVICE].verbs["replace"]["device_key"]
    secrets = {"deviceSecret": "S3CRETvalue1", "sessionKey": "S3CRETvalue2", "productSecret": "S3CRETvalue3"}
    good = {"assetId": row.remote_id, "productKey": "prodKey1", "deviceKey": key, **secrets, **changes}
    emulator.faults([answer("replace", code=0, msg="OK", requestId="r", data=good)])
    operation = plant.perform(DEVICE, "replace", target=row)
    assert operation.state == State.IN_DOUBT
    assert "S3CRET" not in rows_but_of(KINDS[DEVICE].model)
