"""What pages conclude from a listing that is not whole, and from a change that is refused with a 2xx.

Would catch: rows called gone because a page came empty, "the platform has no ..." below a count, a number of
objects that nobody counted, a delete called done although the platform refused it.
"""

import copy
import json

import pytest

from portal.kinds.registry import KINDS
from portal.operations.models import State
from portal.teams.models import Role
from tests.examples import EXAMPLES, every_change, match
from tests.resources.forms import changing, post, read, sendable
from tests.resources.listings import EMPTY_TEXT, listed

pytestmark = pytest.mark.anywhere

GROUP, TREE, DEVICE = "iotda/device-groups", "roma/device-groups", "enos/devices"
PAGED = ["iotda/policies", "roma/apps", "enos/products"]
REFUSED = {"iotda": "IOTDA.000022", "roma": "ROMA.1006", "enos": 99403}


def counted(slug, items, count):
    """A listing with these items in which the platform counts so many."""
    member = EXAMPLES[slug].calls["list"].id[0]
    counts = {
        "iotda": {"page": {"count": count, "marker": "0" * 24}},
        "roma": {"total": count, "size": count},
        "enos": {"code": 0, "msg": "OK", "requestId": "r", "pagination": {"totalSize": count}},
    }
    body = {member: items, **counts[slug.partition("/")[0]]}
    return {"match": match(slug, "list"), "fault": "answer", "status": 200, "body": body}


def three(slug):
    call = EXAMPLES[slug].calls["list"]
    (item,) = call.good[call.id[0]]
    return [{**copy.deepcopy(item), call.id[-1]: f"{number}00"} for number in (1, 2, 3)]


@pytest.mark.parametrize("slug", [*PAGED, TREE])
def test_an_empty_page_below_the_count_is_no_empty_list(plant, emulator, slug):
    emulator.faults([counted(slug, [], 50)])

    text = plant.browser().get(f"/{slug}/").content.decode()
    found = plant.browser().get(f"/{slug}/?q=nothing").content.decode()

    assert EMPTY_TEXT not in text
    if slug != TREE:  # what the applications of ROMA hold is counted one by one
        assert "the platform counts 50 of these, 0 were read" in text
    assert "No matches among what was read" in found


@pytest.mark.parametrize("slug", PAGED)
def test_a_list_says_how_many_objects_were_read(plant, emulator, slug):
    emulator.faults([counted(slug, three(slug), 5)])

    response = plant.browser().get(f"/{slug}/")

    assert listed(response) == ["100", "200", "300"]
    assert "the platform counts 5 of these, 3 were read" in response.content.decode()


@pytest.mark.parametrize("slug", PAGED)
def test_a_list_whose_count_is_unreadable_is_not_called_whole(plant, emulator, slug):
    emulator.faults([counted(slug, three(slug), "many")])

    text = plant.browser().get(f"/{slug}/").content.decode()

    assert "3 of these were read, the platform does not say whether that is all" in text


@pytest.mark.parametrize("slug", [*PAGED, TREE])
def test_null_is_an_empty_list_if_the_platform_counts_none(plant, emulator, slug):
    emulator.faults([counted(slug, None, 0)])
    assert EMPTY_TEXT in plant.browser().get(f"/{slug}/").content.decode()

    emulator.faults([counted(slug, None, None)])
    text = plant.browser().get(f"/{slug}/").content.decode()
    assert "could not be read" in text
    assert EMPTY_TEXT not in text


@pytest.mark.parametrize("slug", PAGED)
def test_no_row_is_gone_because_a_page_came_empty(plant, emulator, slug):
    browser = plant.browser()
    emulator.faults([counted(slug, three(slug), 3)])
    browser.get(f"/{slug}/")

    emulator.faults([counted(slug, three(slug)[:1], 3)])
    response = browser.get(f"/{slug}/")

    assert listed(response) == ["100", "200", "300"]
    assert not KINDS[slug].model.objects.exclude(gone_at=None).exists()
    assert "the platform counts 3 of these, 1 were read" in response.content.decode()


def test_no_group_is_gone_because_the_second_page_came_empty(plant, emulator):
    for number in range(60):
        plant.made_in_the_console(GROUP, {**EXAMPLES[GROUP].create, "name": f"group-{number}"})
    browser = plant.browser()
    browser.get(f"/{GROUP}/")
    present = KINDS[GROUP].model.objects.present().count()
    gap = counted(GROUP, [], present)
    emulator.faults([{**gap, "match": {**gap["match"], "query": "marker="}}])

    browser.get(f"/{GROUP}/")

    assert present > 60
    assert KINDS[GROUP].model.objects.present().count() == present


def refusal(slug, verb):
    platform = slug.partition("/")[0]
    code = REFUSED[platform]
    body = {"code": code, "msg": "not for you"} if platform == "enos" else {}
    body = body or {"error_code": code, "error_msg": "not for you"}
    return {"match": match(slug, verb), "fault": "answer", "status": 200, "body": body}


@pytest.mark.parametrize(("slug", "verb"), every_change(), ids="-".join)
def test_a_change_that_is_refused_with_a_2xx_is_no_success(plant, emulator, slug, verb):
    plant.prepare(slug)
    target = plant.ready(slug, verb) if verb != "create" else None
    emulator.faults([refusal(slug, verb)])

    operation = plant.perform(slug, verb, target=target)

    assert (operation.state, operation.http_status) == (State.REJECTED, 200)
    assert operation.platform_code == str(REFUSED[slug.partition("/")[0]])
    assert "not for you" in operation.message
    if target:
        target.refresh_from_db()
        assert target.gone_at is None


@pytest.mark.parametrize(("slug", "verb"), [pair for pair in every_change() if "enos" not in pair[0]])
def test_a_change_with_an_unknown_error_on_a_2xx_is_in_doubt(plant, emulator, slug, verb):
    plant.prepare(slug)
    target = plant.ready(slug, verb) if verb != "create" else None
    rule = refusal(slug, verb)
    emulator.faults([{**rule, "body": {"error_code": "NEW.000001", "error_msg": "not for you"}}])

    operation = plant.perform(slug, verb, target=target)

    assert (operation.state, operation.message) == (State.IN_DOUBT, "not for you")


def test_a_delete_that_is_refused_with_a_2xx_keeps_its_row_on_the_page(plant, emulator):
    browser, row = plant.browser(Role.MANAGER), plant.make("iotda/soft-buses")
    fields = sendable(read(browser.get(changing(row, "delete"))).fields)
    emulator.faults([refusal("iotda/soft-buses", "delete")])

    response = post(browser, changing(row, "delete"), fields)

    assert response.status_code == 422
    assert "not for you" in response.content.decode()
    assert row.remote_id in listed(browser.get("/iotda/soft-buses/"))


@pytest.mark.parametrize("slug", [GROUP, TREE, DEVICE])
def test_a_list_with_a_byte_order_mark_is_read(plant, emulator, slug):
    rule = counted(slug, [], 0)
    emulator.faults([{**rule, "body": "\ufeff" + json.dumps(rule["body"])}])
    assert EMPTY_TEXT in plant.browser().get(f"/{slug}/").content.decode()
