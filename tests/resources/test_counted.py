"""Lists say of what is bound to nothing that it is: counted when lists are refreshed, never guessed.

Would catch: "not bound" of a policy that nobody has counted, whose targets could not be read, or that was
bound a moment ago; a call of the platform for each view of a list.
"""

import pytest

from portal.kinds.registry import KINDS
from portal.resources import refreshing
from portal.teams.models import Role
from tests.examples.iotda_policies import ONE_DEVICE
from tests.support.plant import received

pytestmark = pytest.mark.anywhere


POLICY = "iotda/policies"
TARGETS = {"method": "POST", "path": "/list-targets$"}


def marks(plant, settings):
    """Names of the policies that the list calls not bound."""
    settings.FRESH_SECONDS = 10**9
    page = plant.browser().get(f"/{POLICY}/").text
    rows = {str(row.pk): row.name for row in KINDS[POLICY].model.objects.all()}
    shown = {name: page.split(f'id="row-{pk}"')[1].split("</tr>")[0] for pk, name in rows.items()}
    return {name for name, row in shown.items() if "data-none" in row}


@pytest.fixture
def policies(plant):
    return {name: plant.make(POLICY, policy_name=name) for name in ("free", "bound")}


def test_only_what_was_counted_is_called_not_bound(plant, emulator, policies, settings):
    plant.perform(POLICY, "bind", data=ONE_DEVICE, target=policies["bound"])
    plant.refresh(POLICY)
    shown = marks(plant, settings)
    assert "free" in shown
    assert "bound" not in shown
    since = len(emulator.requests())
    marks(plant, settings)
    assert emulator.requests(since) == []


def test_what_was_bound_since_is_unknown_until_it_is_counted_again(plant, policies, settings):
    plant.refresh(POLICY)
    assert {"free", "bound"} <= marks(plant, settings)
    plant.perform(POLICY, "bind", data=ONE_DEVICE, target=policies["bound"])
    assert "bound" not in marks(plant, settings)
    plant.refresh(POLICY)
    assert "bound" not in marks(plant, settings)
    plant.perform(POLICY, "unbind", data=ONE_DEVICE, target=policies["bound"])
    assert "bound" not in marks(plant, settings)
    plant.refresh(POLICY)
    assert "bound" in marks(plant, settings)


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 403, "body": {"error_code": "IOTDA.000022", "error_msg": "no"}},
        {"status": 200, "body": {"targets": [], "page": {"count": 3}}},
        {"status": 200, "body": {"targets": None}},
    ],
)
def test_what_could_not_be_counted_is_not_called_anything(plant, emulator, policies, settings, answer):
    emulator.faults([{"match": TARGETS, "fault": "answer", **answer}])
    plant.refresh(POLICY)
    assert marks(plant, settings) == set()


def test_a_count_holds_for_a_while(plant, emulator, policies, settings):
    plant.refresh(POLICY)
    calls = len(received(emulator, POLICY, "targets"))
    plant.refresh(POLICY)
    assert len(received(emulator, POLICY, "targets")) == calls
    KINDS[POLICY].model.objects.update(counted_at="2026-01-01T00:00:00Z")
    plant.refresh(POLICY)
    assert len(received(emulator, POLICY, "targets")) == 2 * calls
    assert refreshing.COUNTS >= 50  # as many policies as an instance may have


def test_the_page_of_the_object_counts_too(plant, policies, settings):
    plant.refresh(POLICY)
    collection = plant.collection(POLICY)
    collection.client.send(collection.bind_call(policies["free"].remote_id, ONE_DEVICE))
    plant.browser(Role.VIEWER).get(f"/{POLICY}/{policies['free'].pk}/related/targets/")
    assert "free" not in marks(plant, settings)
