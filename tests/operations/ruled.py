"""What tests of rules and approvals share."""

from portal.errors import Waits
from portal.operations import approving, ruling
from portal.operations.approval import Approval
from portal.teams.models import Role, User

POLICY, BUS, DEVICE = "iotda/policies", "iotda/soft-buses", "enos/devices"
DENYING = {"effect": "DENY", "actions": ["iotda:devices:publish"], "resources": ["topic:/v1/x"]}
APPROVED = ["approval"]


def rule(plant, **demands):
    """The rules of the plant's team from now on: rule(plant, delete=["reason"])."""
    ruling.set_rules(plant.team, demands, actor=plant.people[Role.OWNER])


def person(plant, role):
    """Freshly read, as each request reads who sends it."""
    return User.objects.get(pk=plant.people[role].pk)


def asked(plant, slug, verb, **options):
    """The Approval that a change waits for."""
    try:
        plant.perform(slug, verb, **options)
    except Waits as error:
        return Approval.objects.get(pk=error.approval.pk)
    raise AssertionError("it did not wait")


def several(plant, *lines):
    """What is posted to create several EnOS devices in one call."""
    shared = {
        "product_key": plant.data(DEVICE)["product_key"],
        "timezone": "+08:00",
        "operation_key": "several",
    }
    return {**shared, "connection": str(plant.connections["enos"].pk), "devices": "\r\n".join(lines)}


def approve(plant, approval, role=Role.OWNER, **options):
    """What came of it; None if it was void."""
    fresh = Approval.objects.select_related("team", "actor").get(pk=approval.pk)
    made = approving.approve(fresh, actor=person(plant, role), **options)
    approval.refresh_from_db()
    return made
