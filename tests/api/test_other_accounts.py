"""The same key for objects of two accounts, and ids that only those may see who may read the record.

Would catch: "done" told of an object that nobody asked for anything; what somebody typed told to everybody.
"""

import re

from portal.connections.models import Connection
from portal.kinds.registry import KINDS
from portal.operations.models import State
from portal.teams.models import Role
from tests.api.calling import Api, path_of
from tests.operations.endings import url
from tests.support.account import KEYS

POLICY, DEVICES = "iotda/policies", "iotda/devices"
NODE_1 = "5ba24f5ebbe8f56f5a14f605_node-1"


def second(plant):
    first = plant.connections["iotda"]
    names = ("platform", "endpoint", "sign_in", "project_id", "region", "instance_id", "edition")
    values = {name: getattr(first, name) for name in names} | {"project_id": "f" * 32}
    other = Connection(team=plant.team, name="Another account", **values)
    other.set_credentials(KEYS)
    other.save()
    return other


def test_a_key_of_an_object_is_not_a_key_of_its_namesake_elsewhere(plant):
    """Ids are unique in one account only. The pages say: sent before with other content."""
    row = plant.make(POLICY)
    model = KINDS[POLICY].model
    values = {field.name: getattr(row, field.name) for field in model.platform_fields()}
    other = model.objects.create(connection=second(plant), remote_id=row.remote_id, name=row.name, **values)
    body = plant.data(POLICY, "update")
    assert Api(plant).post(path_of(POLICY, "update", row), body, key="one").status_code == 200

    response = Api(plant).post(path_of(POLICY, "update", other), body, key="one")

    assert response.status_code == 409, response.json()["operation"]


def test_a_link_from_a_list_stays_in_its_account(plant):
    """A device of the same id in an account whose name comes first."""
    row = plant.make(POLICY)
    data = {"target_type": "device", "target_ids": [NODE_1]}
    assert plant.perform(POLICY, "bind", data=data, target=row).state == State.DONE
    plant.refresh(DEVICES)
    mine = KINDS[DEVICES].model.objects.get(remote_id=NODE_1)
    KINDS[DEVICES].model.objects.create(connection=second(plant), remote_id=NODE_1, name="not ours")
    browser = plant.browser()
    listed = browser.get(f"/{POLICY}/{row.pk}/related/targets/").text
    [link] = re.findall(r'href="(/iotda/devices/[^"]+)"', listed)

    page = browser.get(link, follow=True)

    assert "not ours" not in page.text
    assert page.context["row"].pk == mine.pk


def test_what_was_sent_is_shown_to_whom_the_record_is_open(plant):
    """A page shows the request and the answer to its person and to readers of the audit log only."""
    row = plant.make(POLICY)
    data = {"target_type": "device", "target_ids": [NODE_1, "not-for-everybody"]}
    operation = plant.perform(POLICY, "bind", data=data, target=row)
    assert operation.state == State.PARTLY
    page = plant.browser(Role.VIEWER).get(url(operation)).text
    told = Api(plant, Role.VIEWER).get(f"operations/{operation.pk}/").text
    assert ("not-for-everybody" in page, "not-for-everybody" in told) == (False, False)
