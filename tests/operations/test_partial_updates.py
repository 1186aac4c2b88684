"""Updates that send a part of what their form edits, when their answer is lost.

Would catch: a look that takes a field that was not sent for one that was cleared, a colleague's change of
another field that counts against ours.
"""

import json

import pytest

from portal.kinds.evidence import FOUND, MISSED, UNDECIDED
from portal.kinds.registry import KINDS
from portal.operations import service, settling
from portal.operations.models import Operation, State
from tests.examples import match
from tests.resources.shown import opened, press, sent
from tests.support.plant import evidence_of

GROUP, ROMA_GROUP, DEVICE = "iotda/device-groups", "roma/device-groups", "enos/devices"
# The field that the person changes, and what a colleague changes meanwhile.
CASES = {
    GROUP: ("name", "mine", {"description": "theirs"}),
    ROMA_GROUP: ("description", "mine", {"name": "theirs"}),
    DEVICE: ("device_desc", "mine", {"device_tags": {"by": "them"}}),
}


@pytest.mark.parametrize("slug", [GROUP, DEVICE])
def test_a_lost_update_is_found_though_a_colleague_changed_another_field(plant, emulator, slug):
    row, browser = plant.make(slug), plant.browser()
    name, text, theirs = CASES[slug]
    data = opened(browser, row)
    data[name] = text
    emulator.faults([{"match": match(slug, "update"), "fault": "reset_mid_body"}])
    press(browser, row, data)
    operation = Operation.objects.get(verb_name="update")
    emulator.faults([])
    plant.collection(slug).update(row.remote_id, theirs)

    settling.settle_due()

    operation.refresh_from_db()
    assert operation.state in (State.FOUND, State.DONE)
    assert operation.data == {name: text}


@pytest.mark.parametrize("slug", [GROUP, DEVICE])
def test_a_lost_update_is_repeated_though_a_colleague_changed_another_field(
    plant, emulator, monkeypatch, slug
):
    row, browser = plant.make(slug), plant.browser()
    name, text, theirs = CASES[slug]
    data = opened(browser, row)
    data[name] = text
    real = service.resend

    def somebody_is_faster(*args):
        emulator.faults([])
        plant.collection(slug).update(row.remote_id, theirs)
        return real(*args)

    monkeypatch.setattr(service, "resend", somebody_is_faster)
    emulator.faults([{"match": match(slug, "update"), "fault": "reset", "times": 1}])

    assert press(browser, row, data).status_code == 302

    seen = plant.seen(slug, row)
    assert {key: seen[key] for key in (name, *theirs)} == {name: text, **theirs}
    assert sent(emulator, slug)[-1] == sent(emulator, slug)[0]


LOOKS = [
    ({"name": "old", "description": "b"}, {"name": "new"}, {"name": "new", "description": "x"}, FOUND),
    ({"name": "old", "description": "b"}, {"name": "new"}, {"name": "old", "description": "x"}, MISSED),
    ({"name": "old", "description": "b"}, {"name": "new"}, {"name": "third", "description": "b"}, UNDECIDED),
    ({"name": "old", "description": "b"}, {"description": None}, {"name": "x", "description": ""}, FOUND),
    ({"name": "old", "description": ""}, {"description": None}, {"name": "x", "description": ""}, UNDECIDED),
    (
        {"name": "old", "description": {"a": ""}},
        {"description": {"b": "1"}},
        {"description": {"b": 1}},
        UNDECIDED,
    ),
]


@pytest.mark.parametrize(("before", "data", "seen", "verdict"), LOOKS)
def test_a_look_judges_only_what_was_sent(before, data, seen, verdict):
    class Bound:
        def get(self):
            return seen

    assert evidence_of(KINDS[GROUP], "update").look(Bound(), data, before).verdict == verdict


def test_what_was_sent_before_with_all_fields_is_looked_up_by_all_of_them(plant, emulator):
    row = plant.make(ROMA_GROUP)
    emulator.faults([{"match": match(ROMA_GROUP, "update"), "fault": "reset_mid_body"}])
    operation = plant.perform(ROMA_GROUP, "update", {"name": "line-9"}, target=row)
    assert json.loads(json.dumps(operation.data)) == {"name": "line-9", "description": None}
    emulator.faults([])

    settling.settle_due()

    operation.refresh_from_db()
    assert operation.state in (State.FOUND, State.DONE)
