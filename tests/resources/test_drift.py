"""What was changed outside the portal: found, recorded, shown until it is accepted or set back.

Would catch: an own change that is called somebody else's and the other way round, a diff that shows a secret,
an accept by those who may not change, and a second entry for what was found already.
"""

import json
import re

import pytest

from portal.kinds.registry import KINDS
from portal.record.models import Body, Entry
from portal.resources import drift
from portal.teams.models import Role
from tests.examples import EVERY_CREATE, EXAMPLES, updating
from tests.resources.forms import post, read, sendable
from tests.resources.refreshes import long_ago, made, numbered
from tests.support.plant import make_plant

DEVICE = "enos/devices"
EVERY_UPDATE = pytest.mark.parametrize("slug", updating())


def found(slug):
    return list(Entry.objects.filter(verb="found", kind=slug).order_by("seq"))


def change_elsewhere(plant, slug, row, name="theirs"):
    """Somebody gives the object another name past the portal."""
    collection = plant.collection(slug)
    shown = plant.shown(slug, row)
    changed = EXAMPLES[slug].rename(name)
    collection.update(row.remote_id, collection.to_update(changed, shown))


@EVERY_UPDATE
@pytest.mark.parametrize("by", ["a refresh", "the page of the object"])
def test_a_change_made_elsewhere_is_found_once_with_its_difference(plant, slug, by):
    row = plant.make(slug)
    plant.refresh(slug)
    long_ago(slug)
    was = row.name
    change_elsewhere(plant, slug, row)

    def look():
        if by == "a refresh":
            plant.refresh(slug)
        else:
            plant.browser(Role.VIEWER).get(f"/{slug}/{row.pk}/")

    look()
    look()

    (entry,) = found(slug)
    changed = json.loads(Body.objects.get(seq=entry.seq).text)["changed"]
    assert {str(pair["was"]) for pair in changed.values()} != {str(pair["now"]) for pair in changed.values()}
    assert was in str(changed)
    assert (entry.outcome, entry.object_id, entry.who) == ("found", row.remote_id, "the portal, in a refresh")
    assert entry.text.startswith("Found, not done here")
    row.refresh_from_db()
    assert set(row.drift) == set(changed)
    assert row.drifted_at


@EVERY_UPDATE
def test_an_own_change_is_nobody_elses(plant, slug):
    row = plant.make(slug)
    plant.refresh(slug)
    long_ago(slug)

    plant.perform(slug, "update", plant.theirs(slug, "ours"), target=row)
    plant.refresh(slug)
    plant.browser().get(f"/{slug}/{row.pk}/")

    row.refresh_from_db()
    assert row.name == "ours"
    assert row.drift is None
    assert found(slug) == []


@EVERY_CREATE
def test_what_is_made_and_deleted_elsewhere_is_found(plant, slug):
    plant.refresh(slug)
    (remote_id,) = made(plant, slug, 1)
    plant.refresh(slug)
    plant.collection(slug).delete(remote_id)
    plant.refresh(slug)

    assert [(each.object_id, each.text) for each in found(slug)] == [
        (remote_id, str(drift.MADE())),
        (remote_id, str(drift.GONE())),
    ]


@EVERY_CREATE
def test_the_first_refresh_and_what_we_make_and_delete_are_no_finds(plant, slug):
    made(plant, slug, 2)
    plant.refresh(slug)
    row = plant.make(slug, **numbered(slug, 7))
    KINDS[slug].model.objects.filter(pk=row.pk).delete()  # the mirror has lost it
    plant.refresh(slug)
    row = KINDS[slug].model.objects.get(remote_id=row.remote_id)
    plant.perform(slug, "delete", {}, target=row)
    plant.refresh(slug)

    assert found(slug) == []


def test_many_finds_at_once_are_told_in_few_entries(plant, monkeypatch):
    monkeypatch.setattr(drift, "SHOWN_MAX", 2)
    plant.refresh(DEVICE)
    new = made(plant, DEVICE, 5)
    plant.refresh(DEVICE)

    *some, rest = found(DEVICE)
    assert len(some) == 2
    body = json.loads(Body.objects.get(seq=rest.seq).text)
    assert {each.object_id for each in some} | {each["id"] for each in body["objects"]} == new
    assert "3 more objects" in rest.text


@EVERY_UPDATE
def test_a_difference_is_shown_until_it_is_accepted(plant, slug):
    row = plant.make(slug)
    plant.refresh(slug)
    change_elsewhere(plant, slug, row)
    browser = plant.browser()
    text = browser.get(f"/{slug}/{row.pk}/").content.decode()
    assert "Changed outside the portal" in text
    assert f'data-remote-id="{row.remote_id}"' in browser.get(f"/{slug}/?drift=1").content.decode()

    shown = {"shown": re.search(r'name="shown" value="(\w+)"', text)[1]}
    denied = plant.browser(Role.VIEWER).post(f"/{slug}/{row.pk}/accept-found/", shown)
    accepted = browser.post(f"/{slug}/{row.pk}/accept-found/", shown, follow=True)
    again = browser.post(f"/{slug}/{row.pk}/accept-found/", shown)

    assert denied.status_code == 403
    assert "accept-found" not in plant.browser(Role.VIEWER).get(f"/{slug}/{row.pk}/").content.decode()
    assert "Changed outside the portal" not in accepted.content.decode()
    assert again.status_code == 404
    entry = Entry.objects.get(verb="accept_found", outcome="done")
    assert (entry.kind, entry.object_id) == (slug, row.remote_id)
    assert Entry.objects.filter(verb="accept_found", stage="denied").exists()


@EVERY_UPDATE
def test_the_form_that_sets_it_back_sends_only_that(plant, emulator, slug):
    row = plant.make(slug)
    plant.refresh(slug)
    before = plant.shown(slug, row)
    change_elsewhere(plant, slug, row)
    browser = plant.browser(Role.MANAGER)
    text = browser.get(f"/{slug}/{row.pk}/").content.decode()
    assert f"/{slug}/{row.pk}/update/?back=1" in text

    form = read(browser.get(f"/{slug}/{row.pk}/update/?back=1"))
    done = post(browser, f"/{slug}/{row.pk}/update/", sendable(form.fields), follow=True)

    assert done.status_code == 200, done.content.decode()
    assert plant.shown(slug, row) == before
    row.refresh_from_db()
    assert row.drift is None
    assert "Changed outside the portal" not in browser.get(f"/{slug}/{row.pk}/").content.decode()


def test_another_team_neither_sees_nor_accepts_it(plant, emulator):
    row = plant.make(DEVICE)
    plant.refresh(DEVICE)
    change_elsewhere(plant, DEVICE, row)
    plant.browser().get(f"/{DEVICE}/{row.pk}/")
    other = make_plant(emulator.url, "Harbour")

    assert other.browser().post(f"/{DEVICE}/{row.pk}/accept-found/").status_code == 404
    row.refresh_from_db()
    assert row.drift


def test_a_secret_in_a_difference_is_shown_to_nobody_who_may_not_read_it(plant):
    row = plant.make(DEVICE)
    plant.refresh(DEVICE)
    collection = plant.collection(DEVICE)
    changed = {"device_tags": {"wifi_password": "hunter2-5f1c7a"}}
    collection.update(row.remote_id, collection.to_update(changed, plant.shown(DEVICE, row)))

    text = plant.browser(Role.VIEWER).get(f"/{DEVICE}/{row.pk}/").content.decode()

    assert "Changed outside the portal" in text
    assert "hunter2" not in text
    (entry,) = found(DEVICE)
    assert "hunter2" not in Body.objects.get(seq=entry.seq).text
