"""Resource spaces on the portal's pages: the limits of a name, and a platform that says 403 of a space that
is not there.

Would catch: a limit off by one, a deleted space that counts as one that may not be read, a delete that was
done and counts as refused because its answer was lost.
"""

import json

import pytest

from portal.iotda.models import Space
from portal.operations.models import State
from portal.teams.models import Role
from tests.examples import match
from tests.resources.forms import new, read, script, send
from tests.support.account import SECOND_SPACE
from tests.support.plant import creates_received, deletes_received, ids, mirrored

pytestmark = pytest.mark.anywhere  # what it does with the database, tests/operations does too


SPACES = "iotda/spaces"


# "Create a Resource Space", 2024-10-23: "a maximum of 64 characters": Chinese ones, letters, digits, _ and -
@pytest.mark.parametrize("name", ["a", "a" * 64, "车" * 64, "Az09_-"])
def test_a_name_at_the_limit_is_sent_as_it_is(plant, emulator, name):
    response = send(plant.browser(), SPACES, script(SPACES, plant, app_name=name))
    assert response.status_code == 302, read(response).errors
    (received,) = creates_received(emulator, SPACES)
    assert json.loads(received["body"]) == {"app_name": name}


@pytest.mark.parametrize("name", ["", "a" * 65, "车" * 65, "a b", "a.b", "a/b"])
def test_a_name_beyond_the_limit_is_refused_in_the_form(plant, emulator, name):
    response = send(plant.browser(), SPACES, script(SPACES, plant, app_name=name))
    assert response.status_code == 422
    assert read(response).errors["app_name"]
    assert creates_received(emulator, SPACES) == []


def test_the_eleventh_space_is_refused_in_the_platforms_words(plant, emulator):
    for number in range(8):
        plant.make(SPACES, app_name=f"space-{number}")
    response = send(plant.browser(), SPACES, script(SPACES, plant, app_name="eleventh"))
    assert response.status_code == 422
    assert "IOTDA.001091" in response.content.decode()


def test_the_default_space_stays(plant, emulator):
    plant.refresh(SPACES)
    row = Space.objects.get(default_app=True)
    operation = plant.perform(SPACES, "delete", target=row)
    assert operation.state == State.REJECTED
    assert operation.http_status == 403
    assert row.remote_id in mirrored(SPACES)


def test_a_space_that_somebody_else_deleted_is_gone(plant, emulator):
    row = plant.make(SPACES)
    plant.collection(SPACES).delete(row.remote_id)
    operation = plant.perform(SPACES, "delete", target=row)
    assert (operation.state, operation.said.code) == (State.DONE, "operation.already_gone")
    assert row.remote_id not in mirrored(SPACES)
    assert deletes_received(emulator, SPACES) != []  # that of somebody else


def test_a_delete_whose_answer_was_lost_is_done_when_the_platform_says_that_there_is_no_space(
    plant, emulator
):
    row = plant.make(SPACES)
    lost = {"match": match(SPACES, "delete"), "fault": "reset_mid_body", "times": 1}
    emulator.faults([lost])
    operation = plant.perform(SPACES, "delete", target=row)
    assert operation.state == State.DONE
    assert operation.platform_code == "IOTDA.001000"
    assert len(deletes_received(emulator, SPACES)) == 2
    assert row.remote_id not in ids(emulator, SPACES)


def test_an_unknown_space_of_another_object_is_refused_and_nothing_is_gone(plant, emulator):
    """The same code says of a create that it named a space that is not there."""
    form = script("iotda/policies", plant, app_id="noSuchSpace")
    response = send(plant.browser(), "iotda/policies", form)
    assert response.status_code == 422
    assert "IOTDA.001000" in response.content.decode()


def test_operators_rename_and_only_managers_delete(plant):
    row = plant.make(SPACES)
    assert plant.browser(Role.OPERATOR).get(f"/{SPACES}/{row.pk}/update/").status_code == 200
    assert plant.browser(Role.OPERATOR).get(f"/{SPACES}/{row.pk}/delete/").status_code == 403
    assert plant.browser(Role.MANAGER).get(f"/{SPACES}/{row.pk}/delete/").status_code == 200
    assert plant.browser(Role.VIEWER).get(new(SPACES)).status_code == 403


def test_a_delete_says_what_goes_with_the_space(plant):
    plant.refresh(SPACES)
    row = Space.objects.get(remote_id=SECOND_SPACE)
    page = plant.browser(Role.MANAGER).get(f"/{SPACES}/{row.pk}/delete/").content.decode()
    assert "Everything in the space" in page
