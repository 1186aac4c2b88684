"""Each change says in the record what was before and what is after.

Would catch: an entry of a change that does not say what it changed, a claim about what did not happen.
"""

import json

import pytest

from portal.operations.models import State
from portal.record.models import Body, Entry
from tests.examples import every_change

GROUP = "iotda/device-groups"


def outcome(operation):
    entry = Entry.objects.filter(operation=str(operation.pk), stage="outcome").latest("seq")
    return json.loads(Body.objects.get(seq=entry.seq).text)


@pytest.mark.parametrize(("slug", "verb"), every_change())
def test_each_change_tells_both_sides(plant, slug, verb):
    row = None if verb == "create" else plant.ready(slug, verb)
    was = plant.seen(slug, row) if row else {}

    operation = plant.perform(slug, verb, target=row)

    body = outcome(operation)
    if verb == "create":
        assert "before" not in body
        assert body["after"]["id"] == operation.object_id
    elif verb == "delete":
        assert "after" not in body
        assert body["before"]["id"] == row.remote_id
    else:
        assert body["before"].keys() == body["after"].keys()
        assert body["before"] != body["after"]
    if verb == "update":
        sent = operation.data
        assert body["after"] == sent
        assert all(body["before"][name] == was.get(name, was["name"]) for name in sent)


@pytest.mark.parametrize(("verb", "method"), [("update", "PUT"), ("delete", "DELETE")])
def test_what_was_refused_tells_no_after(plant, emulator, verb, method):
    row = plant.make(GROUP)
    refused = {"error_code": "IOTDA.000006", "error_msg": "no"}
    emulator.faults([{"match": {"method": method}, "fault": "answer", "status": 400, "body": refused}])

    operation = plant.perform(GROUP, verb, target=row)

    assert operation.state == State.REJECTED
    assert outcome(operation)["before"]
    assert "after" not in outcome(operation)


def test_secrets_are_in_neither(plant):
    slug = "enos/devices"
    row = plant.make(slug, device_tags={"password": "hunter2-before"})
    tags = {"device_tags": {"password": "hunter2-after"}}
    operation = plant.perform(slug, "update", plant.data(slug, "update") | tags, target=row)
    assert operation.state == State.DONE
    text = json.dumps(outcome(operation))
    assert "hmac:" in text
    assert "hunter2" not in text
