"""What is called changed, made or deleted elsewhere, where it is easily mistaken.

Would catch: an own change that is called somebody else's, somebody's that is hidden by a search, a page or an
operation, an entry that is lost or untrue, and a secret in one.
"""

import re

import pytest
from django.db import OperationalError

from portal.connections import service
from portal.kinds.registry import KINDS
from portal.operations.models import State
from portal.record.models import Body
from portal.resources import asking, batches, reading, refreshing
from portal.teams.models import Role
from tests.examples import match
from tests.resources.refreshes import (
    DEVICES,
    GROUPS,
    answered,
    enos_page,
    fresh,
    long_ago,
    made,
    meanwhile,
    move,
    numbered,
)
from tests.resources.test_drift import change_elsewhere, found
from tests.support.plant import make_plant, mirrored


def test_objects_of_the_account_before_the_move_are_not_found_deleted_elsewhere(plant, emulator):
    """The objects still exist in the old account: nobody deleted them."""
    plant.refresh(DEVICES)
    long_ago(DEVICES)
    move(plant, org_id="another-org")
    emulator.faults([enos_page([], 0)])

    plant.refresh(DEVICES)

    assert found(DEVICES) == []


def test_an_own_change_during_a_live_read_is_not_somebody_elses(plant, monkeypatch):
    """The page of the object reads it; a colleague's update is done before the answer is kept. The old values
    overwrite the new ones as if they were read later, and the next read finds the own change "elsewhere"."""
    row = plant.make(GROUPS)
    plant.refresh(GROUPS)
    long_ago(GROUPS)
    change = plant.theirs(GROUPS, "ours")

    with meanwhile(
        monkeypatch, reading, "_note", lambda: plant.perform(GROUPS, "update", change, target=fresh(row))
    ):
        plant.browser().get(f"/{GROUPS}/{row.pk}/")
    shown = fresh(row)
    plant.browser().get(f"/{GROUPS}/{row.pk}/")

    assert shown.name == "ours" or shown.unsure_at
    assert found(GROUPS) == []


def test_an_own_change_while_a_page_is_written_is_not_somebody_elses(plant, monkeypatch):
    """The page was read before the update and shows the row unchanged. Its "still as it was" takes the mark
    of doubt that the update set, and makes the old values look newer than the update."""
    row = plant.make(DEVICES)
    plant.refresh(DEVICES)
    long_ago(DEVICES)
    change = plant.theirs(DEVICES, "ours")

    def update():
        assert plant.perform(DEVICES, "update", change, target=fresh(row)).state == State.DONE

    with meanwhile(monkeypatch, batches, "_take", update):
        asking.mark_asked(KINDS[DEVICES], row.connection)
        work = refreshing._claim(row.connection_id, DEVICES)
        work._begin()
        work._walk()
    shown = fresh(row)
    plant.browser().get(f"/{DEVICES}/{row.pk}/")

    assert shown.name == "ours" or shown.unsure_at
    assert found(DEVICES) == []


def test_what_was_at_first_stays_when_it_is_changed_elsewhere_twice(plant):
    """`take` drops the pair whose value is no longer shown before `mark` could keep its first half: "set it
    back" leads to the first foreign value, not to the team's own."""
    row = plant.make(GROUPS)
    plant.refresh(GROUPS)
    was = fresh(row).name
    for name in ("first", "second"):
        change_elsewhere(plant, GROUPS, row, name)
        plant.browser().get(f"/{GROUPS}/{row.pk}/")

    assert fresh(row).drift["name"] == [was, "second"]


def test_what_is_put_back_elsewhere_is_no_difference_any_more(plant):
    """The object is as it was, but the list says "changed elsewhere" and the page offers to set it "back" to
    the foreign value."""
    row = plant.make(GROUPS)
    plant.refresh(GROUPS)
    was = fresh(row).name
    for name in ("theirs", was):
        change_elsewhere(plant, GROUPS, row, name)
        plant.browser().get(f"/{GROUPS}/{row.pk}/")

    assert fresh(row).name == was
    assert fresh(row).drift is None


def test_only_what_the_page_showed_is_accepted(plant):
    """The comment says so, but the form carries nothing that says what the page showed: a change found after
    it was opened is accepted unseen."""
    row = plant.make(GROUPS)
    plant.refresh(GROUPS)
    change_elsewhere(plant, GROUPS, row, "seen")
    browser = plant.browser()
    text = browser.get(f"/{GROUPS}/{row.pk}/").content.decode()
    form = text.partition("accept-found/")[2].partition("</form>")[0]
    hidden = _hidden(form)
    change_elsewhere(plant, GROUPS, row, "unseen")
    plant.browser(Role.VIEWER).get(f"/{GROUPS}/{row.pk}/")

    browser.post(f"/{GROUPS}/{row.pk}/accept-found/", hidden)

    assert fresh(row).drift


def _hidden(form):
    return {
        name: value
        for name, value in re.findall(r'name="([^"]+)"[^>]*value="([^"]*)"', form)
        if name != "csrfmiddlewaretoken"
    }


def test_an_exact_search_does_not_hide_a_change_made_elsewhere(plant, settings):
    """`reach` keeps what it reads without a comparison: no entry, no mark, and nobody finds it later."""
    settings.FRESH_SECONDS = 3600
    row = plant.make(GROUPS)
    plant.refresh(GROUPS)
    long_ago(GROUPS)
    change_elsewhere(plant, GROUPS, row)

    plant.browser(Role.VIEWER).get(f"/{GROUPS}/?q={row.remote_id}&exactly=1")
    plant.refresh(GROUPS)
    plant.browser().get(f"/{GROUPS}/{row.pk}/")

    assert len(found(GROUPS)) == 1
    assert fresh(row).drift


@pytest.mark.parametrize("way", ["{id}/", "?q={id}"])
def test_what_was_made_elsewhere_is_found_even_if_somebody_opened_it_first(plant, settings, way):
    """The row that an address or a search adopts is "known" to the next refresh, so no entry ever says that
    it was made elsewhere."""
    settings.FRESH_SECONDS = 3600
    plant.refresh(GROUPS)
    (id,) = made(plant, GROUPS, 1)

    plant.browser(Role.VIEWER).get(f"/{GROUPS}/" + way.format(id=id))
    plant.refresh(GROUPS)

    assert [each.object_id for each in found(GROUPS)] == [id]


def test_what_was_made_elsewhere_is_found_although_a_create_is_in_doubt(plant, emulator):
    """One create whose answer was lost, and every object of the kind that is made elsewhere until somebody
    decides is adopted without an entry, for ever."""
    plant.refresh(GROUPS)
    rule = {"match": match(GROUPS, "create"), "fault": "timeout_before_commit", "seconds": 0.1, "times": 3}
    emulator.faults([{**rule, "fault": "reset"}])
    operation = plant.perform(GROUPS)
    emulator.faults([])
    assert operation.state == State.IN_DOUBT
    (id,) = made(plant, GROUPS, 1)
    theirs = {**numbered(GROUPS, 77)}
    assert theirs["name"] != operation.data["name"]

    plant.refresh(GROUPS)
    type(operation).objects.update(state=State.CANCELLED)
    plant.refresh(GROUPS)

    assert [each.object_id for each in found(GROUPS)] == [id]


def test_a_difference_is_not_lost_when_the_record_cannot_be_written(plant, monkeypatch):
    """The new values are committed first, the entry afterwards. When the second fails or the process dies,
    the next read sees no difference: the change stays unrecorded."""
    row = plant.make(GROUPS)
    plant.refresh(GROUPS)
    change_elsewhere(plant, GROUPS, row)

    def fails(*lines):
        raise OperationalError("no record")

    with monkeypatch.context() as patched:
        patched.setattr(reading, "append", fails)
        plant.browser(raise_request_exception=False).get(f"/{GROUPS}/{row.pk}/")
    plant.browser().get(f"/{GROUPS}/{row.pk}/")

    assert len(found(GROUPS)) == 1


def test_what_a_list_does_not_show_was_not_changed_elsewhere(plant):
    """A list of policies shows no statements. The first look at a policy that a list brought finds them, and
    calls that a change."""
    slug = "iotda/policies"
    plant.refresh(slug)
    (id,) = made(plant, slug, 1)
    plant.refresh(slug)
    row = KINDS[slug].model.objects.get(remote_id=id)

    plant.browser().get(f"/{slug}/{row.pk}/")

    assert fresh(row).drift is None


def test_what_a_deleted_connection_did_is_not_called_made_outside(plant, emulator):
    """Two teams have a connection to the same account. Operations of the account are found through its
    connections of today; those of a deleted one are forgotten."""
    other = make_plant(emulator.url, "Other team")
    other.refresh(GROUPS)
    plant.make(GROUPS)
    service.delete(plant.connection(KINDS[GROUPS]), actor=plant.people[Role.MANAGER])

    other.refresh(GROUPS)

    assert found(GROUPS) == []


def test_a_number_that_became_true_was_changed(plant, emulator):
    """Python calls 1 and True equal; the mirror keeps and shows the old value, and nobody is told."""
    row = plant.make(DEVICES)
    now = {"assetId": row.remote_id, "productKey": row.product_key, "deviceKey": row.device_key}
    now |= {"deviceName": row.device_name, "timezone": row.timezone, "deviceTags": {}}

    def show(flag):
        body = {"code": 0, "msg": "OK", "requestId": "r", "data": {**now, "deviceAttributes": {"flag": flag}}}
        emulator.faults([answered(DEVICES, "get", body)])
        plant.browser().get(f"/{DEVICES}/{row.pk}/")

    show(1)
    long_ago(DEVICES)
    show(True)

    assert fresh(row).device_attributes["flag"] is True
    assert fresh(row).drift


def test_no_entry_says_gone_of_what_was_read_meanwhile(plant, emulator, monkeypatch):
    """The entry is made before the transaction that finds that the row was read a moment ago: the row stays,
    and so does the entry that it no longer exists."""
    row = plant.make(DEVICES)
    plant.refresh(DEVICES)
    KINDS[DEVICES].model.objects.exclude(pk=row.pk).delete()
    long_ago(DEVICES)
    emulator.faults([enos_page([], 0)])

    def read():
        plant.browser().get(f"/{DEVICES}/{row.pk}/")

    with meanwhile(monkeypatch, refreshing.drift, "removed_here", read):
        plant.refresh(DEVICES)

    assert row.remote_id in mirrored(DEVICES)
    assert found(DEVICES) == []


def test_a_change_made_elsewhere_seconds_after_an_own_one_is_found(plant):
    """The answer to the update showed the whole object, so the update explains nothing any more. But when a
    list contradicts the row within 5 s, the mark of doubt is taken for the operation's own."""
    row = plant.make(GROUPS)
    plant.refresh(GROUPS)
    plant.perform(GROUPS, "update", plant.theirs(GROUPS, "ours"), target=fresh(row))
    plant.refresh(GROUPS)
    change_elsewhere(plant, GROUPS, row)

    plant.refresh(GROUPS)

    assert fresh(row).name == "theirs"
    assert len(found(GROUPS)) == 1


def test_an_entry_holds_no_secret_that_the_page_masks(plant, emulator):
    """Pages mask {"key": "wifi_password", "value": ...}; the entry about what was found has it in clear."""
    row = plant.make(DEVICES)
    shown = {"assetId": row.remote_id, "productKey": row.product_key, "deviceKey": row.device_key}
    shown |= {"deviceName": row.device_name, "timezone": row.timezone}
    for value in ("", "hunter2secret"):
        shown["deviceAttributes"] = {"wifi": {"key": "wifi_password", "value": value}}
        body = {"code": 0, "msg": "OK", "requestId": "r", "data": shown}
        emulator.faults([answered(DEVICES, "get", body)])
        text = plant.browser(Role.VIEWER).get(f"/{DEVICES}/{row.pk}/").content.decode()
        long_ago(DEVICES)

    assert "hunter2secret" not in text
    assert found(DEVICES)
    assert not Body.objects.filter(text__contains="hunter2secret").exists()
