"""What belongs to an object: the devices in a group, what a policy is bound to.

Would catch: a list that cannot be read and is shown as empty, a link to nowhere, a list of another team.
"""

import re
from html import unescape

import pytest

from portal.kinds.registry import KINDS
from portal.teams.models import Role
from tests.examples import EXAMPLES
from tests.resources.forms import read
from tests.support.plant import make_plant

pytestmark = pytest.mark.anywhere

PRODUCT = "5ba24f5ebbe8f56f5a14f605"
NODE = f"{PRODUCT}_node-1"
# slug, name of the list, the verb that fills it, its data, the verb of each row, role
LISTS = [
    ("iotda/device-groups", "devices", "add-device", {"device_id": NODE}, "remove-device", Role.OPERATOR),
    (
        *("roma/device-groups", "devices", "add-devices"),
        {"resources": [20001]},
        *("remove-device", Role.OPERATOR),
    ),
    (
        *("iotda/policies", "targets", "bind"),
        {"target_type": "device", "target_ids": [NODE]},
        *("unbind", Role.MANAGER),
    ),
]
EVERY_LIST = pytest.mark.parametrize(
    ("slug", "name", "verb", "data", "removes", "role"), LISTS, ids=[each[0] for each in LISTS]
)


PATHS = {"iotda/policies": "/list-targets$"}
NO_OBJECTS = {"devices": [7], "targets": [7], "items": [7]}


def member(slug):
    """The id of the thing that the tests put inside."""
    return "20001" if slug == "roma/device-groups" else NODE


def address(slug, row, name):
    return f"/{slug}/{row.pk}/related/{name}/"


def test_every_list_is_tried():
    there = {(slug, each.name) for slug, kind in KINDS.items() for each in kind.related}
    # The groups of a device are filled elsewhere: tests/iotda/test_groups_of_device.py.
    assert there == {("iotda/devices", "groups"), *((slug, name) for slug, name, *_rest in LISTS)}


@EVERY_LIST
def test_it_shows_what_the_platform_shows_and_leads_on(plant, slug, name, verb, data, removes, role):
    row, browser = plant.make(slug), plant.browser(role)
    assert "None." in browser.get(address(slug, row, name)).text
    plant.perform(slug, verb, data=data, target=row)

    page = browser.get(address(slug, row, name)).text

    assert f'data-related-id="{member(slug)}"' in page
    if slug.startswith("iotda"):
        assert browser.get(f"/iotda/devices/{NODE}/", follow=True).status_code == 200
        assert f'href="/iotda/devices/{NODE}/"' in page
    [link] = re.findall(rf'href="([^"]+/{removes}/\?[^"]+)"', page)
    form = read(browser.get(unescape(link)))
    assert form.fields[list(EXAMPLES[slug].verbs[removes])[-1]] == [member(slug)]


@EVERY_LIST
def test_the_page_of_the_object_takes_it_in(plant, emulator, slug, name, verb, data, removes, role):
    row, browser = plant.make(slug), plant.browser(role)
    before = len(emulator.requests())
    page = browser.get(f"/{slug}/{row.pk}/").text
    assert f'hx-get="{address(slug, row, name)}"' in page
    assert len(emulator.requests()) == before + 1  # the object itself
    piece = browser.get(address(slug, row, name), headers={"HX-Request": "true"}).text
    assert piece.lstrip().startswith("<section")


@EVERY_LIST
def test_a_viewer_sees_it_and_gets_no_buttons(plant, slug, name, verb, data, removes, role):
    row = plant.make(slug)
    plant.perform(slug, verb, data=data, target=row)
    page = plant.browser(Role.VIEWER).get(address(slug, row, name)).text
    assert f'data-related-id="{member(slug)}"' in page
    assert f"/{removes}/" not in page
    assert f'/{verb}/"' not in page


@EVERY_LIST
@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "answer", "status": 503, "body": ""},
        {"fault": "reset"},
        {"fault": "answer", "status": 200, "body": {}},
        {"fault": "answer", "status": 200, "body": NO_OBJECTS},
    ],
    ids=["503", "reset", "no list", "no objects"],
)
def test_what_cannot_be_read_is_not_empty(plant, emulator, slug, name, verb, data, removes, role, fault):
    row, browser = plant.make(slug), plant.browser(role)
    emulator.faults([{"match": {"path": PATHS.get(slug, "/devices$")}, **fault}])
    response = browser.get(address(slug, row, name))
    assert response.status_code == 200
    assert "The platform could not be read." in response.text
    assert "None." not in response.text


@EVERY_LIST
def test_of_many_the_first_are_shown_and_the_rest_counted(
    plant, emulator, slug, name, verb, data, removes, role
):
    row = plant.make(slug)
    items = [{"device_id": str(n), "target_type": "device", "target_id": str(n)} for n in range(50)]
    body = dict.fromkeys(NO_OBJECTS, items) | {"page": {"count": 120, "marker": "m"}, "total": 120}
    match = {"path": PATHS.get(slug, "/devices$")}
    emulator.faults([{"match": match, "fault": "answer", "status": 200, "body": body}])
    assert "The first 50 of 120 are shown." in plant.browser(role).get(address(slug, row, name)).text


def test_nobody_of_another_team_reads_it(plant, emulator):
    row = plant.make("iotda/policies")
    harbour = make_plant(emulator.url, name="Harbour")
    assert harbour.browser(Role.OWNER).get(address("iotda/policies", row, "targets")).status_code == 404


def test_an_unknown_list_is_not_there(plant):
    row = plant.make("iotda/policies")
    assert plant.browser().get(address("iotda/policies", row, "nonsense")).status_code == 404
