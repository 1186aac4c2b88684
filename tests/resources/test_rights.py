"""The page "Permissions this connection needs".

Would catch: a permission that is not needed, one that lacks, one in the policy that no document names, a page
of another team's connection.
"""

import json

import pytest

from portal.kinds.registry import KINDS
from portal.teams.models import Membership, Role
from tests.resources.forms import FormReader
from tests.support.coverage import permissions
from tests.support.plant import make_plant

pytestmark = pytest.mark.anywhere

BUS = "iotda:harmonysoftbus:"
LEVELS = {
    "read": ("viewer",),
    "operate": ("viewer", "operator"),
    "everything": ("viewer", "operator", "manager", "owner"),
}
IOTDA = [slug for slug, kind in KINDS.items() if kind.platform == "iotda"]


def of_all(level):
    return set().union(*(permissions(slug, *LEVELS[level]) for slug in IOTDA))


class Copied(FormReader):
    """Reads the text area of the policy, which is outside of any form with the id "form"."""

    def handle_starttag(self, tag, attributes):
        if dict(attributes).get("id") == "policy":
            self._textarea = ["policy", ""]
        super().handle_starttag(tag, attributes)


def show(plant, platform="iotda", role=Role.VIEWER, **query):
    address = f"/connections/{plant.connections[platform].pk}/rights/"
    response = plant.browser(role).get(address, query)
    assert response.status_code == 200
    return response


def policy(response):
    page = Copied()
    page.feed(response.content.decode())
    return json.loads(page.fields["policy"][0]) if "policy" in page.fields else None


def actions(response):
    found = policy(response)
    return found["Statement"][0]["Action"] if found else []


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("slug", IOTDA)
def test_the_policy_holds_what_the_chosen_kind_takes_and_nothing_else(plant, slug, level):
    wanted = permissions(slug, *LEVELS[level])

    found = actions(show(plant, level=level, kind=slug, chosen="1"))

    assert (set(found), len(found)) == (wanted, len(wanted))


def test_it_opens_with_all_kinds_and_as_far_as_the_roles_of_the_team_reach(plant):
    assert set(actions(show(plant))) == of_all("everything")

    Membership.objects.filter(team=plant.team, role__in=(Role.MANAGER, Role.OWNER)).delete()
    assert set(actions(show(plant))) == of_all("operate")

    Membership.objects.filter(team=plant.team, role=Role.OPERATOR).delete()
    assert set(actions(show(plant))) == of_all("read")


def test_the_policy_is_written_in_the_chosen_syntax(plant):
    for version in ("1.1", "5.0"):
        found = policy(show(plant, policy=version, kind="iotda/soft-buses", chosen="1", level="read"))
        assert found == {
            "Version": version,
            "Statement": [{"Effect": "Allow", "Action": [BUS + "queryList", BUS + "query"]}],
        }
    assert policy(show(plant, policy="nonsense"))["Version"] == "1.1"


def test_calls_without_a_documented_permission_are_listed_and_never_in_the_policy(plant):
    response = show(plant, level="everything", kind=["iotda/spaces", "iotda/soft-buses"], chosen="1")

    text = response.content.decode()
    listed = text.partition('id="unknown"')[2].partition("</ul>")[0]
    assert "Resource spaces: List, One object, Create resource space, Edit, Delete" in listed
    assert "Soft buses" not in listed
    assert all(action.startswith(BUS) for action in actions(response))


def test_nothing_is_to_be_copied_where_no_document_names_anything(plant):
    response = show(plant, "roma")

    assert policy(response) is None
    assert "so there is nothing to copy" in response.content.decode()
    assert (
        "Device groups: List, One object, Devices in this group, Create device group"
        in response.content.decode()
    )


def test_enos_names_services_and_access_levels(plant):
    def services(**query):
        text = (
            show(plant, "enos", **query)
            .content.decode()
            .partition('id="services"')[2]
            .partition("</table>")[0]
        )
        assert "{" not in text
        return text.count("Full Access"), text.count(">Read<"), "Device Management Service" in text

    both = {"kind": ["enos/devices", "enos/products"], "chosen": "1"}
    assert services(level="everything", **both) == (1, 2, True)
    assert services(level="read", **both) == (0, 2, True)
    assert services(level="everything", kind="enos/products", chosen="1") == (0, 1, False)
    assert policy(show(plant, "enos")) is None


def test_no_kind_is_a_choice_too(plant):
    assert "Choose at least one kind" in show(plant, chosen="1").content.decode()


def test_another_teams_connection_is_not_there(plant, emulator):
    other = make_plant(emulator.url, name="Other team")

    address = f"/connections/{other.connections['iotda'].pk}/rights/"

    assert plant.browser(Role.OWNER).get(address).status_code == 404


def test_the_page_of_the_connection_leads_there(plant):
    connection = plant.connections["iotda"]

    text = plant.browser(Role.VIEWER).get(f"/connections/{connection.pk}/").content.decode()

    assert f'href="/connections/{connection.pk}/rights/"' in text
