"""What a create made keeps its id, not its name: colleagues rename and delete it before it is looked for.

Would catch: a create that counts as absent although the portal itself renamed its object, and is then made a
second time; an older object that was given the name since, claimed as new.
"""

import pytest

from portal.errors import NotDecidable
from portal.kinds.registry import KINDS
from portal.operations import deciding, settling
from portal.operations.models import Decision, Operation, State
from portal.teams.models import Role
from tests.examples import EVERY_DELETE, EVERY_UPDATE, EXAMPLES, creating, deleting, is_provable, match
from tests.operations.dying import settle_all
from tests.operations.endings import due, in_doubt, someone
from tests.support.plant import ids, make_plant

GROUP, POLICY = "iotda/device-groups", "iotda/policies"
RENAMING = [slug for slug in creating() if "update" in EXAMPLES[slug].changes]


@pytest.fixture(params=["the same team", "another team"])
def colleague(request, plant, emulator):
    """The plant of a colleague who uses the same account."""
    return plant if request.param == "the same team" else make_plant(emulator.url, name="Harbour")


def row_seen_by(plant, slug, id):
    """The mirror row of an object, after the colleague's list was refreshed."""
    kind = KINDS[slug]
    plant.refresh(slug)
    return kind.model.objects.get(connection=plant.connection(kind), remote_id=id)


def lost_create(plant, emulator, slug):
    before = ids(emulator, slug)
    operation = in_doubt(plant, emulator, slug, data=plant.data(slug), committed=True)
    (made,) = ids(emulator, slug) - before
    return operation, made


def is_found(slug):
    return is_provable(slug, "create", True)


def an_owner_says_it_is_ours(plant, operation, id):
    owner = someone(plant, Role.OWNER)
    deciding.decide(operation, actor=owner, decision=Decision.OURS, candidate=id, reason="I know it")


@EVERY_UPDATE
def test_what_a_colleague_renamed_is_still_what_the_create_made(plant, emulator, settings, colleague, slug):
    settings.SETTLE_SECONDS = 0
    lost, made = lost_create(plant, emulator, slug)
    row = row_seen_by(colleague, slug, made)
    assert colleague.perform(slug, "update", target=row).state == State.DONE

    settle_all()

    lost.refresh_from_db()
    assert lost.state == (State.FOUND if is_found(slug) else State.NEEDS_HUMAN)
    if not is_found(slug):
        assert [each["object"]["id"] for each in lost.looks[-1]["candidates"]] == [made]
        an_owner_says_it_is_ours(plant, lost, made)
    assert (lost.state, lost.object_id) == (State.FOUND, made)
    mine = KINDS[slug].model.objects.get(connection=lost.connection, remote_id=made)
    assert mine.gone_at is None
    assert plant.shown(slug, mine).items() >= plant.data(slug, "update").items()


@EVERY_DELETE
def test_what_a_colleague_deleted_was_made_all_the_same(plant, emulator, settings, colleague, slug):
    settings.SETTLE_SECONDS = 0
    lost, made = lost_create(plant, emulator, slug)
    row = row_seen_by(colleague, slug, made)
    assert colleague.perform(slug, "delete", target=row).state == State.DONE

    settle_all()

    lost.refresh_from_db()
    assert lost.state == (State.FOUND if is_found(slug) else State.NEEDS_HUMAN)
    if not is_found(slug):
        an_owner_says_it_is_ours(plant, lost, made)
    assert (lost.state, lost.object_id) == (State.FOUND, made)
    assert not KINDS[slug].model.objects.present().filter(remote_id=made).exists()


@pytest.mark.parametrize("slug", [slug for slug in RENAMING if slug in deleting()])
def test_what_another_create_made_and_a_colleague_deleted_is_not_ours(plant, emulator, settings, slug):
    """The second create reached nobody; the object that had its name was the first one's."""
    settings.SETTLE_SECONDS = 0
    first = plant.perform(slug)
    emulator.faults(
        [
            {"match": match(slug, "create"), "fault": "reset"},
            {"match": match(slug, "list"), "fault": "answer", "status": 200, "body": empty(slug)},
            {"match": match(slug, "get"), "fault": "answer", "status": 200, "body": empty(slug)},
        ]
    )
    second = plant.perform(slug)
    emulator.faults([])
    assert second.state == State.IN_DOUBT
    row = KINDS[slug].model.objects.get(remote_id=first.object_id)
    assert plant.perform(slug, "delete", target=row).state == State.DONE

    settle_all()

    second.refresh_from_db()
    assert (second.state, second.object_id) == (State.ABSENT, "")


def empty(slug):
    """An answer without objects."""
    return {
        "iotda/spaces": {"applications": []},
        GROUP: {"device_groups": [], "page": {"count": 0}},
        POLICY: {"policies": [], "page": {"count": 0}},
        "roma/device-groups": {"size": 0, "items": []},
        "enos/devices": {"code": 0, "msg": "OK", "requestId": "r", "data": None},
    }[slug]


def test_what_was_given_the_name_since_is_not_claimed(plant, emulator, settings):
    settings.SETTLE_SECONDS = 0
    wished = EXAMPLES[GROUP].create
    old = plant.made_in_the_console(GROUP, {"name": "valves", "description": wished["description"]})
    lost = in_doubt(plant, emulator, GROUP)
    row = row_seen_by(plant, GROUP, old["id"])
    assert plant.perform(GROUP, "update", wished, target=row).state == State.DONE

    due()
    settling.settle_due()

    lost.refresh_from_db()
    assert (lost.state, lost.looks[-1]["words"]["code"]) == (State.NEEDS_HUMAN, "look.named_since")


def test_what_the_portal_had_changed_before_is_older(plant, emulator, settings):
    """The list lags, so the baseline lacks it; the platform's refusal is lost."""
    settings.SETTLE_SECONDS = 0
    wished = EXAMPLES[GROUP].create
    emulator.faults(
        [
            {"match": match(GROUP, "create"), "fault": "latency", "seconds": 0, "times": 1},
            {"match": match(GROUP, "create"), "fault": "reset_mid_body"},
            {"match": match(GROUP, "list"), "fault": "stale_listing"},
        ]
    )
    old = plant.made_in_the_console(GROUP, {"name": "pumps", "description": "before"})
    row = KINDS[GROUP].model.objects.create(
        connection=plant.connections["iotda"], remote_id=old["id"], name="pumps"
    )
    assert plant.perform(GROUP, "update", wished, target=row).state == State.DONE
    lost = plant.perform(GROUP)
    assert lost.state == State.IN_DOUBT
    emulator.faults([])

    settle_all()

    lost.refresh_from_db()
    assert (lost.state, lost.object_id) == (State.ABSENT, "")
    assert {look["words"]["code"] for look in lost.looks} == {"look.older"}


def test_what_nobody_saw_is_not_decided_as_ours(plant, emulator):
    lost = in_doubt(plant, emulator, POLICY)
    Operation.objects.update(state=State.NEEDS_HUMAN)
    lost.refresh_from_db()

    with pytest.raises(NotDecidable):
        an_owner_says_it_is_ours(plant, lost, "000000000000000000000000")
