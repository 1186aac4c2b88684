"""The groups of a device, on its page.

Would catch: groups that cannot be read and are shown as none, a group that leads nowhere.
"""

import pytest

from portal.teams.models import Role
from tests.support.account import GROUP, IOTDA_DEVICE

pytestmark = pytest.mark.anywhere


DEVICES, GROUPS = "iotda/devices", "iotda/device-groups"


def address(row):
    return f"/{DEVICES}/{row.pk}/related/groups/"


def put_in(plant, id):
    groups = plant.collection(GROUPS)
    groups.client.send(groups.add_device_call(GROUP, {"device_id": id}))


def test_the_page_shows_them_and_leads_on(plant, emulator):
    row, browser = plant.make(DEVICES), plant.browser(Role.VIEWER)
    assert "None." in browser.get(address(row)).text
    put_in(plant, row.remote_id)

    page = browser.get(address(row)).text

    assert f'data-related-id="{GROUP}"' in page
    assert "DemoGroup" in page
    assert f'href="/{GROUPS}/{GROUP}/"' in page
    assert browser.get(f"/{GROUPS}/{GROUP}/", follow=True).status_code == 200
    assert f'hx-get="{address(row)}"' in browser.get(f"/{DEVICES}/{row.pk}/").text
    asked = [each for each in emulator.requests() if each["path"].endswith("/list-device-group")]
    assert len(asked) == 2, "once for each time it was shown"


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "answer", "status": 503, "body": ""},
        {"fault": "reset"},
        {"fault": "answer", "status": 200, "body": {}},
        {"fault": "answer", "status": 200, "body": {"device_groups": None}},
        {"fault": "answer", "status": 200, "body": {"device_groups": [7]}},
    ],
    ids=["503", "reset", "no list", "null", "no objects"],
)
def test_what_cannot_be_read_is_not_none(plant, emulator, fault):
    row, browser = plant.make(DEVICES), plant.browser()
    emulator.faults([{"match": {"path": "/list-device-group$"}, **fault}])
    page = browser.get(address(row)).text
    assert "The platform could not be read." in page
    assert "None." not in page


def test_a_basic_edition_says_so(plant, emulator):
    row = plant.make(DEVICES)
    emulator.settings({"edition": "basic"})
    assert "not supported by the basic edition" in plant.browser().get(address(row)).text


def test_of_more_than_are_read_the_rest_is_counted(plant, emulator):
    put_in(plant, IOTDA_DEVICE)
    listing = plant.collection(DEVICES).groups(IOTDA_DEVICE, limit=0)
    assert (listing.items, listing.total, listing.complete) == ([], 1, False)
