"""Where people choose the ids, the id of a deleted object can be had again: by a product, by a device.

Would catch: a delete that is called absent because somebody else's new object has the id of what it deleted;
a new object that the late attempt of an earlier delete deletes; two changes of one product at once, where one
of them does not know in which space it is.
"""

from datetime import timedelta

import pytest
from django.utils import timezone

from portal.errors import NotDecidable
from portal.kinds.registry import KINDS
from portal.operations import service
from portal.operations.deciding import decide
from portal.operations.models import Cause, Decision, Operation, State
from portal.teams.models import Role
from tests.examples import match
from tests.operations.dying import settle_all
from tests.operations.endings import in_doubt, lost, someone
from tests.support.plant import make_plant, received

OWN_IDS = pytest.mark.parametrize("slug", ["iotda/devices", "iotda/products"])
PRODUCT = "iotda/products"


def deleted_late(plant, emulator, slug):
    """A delete that is done because it was sent again, while its first attempt is still on its way."""
    row = plant.make(slug)
    emulator.faults([{"match": match(slug, "delete"), "fault": "late_commit", "seconds": 60, "times": 1}])
    operation = plant.perform(slug, "delete", target=row)
    emulator.faults([])
    assert (operation.state, len(operation.http_attempts)) == (State.DONE, 2)
    return operation


@OWN_IDS
def test_an_id_waits_for_the_delete_that_is_in_doubt(plant, emulator, settings, slug):
    settings.SETTLE_SECONDS = 0
    delete = lost(plant, emulator, slug, "delete", committed=True)
    sent = len(received(emulator, slug, "create"))

    again = plant.perform(slug)

    assert (again.state, again.cause, again.sent_at) == (State.NOT_SENT, Cause.BUSY, None)
    assert delete.actor.email in again.message
    assert len(received(emulator, slug, "create")) == sent
    settle_all()
    delete.refresh_from_db()
    assert delete.state == State.FOUND
    assert plant.perform(slug).state == State.DONE


@OWN_IDS
def test_an_attempt_to_delete_that_arrives_late_finds_no_new_object(plant, emulator, slug):
    delete = deleted_late(plant, emulator, slug)

    again = plant.perform(slug)

    assert (again.state, again.cause) == (State.NOT_SENT, Cause.BUSY)
    past = timezone.now() - timedelta(seconds=1)
    Operation.objects.filter(pk=delete.pk).update(late_until=past)
    assert plant.perform(slug).state == State.DONE
    delete.refresh_from_db()
    assert (delete.state, delete.holds) == (State.DONE, None)


@pytest.mark.parametrize("slug", ["iotda/policies", "enos/devices"])
def test_where_the_platform_chooses_the_ids_nobody_waits(plant, emulator, slug):
    delete = deleted_late(plant, emulator, slug)

    assert delete.holds is None
    assert plant.perform(slug).state == State.DONE


@OWN_IDS
def test_a_delete_that_begins_just_before_the_create_is_sent_is_noticed(plant, emulator, slug, monkeypatch):
    """Between the look at what is there and the moment of sending."""
    row = plant.make(slug)
    prepare = service.prepare

    def prepare_and_lose_a_delete(operation, change):
        prepare(operation, change)
        if operation.verb_name == "create":
            emulator.faults([{"match": match(slug, "delete"), "fault": "reset_mid_body"}])
            plant.perform(slug, "delete", target=row, role=Role.OWNER)
            emulator.faults([])

    monkeypatch.setattr(service, "prepare", prepare_and_lose_a_delete)
    again = plant.perform(slug)

    assert (again.state, again.cause, again.sent_at) == (State.NOT_SENT, Cause.BUSY, None)


@OWN_IDS
def test_a_delete_is_not_absent_if_a_create_may_have_used_the_id_again(plant, emulator, settings, slug):
    settings.SETTLE_SECONDS = 0
    create = in_doubt(plant, emulator, slug)
    row = there(plant, slug, create)
    emulator.faults([{"match": match(slug, "delete"), "fault": "reset_mid_body"}])
    delete = plant.perform(slug, "delete", target=row)
    emulator.faults([])
    plant.made_in_the_console(slug)  # the create arrives late

    settle_all()

    delete.refresh_from_db()
    assert delete.state == State.NEEDS_HUMAN
    assert delete.looks[-1]["words"]["code"] == "look.made_since"


@OWN_IDS
@pytest.mark.parametrize("by", ["a look", "a person"])
def test_what_a_create_made_is_found_though_an_earlier_one_had_made_the_id(
    plant, emulator, settings, slug, by
):
    """The earlier object was deleted in the console, so the portal still knows who made that."""
    settings.SETTLE_SECONDS = 0
    row = plant.make(slug)
    first = Operation.objects.get()
    plant.collection(slug).delete(row.remote_id)

    create = in_doubt(plant, emulator, slug, committed=True)
    if by == "a person":
        undecided = {"state": State.NEEDS_HUMAN, "next_look_at": None, "looks": [seen(plant, slug, row)]}
        Operation.objects.filter(pk=create.pk).update(**undecided)
        create.refresh_from_db()
        decide(create, actor=someone(plant, Role.OWNER), decision=Decision.OURS, candidate=row.remote_id)
    settle_all()

    create.refresh_from_db()
    first.refresh_from_db()
    assert (create.state, create.object_id) == (State.FOUND, row.remote_id)
    assert (first.state, first.made) == (State.DONE, None)
    assert create.made


@OWN_IDS
def test_a_delete_is_not_sent_again_while_a_create_of_its_id_is_in_doubt(plant, emulator, slug):
    """The first attempt deleted the old object. The create arrives, and a second one would delete the new."""
    create = in_doubt(plant, emulator, slug)
    row = there(plant, slug, create)
    emulator.faults([{"match": match(slug, "delete"), "fault": "reset_mid_body", "times": 1}])

    delete = plant.perform(slug, "delete", target=row)

    assert (delete.state, len(delete.http_attempts)) == (State.IN_DOUBT, 1)
    assert len(received(emulator, slug, "delete")) == 1


@OWN_IDS
def test_a_create_whose_object_may_have_been_deleted_since_is_not_absent(plant, emulator, settings, slug):
    """What the platform shows now another create made; but before that, the portal deleted one of that id."""
    settings.SETTLE_SECONDS = 0
    create = in_doubt(plant, emulator, slug, committed=True)
    plant.refresh(slug)
    row = KINDS[slug].model.objects.get(remote_id=create.data[id_of(slug)])
    assert plant.perform(slug, "delete", target=row).state == State.DONE
    assert plant.perform(slug).state == State.DONE

    settle_all()

    create.refresh_from_db()
    assert create.state == State.NEEDS_HUMAN


@OWN_IDS
def test_what_was_claimed_and_deleted_nobody_else_claims(plant, emulator, settings, slug):
    """One of two creates was given the object, which was deleted. Now another one has its id."""
    settings.SETTLE_SECONDS = 0
    first, second = in_doubt(plant, emulator, slug, committed=True), in_doubt(plant, emulator, slug)
    plant.refresh(slug)
    row = KINDS[slug].model.objects.get(remote_id=first.data[id_of(slug)])
    undecided = {"state": State.NEEDS_HUMAN, "next_look_at": None, "looks": [seen(plant, slug, row)]}
    Operation.objects.filter(pk__in=[first.pk, second.pk]).update(**undecided)
    first.refresh_from_db()
    second.refresh_from_db()
    ours = {"actor": someone(plant, Role.OWNER), "decision": Decision.OURS, "candidate": row.remote_id}
    decide(second, **ours)
    assert plant.perform(slug, "delete", target=row).state == State.DONE
    plant.made_in_the_console(slug)

    with pytest.raises(NotDecidable):
        decide(first, **ours)


def there(plant, slug, create):
    """The mirror row of what somebody made in the console with the id that a create asks for."""
    plant.made_in_the_console(slug)
    plant.refresh(slug)
    return KINDS[slug].model.objects.get(remote_id=create.data[id_of(slug)])


def seen(plant, slug, row):
    """A look that could not tell whose object it is."""
    candidate = {"object": plant.seen(slug, row), "compared": []}
    look = {"at": timezone.now().isoformat(), "by": "", "verdict": "undecided", "words": None, "text": ""}
    return {**look, "candidates": [candidate]}


def id_of(slug):
    return {"iotda/devices": "device_id", "iotda/products": "product_id"}[slug]


def test_who_does_not_know_the_space_of_a_product_waits_as_well(plant, emulator):
    harbour = make_plant(emulator.url, name="Harbour")
    delete = lost(plant, emulator, PRODUCT, "delete", committed=False)
    assert delete.object_scope
    theirs = KINDS[PRODUCT].model.objects.create(
        connection=harbour.connections["iotda"], remote_id=delete.object_id, name="theirs"
    )

    second = harbour.perform(PRODUCT, "delete", target=theirs)

    assert (second.state, second.cause) == (State.NOT_SENT, Cause.BUSY)
