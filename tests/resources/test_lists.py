"""Lists and details: read live, kept in the mirror, honest when the platform does not answer.

Would catch: a failed listing that reads as empty, a row that stays after its object is gone, and a look into
another team's mirror.
"""

import html
import re

import pytest

from portal.kinds.registry import KINDS
from portal.teams.models import Membership, Role
from tests.examples import EVERY_KIND, creating, match
from tests.resources.forms import HTMX
from tests.resources.listings import EMPTY_TEXT, listed, tree
from tests.support.account import GROUP as DEMO_GROUP
from tests.support.plant import make_plant

BUS, POLICY, GROUP, DEVICE = "iotda/soft-buses", "iotda/policies", "roma/device-groups", "enos/devices"


def down(slug):
    return {"match": match(slug, "list"), "fault": "answer", "status": 503, "body": "no"}


@EVERY_KIND
def test_a_list_shows_what_the_platform_has_now_and_keeps_it(plant, emulator, slug):
    if slug in creating():
        plant.perform(slug)
        KINDS[slug].model.objects.all().delete()

    response = plant.browser(Role.VIEWER).get(f"/{slug}/")

    assert response.status_code == 200
    ids = listed(response)
    # The count of policies that the control plane tells leaves the built-in ones out.
    expected = set(emulator.state()[slug]["ids"]) | set(
        emulator.state().get(slug.replace("/p", "/built-in-p"), {}).get("ids", ())
    )
    assert {*map(str, expected)} == set(ids)
    assert set(KINDS[slug].model.objects.values_list("remote_id", flat=True)) == set(ids)


@EVERY_KIND
def test_a_detail_page_shows_every_field_of_one_object(plant, slug):
    if slug in creating():
        plant.perform(slug)
    browser = plant.browser(Role.VIEWER)
    remote_id = listed(browser.get(f"/{slug}/"))[0]
    row = KINDS[slug].model.objects.get(remote_id=remote_id)

    response = browser.get(f"/{slug}/{row.pk}/")

    text = response.content.decode()
    assert response.status_code == 200
    assert f'data-remote-id="{remote_id}"' in text
    for field in row.platform_fields():
        assert f"<dt>{field.verbose_name.capitalize()}</dt>" in html.unescape(text), field.name


@EVERY_KIND
def test_never_read_and_failing_says_that_nothing_is_known(plant, emulator, slug):
    emulator.faults([down(slug)])

    text = plant.browser().get(f"/{slug}/").content.decode()

    assert "could not be read" in text
    assert "It was never read before, so there is no data to show." in text
    assert EMPTY_TEXT not in text


@EVERY_KIND
def test_failing_shows_the_rows_as_of_the_last_reading(plant, emulator, slug):
    if slug in creating():
        plant.perform(slug)
    browser = plant.browser()
    before = listed(browser.get(f"/{slug}/"))
    emulator.faults([down(slug)])

    response = browser.get(f"/{slug}/")

    assert listed(response) == before
    text = response.content.decode()
    assert "could not be read" in text
    assert re.search(r"Showing data from\s+<time datetime=", text)
    assert EMPTY_TEXT not in text


@pytest.mark.parametrize("query", ["", "?q=nothing-like-this"])
def test_a_list_that_was_empty_and_now_fails_does_not_read_as_empty(plant, emulator, query):
    browser = plant.browser()
    assert EMPTY_TEXT in browser.get(f"/{BUS}/").content.decode()
    emulator.faults([down(BUS)])

    text = browser.get(f"/{BUS}/{query}").content.decode()

    assert "could not be read" in text
    assert EMPTY_TEXT not in text
    assert "No matches" not in text.replace("No matches among what was read", "")


def test_an_empty_list_offers_the_first_create_to_those_who_may(plant):
    page = plant.browser(Role.OPERATOR).get(f"/{BUS}/").content.decode()
    assert EMPTY_TEXT in page
    assert "Create the first one" in page

    page = plant.browser(Role.VIEWER).get(f"/{BUS}/").content.decode()
    assert EMPTY_TEXT in page
    assert "Create the first one" not in page


def test_one_failing_connection_does_not_hide_the_others(plant, emulator):
    other = make_plant(emulator.url, name="Harbour").connections["roma"]
    other.pk, other._state.adding, other.team, other.name = None, True, plant.team, "second"
    other.endpoint = "http://127.0.0.1:9"
    other.save()

    response = plant.browser().get(f"/{GROUP}/")

    assert listed(response) == ["10001"]
    assert "second could not be read" in response.content.decode()


def test_an_object_changed_behind_our_back_shows_its_new_name(plant, emulator):
    made = plant.made_in_the_console(GROUP, {**plant.data(GROUP), "name": "old-name"})
    browser = plant.browser()
    assert "old-name" in browser.get(f"/{GROUP}/").content.decode()
    plant.collection(GROUP).update(made["id"], {"name": "new-name"})

    text = browser.get(f"/{GROUP}/").content.decode()

    assert "new-name" in text
    assert "old-name" not in text
    assert KINDS[GROUP].model.objects.get(remote_id=made["id"]).name == "new-name"


def test_an_object_deleted_behind_our_back_leaves_the_list_and_is_called_gone(plant, emulator):
    operation = plant.perform(GROUP)
    browser = plant.browser()
    assert operation.object_id in listed(browser.get(f"/{GROUP}/"))
    emulator.reset()

    assert operation.object_id not in listed(browser.get(f"/{GROUP}/"))

    row = KINDS[GROUP].model.objects.get(remote_id=operation.object_id)
    assert row.gone_at
    page = browser.get(f"/{GROUP}/{row.pk}/").content.decode()
    assert 'data-state="gone"' in page
    assert "This no longer exists on the platform." in page


def test_an_object_that_a_listing_leaves_out_but_a_single_read_shows_stays(plant, emulator):
    operation = plant.perform(GROUP)
    emulator.faults([tree((10_001, "root"))])

    assert operation.object_id in listed(plant.browser().get(f"/{GROUP}/"))


def test_a_vanished_object_that_comes_back_is_no_longer_gone(plant, emulator):
    operation = plant.perform(GROUP)
    browser = plant.browser()
    body = {"error_code": "ROMA.00110006", "error_msg": "The resource does not exist.", "request_id": "r-1"}
    by_id = {"method": "GET", "path": f"/device-groups/{operation.object_id}"}
    emulator.faults([tree(), {"match": by_id, "fault": "answer", "status": 404, "body": body}])
    assert operation.object_id not in listed(browser.get(f"/{GROUP}/"))
    emulator.faults([])

    assert operation.object_id in listed(browser.get(f"/{GROUP}/"))


def test_a_detail_page_of_an_object_deleted_behind_our_back_offers_no_verbs(plant, emulator):
    plant.perform(BUS)
    row = KINDS[BUS].model.objects.get()
    emulator.reset()

    text = plant.browser().get(f"/{BUS}/{row.pk}/").content.decode()

    assert "This no longer exists on the platform." in text
    assert "/sync/" not in text


def test_a_detail_page_that_cannot_be_read_shows_what_it_knows_as_of_when(plant, emulator):
    plant.perform(POLICY)
    row = KINDS[POLICY].model.objects.get()
    emulator.faults([{"match": {"method": "GET"}, "fault": "answer", "status": 503, "body": ""}])

    text = plant.browser().get(f"/{POLICY}/{row.pk}/").content.decode()

    assert "The platform could not be read." in text
    assert re.search(r"Showing data from\s+<time", text)
    assert "topic:/v1/${devices.deviceId}/test/hello" in text


# Whose objects.


@pytest.fixture
def harbour(plant, emulator):
    """Another team with connections to the same account, and a bus of its own."""
    harbour = make_plant(emulator.url, name="Harbour")
    harbour.perform(BUS)
    return harbour


def test_another_teams_objects_do_not_exist(plant, harbour):
    row = KINDS[BUS].model.objects.get(connection__team=harbour.team)
    browser = plant.browser(Role.OWNER)

    assert browser.get(f"/{BUS}/{row.pk}/").status_code == 404
    own = browser.get(f"/{BUS}/{row.remote_id}/")  # both teams have a connection to the account
    assert own.context["row"].connection == plant.connections["iotda"]
    response = browser.post(f"/{BUS}/{row.pk}/sync/", {"operation_key": "k"})
    assert response.status_code == 404
    operation = harbour.team.operations.get()
    assert browser.get(f"/operations/{operation.pk}/").status_code == 404
    assert browser.post(f"/operations/{operation.pk}/look-again/").status_code == 404
    assert browser.post(f"/operations/{operation.pk}/secrets/").status_code == 404
    assert str(operation.pk) not in browser.get("/operations/").content.decode()


def test_another_teams_connection_cannot_be_used_in_a_form(plant, harbour, emulator):
    before = len(emulator.requests())
    posted = {"connection": str(harbour.connections["iotda"].pk), "operation_key": "k-1", "bus_name": "mine"}

    response = plant.browser(Role.OWNER).post(f"/{BUS}/new/", posted)

    assert response.status_code == 422
    assert not [each for each in emulator.requests(before) if each["method"] == "POST"]
    assert harbour.team.operations.count() == 1


def test_a_list_holds_the_objects_of_the_current_team_alone(plant, harbour):
    """Also for somebody who is in both: the list of one team never mixes in the other's."""
    Membership.objects.create(team=harbour.team, user=plant.people[Role.OPERATOR], role=Role.OPERATOR)
    mine, theirs = plant.connections["iotda"], harbour.connections["iotda"]
    harbour_browser, browser = plant.browser(), plant.browser()
    harbour_browser.post("/teams/switch/", {"team": str(harbour.team.pk)})
    browser.post("/teams/switch/", {"team": str(plant.team.pk)})

    pages = [each.get(f"/{BUS}/").content.decode() for each in (browser, harbour_browser)]

    assert [KINDS[BUS].model.objects.filter(connection=each).count() for each in (mine, theirs)] == [1, 1]
    for page in pages:
        assert page.count("data-remote-id=") == 1
    new_form = browser.get(f"/{BUS}/new/").content.decode()
    assert str(mine.pk) in new_form
    assert str(theirs.pk) not in new_form


def test_an_object_is_found_under_the_platforms_own_id(plant):
    operation = plant.perform(BUS)

    response = plant.browser().get(f"/{BUS}/{operation.object_id}/")

    assert response.status_code == 200
    assert f'data-remote-id="{operation.object_id}"' in response.content.decode()


def test_an_id_that_two_teams_have_opens_the_object_of_the_team_that_is_shown(plant, harbour):
    remote_id = "10001"
    person = plant.people[Role.OPERATOR]
    plant.browser().get(f"/{GROUP}/")
    harbour.browser().get(f"/{GROUP}/")
    assert plant.browser().get(f"/{GROUP}/{remote_id}/").status_code == 200
    Membership.objects.create(team=harbour.team, user=person, role=Role.VIEWER)

    opened = plant.browser().get(f"/{GROUP}/{remote_id}/").context
    assert opened["row"].connection.team == opened["team"]
    for row in KINDS[GROUP].model.objects.filter(remote_id=remote_id):
        assert plant.browser().get(f"/{GROUP}/{row.pk}/").status_code == 200


@pytest.mark.parametrize("slug", ["iotda/nothing", "nowhere/soft-buses", "iotda/soft-bus"])
def test_a_kind_that_does_not_exist_is_404(plant, slug):
    assert plant.browser().get(f"/{slug}/").status_code == 404


# Following a sync.


def test_a_synchronizing_bus_is_followed_until_it_is_synchronized(plant, emulator):
    emulator.settings({"sync_s": 10_000})
    plant.perform(BUS)
    bus = KINDS[BUS].model.objects.get()
    browser = plant.browser()
    page = browser.get(f"/{BUS}/{bus.pk}/").content.decode()
    assert 'data-state="ToBeSynchronized"' in page
    assert 'hx-trigger="every' not in page
    browser.post(f"/{BUS}/{bus.pk}/sync/", {"operation_key": "sync-1"})

    for url in (f"/{BUS}/{bus.pk}/", f"/{BUS}/"):
        page = browser.get(url, **HTMX).content.decode()
        assert 'data-state="Synchronizing"' in page
        assert 'hx-trigger="every' in page

    emulator.settings({"sync_s": 0})
    for url in (f"/{BUS}/{bus.pk}/", f"/{BUS}/"):
        page = browser.get(url, **HTMX).content.decode()
        assert 'data-state="Synchronized"' in page
        assert 'hx-trigger="every' not in page


def test_following_stops_when_the_platform_cannot_be_read(plant, emulator):
    emulator.settings({"sync_s": 10_000})
    plant.perform(BUS)
    bus = KINDS[BUS].model.objects.get()
    browser = plant.browser()
    browser.post(f"/{BUS}/{bus.pk}/sync/", {"operation_key": "sync-1"})
    emulator.faults([{"match": {"method": "GET"}, "fault": "answer", "status": 503, "body": ""}])

    page = browser.get(f"/{BUS}/{bus.pk}/", **HTMX).content.decode()

    assert 'hx-trigger="every' not in page
    assert DEMO_GROUP in page
