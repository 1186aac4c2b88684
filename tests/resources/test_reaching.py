"""What the mirror has not read yet is asked for: V7 of what was found, for every kind.

Would catch: an object that exists and is called unknown by its address or by a search, one of another team
that is shown, and an account that could not be asked and is called empty.
"""

import pytest

from portal.kinds.registry import KINDS
from portal.teams.models import Role
from tests.examples import EVERY_CREATE, creating, match
from tests.resources.listings import listed
from tests.resources.refreshes import made
from tests.support.plant import make_plant

POLICY, DEVICE = "iotda/policies", "enos/devices"
NAMED = [slug for slug in creating() if KINDS[slug].declared.finds_names]


@pytest.fixture(autouse=True)
def never_refreshed(settings):
    """Lists are fresh for as long as these tests take: what is shown was not found by a refresh."""
    settings.FRESH_SECONDS = 10**6


@EVERY_CREATE
def test_the_address_with_a_platform_id_opens_what_exists(plant, slug):
    plant.refresh(slug)
    (remote_id,) = made(plant, slug, 1)

    response = plant.browser(Role.VIEWER).get(f"/{slug}/{remote_id}/")

    assert response.status_code == 200
    assert f'data-remote-id="{remote_id}"' in response.content.decode()


@EVERY_CREATE
def test_a_search_for_an_exact_id_finds_what_exists(plant, slug):
    plant.refresh(slug)
    (remote_id,) = made(plant, slug, 1)

    assert listed(plant.browser(Role.VIEWER).get(f"/{slug}/", {"q": remote_id})) == [remote_id]


@pytest.mark.parametrize("slug", NAMED)
def test_a_search_for_an_exact_name_finds_what_exists(plant, slug):
    plant.refresh(slug)
    (remote_id,) = made(plant, slug, 1)
    name = plant.collection(slug).get(remote_id)["name"]

    assert listed(plant.browser(Role.VIEWER).get(f"/{slug}/", {"q": name})) == [remote_id]


@EVERY_CREATE
def test_what_does_not_exist_is_not_there(plant, slug):
    plant.refresh(slug)
    browser = plant.browser(Role.VIEWER)

    assert browser.get(f"/{slug}/99999999/").status_code == 404
    assert listed(browser.get(f"/{slug}/", {"q": "99999999"})) == []


@EVERY_CREATE
def test_an_account_that_cannot_be_asked_is_not_called_empty(plant, emulator, slug):
    plant.refresh(slug)
    (remote_id,) = made(plant, slug, 1)
    broken = [match(slug, "get"), match(slug, "list")]
    emulator.faults([{"match": each, "fault": "answer", "status": 503, "body": "no"} for each in broken])
    browser = plant.browser(Role.VIEWER)

    opened = browser.get(f"/{slug}/{remote_id}/")
    found = browser.get(f"/{slug}/", {"q": remote_id}).content.decode()

    assert opened.status_code == 503
    assert "could not be asked" in found


def test_another_teams_account_is_not_asked(plant, emulator):
    (remote_id,) = made(plant, POLICY, 1)
    other = make_plant("http://127.0.0.1:9", "Harbour")  # nobody listens there

    assert other.browser().get(f"/{POLICY}/{remote_id}/").status_code == 503
    assert plant.browser().get(f"/{POLICY}/{remote_id}/").status_code == 200


@pytest.mark.parametrize("odd", ["a\nb", "x" * 161, "..", "%00", "a/b", "new"])
def test_odd_texts_are_not_asked_for_as_ids(plant, emulator, odd):
    browser = plant.browser(Role.VIEWER)
    plant.refresh(DEVICE)
    response = browser.get(f"/{DEVICE}/", {"q": odd})
    assert response.status_code == 200
    assert listed(response) == []
