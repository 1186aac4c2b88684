"""How many devices a policy reaches is told before it is bound, unbound, edited or deleted.

Would catch: one product that is called one device, a product that could not be counted and is left out, a
form that asks the platform hundreds of times.
"""

import re

import pytest

from portal.iotda import reached
from portal.teams.models import Role
from tests.emulator.clouds import SPACE
from tests.resources.forms import changing, post, script
from tests.support.plant import received

pytestmark = pytest.mark.anywhere


POLICY = "iotda/policies"
PRODUCT = "5ba24f5ebbe8f56f5a14f605"
NODE_1, NODE_2 = f"{PRODUCT}_node-1", f"{PRODUCT}_node-2"
DEVICES = {"method": "GET", "path": "/devices$"}


def told(page):
    """What the page says about reach."""
    found = re.search(r'id="(?:id_target_ids_)?reach"[^>]*>(.*?)<', page, re.DOTALL)
    return found[1].strip() if found else ""


def pressed(plant, row, kind, *ids, touch="target_ids:count", verb="bind"):
    data = script(POLICY, plant, verb, target_type=kind, target_ids="\n".join(ids), touch=touch)
    return told(post(plant.browser(Role.MANAGER), changing(row, verb), data).text)


def bind(plant, row, kind, *ids):
    plant.perform(POLICY, "bind", data={"target_type": kind, "target_ids": list(ids)}, target=row)


def counted(emulator, since=0):
    asked = [each for each in emulator.requests(since) if each["path"].endswith("/devices")]
    return [each for each in asked if "limit=1&" in f"{each['query']}&"]


@pytest.mark.parametrize(
    ("kind", "ids", "count", "calls"),
    [
        ("device", [NODE_1], 1, 0),
        ("device", [NODE_1, NODE_2], 2, 0),
        ("product", [PRODUCT], 2, 1),
        ("app", [SPACE], 2, 1),
    ],
)
def test_the_form_says_how_many_devices_the_chosen_targets_are(plant, emulator, kind, ids, count, calls):
    row = plant.make(POLICY)
    before = len(emulator.requests())
    assert pressed(plant, row, kind, *ids) == f"Devices reached: {count}."
    assert len(counted(emulator, before)) == calls
    assert received(emulator, POLICY, "bind") == []


def test_it_is_said_when_a_target_is_added_and_on_the_preview_but_no_search_counts(plant, emulator):
    row, browser = plant.make(POLICY), plant.browser(Role.MANAGER)
    assert told(browser.get(changing(row, "bind")).text) == "", "nothing is chosen yet"
    data = script(POLICY, plant, "bind", target_type="product", target_ids="", target_ids_pick=PRODUCT)
    added = post(browser, changing(row, "bind"), {**data, "touch": "target_ids:add"}).text
    assert told(added) == "Devices reached: 2."
    preview = post(browser, changing(row, "bind"), {**data, "target_ids": PRODUCT, "preview": "1"}).text
    assert told(preview) == "Devices reached: 2."
    before = len(emulator.requests())
    assert pressed(plant, row, "product", PRODUCT, touch="target_ids") == ""
    assert counted(emulator, before) == []


def test_what_cannot_be_counted_is_said_to_be_unknown(plant, emulator):
    row = plant.make(POLICY)
    match = {**DEVICES, "query": "product_id=odd"}
    emulator.faults([{"match": match, "fault": "answer", "status": 403, "body": ""}])
    assert pressed(plant, row, "product", PRODUCT, "odd-1", "odd-2") == (
        "Devices reached: at least 2. Products or spaces whose devices could not be counted: 2."
    )
    no_count = {"devices": [], "page": {"marker": None}}
    emulator.faults([{"match": DEVICES, "fault": "answer", "status": 200, "body": no_count}])
    assert pressed(plant, row, "product", PRODUCT).startswith("Devices reached: at least 0.")


def test_a_form_counts_a_bounded_number(plant, emulator):
    """As many as one call binds: "up to 20 ids per bind or unbind"."""
    row = plant.make(POLICY)
    before = len(emulator.requests())
    assert "could not be counted: 3." in pressed(plant, row, "product", *(f"p{n}" for n in range(23)))
    assert len(counted(emulator, before)) == reached.CALLS_MAX == 20


def test_one_that_does_not_answer_is_not_followed_by_nineteen_others(plant, emulator):
    row = plant.make(POLICY)
    emulator.faults([{"match": {**DEVICES, "query": "product_id="}, "fault": "reset"}])
    before = len(emulator.requests())
    assert "could not be counted: 5." in pressed(plant, row, "product", *(f"p{n}" for n in range(5)))
    assert len({each["query"] for each in counted(emulator, before)}) == 1


def test_the_link_that_unbinds_one_says_it_at_once(plant):
    row = plant.make(POLICY)
    bind(plant, row, "product", PRODUCT)
    page = plant.browser(Role.MANAGER).get(
        f"{changing(row, 'unbind')}?target_type=product&target_ids={PRODUCT}"
    )
    assert told(page.text) == "Devices reached: 2."


@pytest.mark.parametrize("verb", ["update", "delete"])
def test_the_form_of_a_bound_policy_says_it(plant, emulator, verb):
    row, browser = plant.make(POLICY), plant.browser(Role.MANAGER)
    assert told(browser.get(changing(row, verb)).text) == "", "it is bound to nothing"
    bind(plant, row, "product", PRODUCT)
    assert told(browser.get(changing(row, verb)).text) == "Devices reached: 2."
    bind(plant, row, "device", NODE_1)
    assert told(browser.get(changing(row, verb)).text).startswith("Devices reached: up to 3.")
    bind(plant, row, "app", SPACE)
    assert told(browser.get(changing(row, verb)).text) == "Devices reached: 2.", "the space has all of them"


def test_what_an_edit_reaches_is_unknown_where_its_targets_are(plant, emulator):
    row, browser = plant.make(POLICY), plant.browser(Role.MANAGER)
    items = [{"target_type": "device", "target_id": str(n)} for n in range(50)]
    body = {"targets": items, "page": {"count": 120, "marker": "m"}}
    emulator.faults([{"match": {"path": "/list-targets$"}, "fault": "answer", "status": 200, "body": body}])
    page = browser.get(changing(row, "update")).text
    assert told(page).startswith("Devices reached: at least 50. Not everything that it is bound to")


def test_a_press_counts_nothing_again(plant, emulator):
    row, browser = plant.make(POLICY), plant.browser(Role.MANAGER)
    before = len(emulator.requests())
    data = script(POLICY, plant, "bind", target_type="product", target_ids=PRODUCT)
    assert post(browser, changing(row, "bind"), data).status_code == 302
    assert counted(emulator, before) == []
