"""A plant whose people are narrowed, with objects on both sides of the line: what is theirs, what is not."""

from types import SimpleNamespace

from django.urls import reverse

from portal.kinds.registry import KINDS
from portal.record.models import Entry
from portal.teams.models import Membership
from portal.teams.places import Places
from tests.support.account import SECOND_SPACE

GROUPS, SPACES, POLICIES, DEVICES = (
    f"iotda/{kind}" for kind in ("device-groups", "spaces", "policies", "devices")
)
SPACED = [slug for slug, kind in KINDS.items() if kind.platform == "iotda"]


def narrow(plant, role, *pairs):
    """Let the membership of that role count in these (platform, space id or "") only."""
    value = [{"connection": str(plant.connections[at].pk), "space": space} for at, space in pairs]
    Places.of(value)
    Membership.objects.filter(team=plant.team, user=plant.people[role]).update(places=value)


def mirrored(plant, slug):
    plant.refresh(slug)
    return KINDS[slug].model.objects.filter(connection=plant.connections[KINDS[slug].platform])


def sides(plant):
    """Groups and operations on either side of the line round SECOND_SPACE."""
    other = mirrored(plant, SPACES).exclude(remote_id=SECOND_SPACE).first().remote_id
    own = plant.perform(GROUPS, data={"name": "own-pumps", "app_id": SECOND_SPACE}, role="owner")
    foreign = plant.perform(GROUPS, data={"name": "foreign-pumps", "app_id": other}, role="owner")
    assert own.space == SECOND_SPACE
    assert foreign.space == foreign.target.app_id == other
    entries = {each: Entry.objects.filter(operation=str(each.pk)).last() for each in (own, foreign)}
    return SimpleNamespace(
        own=own.target,
        foreign=foreign.target,
        own_operation=own,
        foreign_operation=foreign,
        own_entry=entries[own],
        foreign_entry=entries[foreign],
        foreign_space=other,
    )


def pages_of(row, operation, entry):
    """Addresses that show the one object, its operation and its entry."""
    return [
        reverse("resources:detail", args=[KINDS[GROUPS], row.pk]),
        reverse("resources:detail", args=[KINDS[GROUPS], row.remote_id]),
        reverse("resources:act", args=[KINDS[GROUPS], row.pk, "update"]),
        reverse("resources:act", args=[KINDS[GROUPS], row.pk, "delete"]),
        reverse("resources:related", args=[KINDS[GROUPS], row.pk, "devices"]),
        reverse("operations:detail", args=[operation.pk]),
        f"/audit/{entry.seq}/",
        f"/api/v1/{GROUPS}/{row.pk}/",
        f"/api/v1/operations/{operation.pk}/",
    ]
