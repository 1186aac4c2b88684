"""Jobs by the API: what is to follow a change is asked for with it, and its steps are told.

Would catch: an answer that says nothing of the job it began, steps of another team's job.
"""

from portal.operations import stepping
from portal.operations.job import Job
from portal.teams.models import Role
from tests.api.calling import Api, body_of, path_of
from tests.support.plant import make_plant

BUS, POLICY = "iotda/soft-buses", "iotda/policies"
NODE = "5ba24f5ebbe8f56f5a14f605_node-1"
NOBODY = "00000000-0000-4000-8000-000000000000"


def test_a_bus_is_created_and_synchronized(plant):
    api = Api(plant)
    told = api.post(path_of(BUS, "create"), body_of(plant, BUS, then_sync=True))
    assert told.status_code == 201
    operation = told.json()["operation"]
    stepping.carry_on(Job.objects.get().pk)

    job = api.get(operation["job"]["url"]).json()

    assert (job["state"], job["done"], job["count"], operation["job"]["step"]) == ("done", 2, 2, 1)
    assert [step["verb"] for step in job["steps"]] == ["create", "sync"]
    assert job["steps"][0]["operation"]["id"] == operation["id"]
    listed = api.get("jobs/").json()["items"]
    assert listed == [{name: value for name, value in job.items() if name != "steps"}]


def test_rules_and_rights_hold_for_what_is_to_follow(plant, emulator):
    body = body_of(plant, POLICY, then_target_type="device", then_target_ids=[NODE])
    assert Api(plant, Role.OPERATOR).post(path_of(POLICY, "create"), body).status_code == 403
    manager = Api(plant, Role.MANAGER)
    refused = manager.post(path_of(POLICY, "create"), {**body, "then_target_type": None})
    assert (refused.status_code, list(refused.json()["errors"])) == (422, ["then_target_type"])
    assert not Job.objects.exists()
    assert manager.post(path_of(POLICY, "create"), body).status_code == 201


def test_the_same_key_with_another_step_to_follow_is_refused(plant):
    body = body_of(plant, BUS, then_sync=True)
    assert Api(plant).post(path_of(BUS, "create"), body, key="k").status_code == 201
    assert Api(plant).post(path_of(BUS, "create"), body, key="k").status_code == 201
    assert Api(plant).post(path_of(BUS, "create"), {**body, "then_sync": False}, key="k").status_code == 409
    assert Job.objects.count() == 1


def test_nobody_else_is_told(plant):
    Api(plant).post(path_of(BUS, "create"), body_of(plant, BUS, then_sync=True))
    other = Api(make_plant(plant.url, "Harbour"), Role.OWNER)
    assert other.get(f"jobs/{Job.objects.get().pk}/").status_code == 404
    assert other.get("jobs/").json()["items"] == []
    assert other.get("jobs/", before=NOBODY).status_code == 400
