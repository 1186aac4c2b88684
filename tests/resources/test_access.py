"""Who may create and sync, by role and kind, through HTTP. Typed by hand from the design's table of roles:
"create, update, sync, refresh ...: operator, manager, owner"; everybody in the team sees.

Would catch: a right given to a role that lacks it, a denial that reaches the platform or leaves no entry.
"""

import pytest

from portal.kinds.registry import KINDS
from portal.operations.models import Operation
from portal.record.models import Body, Entry
from portal.teams.models import Role, User
from tests.resources.forms import HTMX, new, script, send
from tests.support.plant import CREATES, creates_received

BUS = "iotda/soft-buses"
MAY_CREATE = {
    Role.VIEWER: False,
    Role.AUDITOR: False,
    Role.OPERATOR: True,
    Role.MANAGER: True,
    Role.OWNER: True,
}
MAY_SYNC = {
    Role.VIEWER: False,
    Role.AUDITOR: False,
    Role.OPERATOR: True,
    Role.MANAGER: True,
    Role.OWNER: True,
}
EVERY_CREATE = pytest.mark.parametrize("slug", CREATES)
DENIED = pytest.mark.parametrize("role", [Role.VIEWER, Role.AUDITOR])


def test_the_tables_name_every_role():
    assert set(MAY_CREATE) == set(MAY_SYNC) == set(Role)


@EVERY_CREATE
@pytest.mark.parametrize("role", Role)
def test_creating_by_role_and_kind(plant, emulator, role, slug):
    browser = plant.browser(role)

    form, response = browser.get(new(slug)), send(browser, slug, script(slug, plant))

    assert form.status_code == (200 if MAY_CREATE[role] else 403)
    assert response.status_code == (302 if MAY_CREATE[role] else 403)
    assert len(creates_received(emulator, slug)) == (1 if MAY_CREATE[role] else 0)
    assert Operation.objects.count() == (1 if MAY_CREATE[role] else 0)


@pytest.mark.parametrize("role", Role)
def test_syncing_by_role(plant, emulator, role):
    plant.perform(BUS)
    bus = KINDS[BUS].model.objects.get()

    response = plant.browser(role).post(f"/{BUS}/{bus.pk}/sync/", {"operation_key": "k-1"})

    assert response.status_code == (302 if MAY_SYNC[role] else 403)
    synced = [each for each in emulator.requests() if each["path"].endswith("/sync")]
    assert len(synced) == (1 if MAY_SYNC[role] else 0)


@pytest.mark.parametrize("slug", KINDS)
@pytest.mark.parametrize("role", Role)
def test_everybody_in_the_team_sees_lists(plant, role, slug):
    assert plant.browser(role).get(f"/{slug}/").status_code == 200


@DENIED
@EVERY_CREATE
def test_a_denied_create_is_recorded_with_who_and_what(plant, role, slug):
    send(plant.browser(role), slug, script(slug, plant))

    entry = Entry.objects.get()
    assert (entry.stage, entry.outcome, entry.verb, entry.kind) == ("denied", "denied", "create", slug)
    assert (entry.actor, entry.team) == (f"{role}-plant@example.test", "Plant 3")
    assert '"right":"create"' in Body.objects.get(seq=entry.seq).text


@DENIED
def test_a_denied_create_with_a_broken_form_is_recorded_too_and_says_403_not_422(plant, emulator, role):
    response = send(plant.browser(role), BUS, script(BUS, plant, bus_name="not allowed"))

    assert response.status_code == 403
    entry = Entry.objects.get()
    assert (entry.stage, entry.verb, entry.kind) == ("denied", "create", BUS)
    assert creates_received(emulator, BUS) == []


@DENIED
def test_a_denied_sync_is_recorded_with_its_object(plant, role):
    operation = plant.perform(BUS)
    bus = KINDS[BUS].model.objects.get()

    plant.browser(role).post(f"/{BUS}/{bus.pk}/sync/", {"operation_key": "k-1"})

    entry = Entry.objects.order_by("-seq").first()
    assert (entry.stage, entry.verb, entry.object_id) == ("denied", "sync", operation.object_id)


@DENIED
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_a_denial_says_what_is_missing_and_who_can_grant_it(plant, role, headers):
    response = send(plant.browser(role), BUS, script(BUS, plant), **headers)

    text = response.content.decode()
    assert response.status_code == 403
    assert f"As {role.label} you may not do this." in text
    assert "Operator, Manager, Owner" in text
    assert "An owner of the team can change your role." in text


@DENIED
@pytest.mark.parametrize("extra", [{"touch": "group_id"}, {"preview": "1"}], ids=["touch", "preview"])
def test_neither_search_nor_preview_opens_the_form_to_those_who_may_not(plant, emulator, role, extra):
    response = send(plant.browser(role), BUS, {**script(BUS, plant), **extra})

    assert response.status_code == 403
    assert emulator.requests() == []


@pytest.mark.parametrize("role", Role)
def test_the_buttons_follow_the_rights(plant, role):
    plant.perform(BUS)
    bus = KINDS[BUS].model.objects.get()
    browser = plant.browser(role)

    assert (f'href="{new(BUS)}"' in browser.get(f"/{BUS}/").content.decode()) is MAY_CREATE[role]
    detail = browser.get(f"/{BUS}/{bus.pk}/").content.decode()
    assert (f'action="/{BUS}/{bus.pk}/sync/"' in detail) is MAY_SYNC[role]
    why_not = f"As {role.label} you may not do this. It takes: Operator, Manager, Owner."
    assert (why_not in detail) is not MAY_SYNC[role]


@pytest.mark.parametrize("is_admin", [True, False])
def test_a_stranger_and_a_portal_administrator_meet_nothing(plant, emulator, is_admin):
    plant.perform(BUS)
    bus = KINDS[BUS].model.objects.get()
    before = len(emulator.requests())
    plant.people["stranger"] = User.objects.create(email="stranger@example.test", is_portal_admin=is_admin)
    browser = plant.browser("stranger")

    assert send(browser, BUS, script(BUS, plant)).status_code == 404
    assert browser.get(f"/{BUS}/{bus.pk}/").status_code == 404
    assert browser.post(f"/{BUS}/{bus.pk}/sync/", {"operation_key": "k"}).status_code == 404
    assert bus.remote_id not in browser.get(f"/{BUS}/").content.decode()
    assert len(emulator.requests()) == before


@pytest.mark.parametrize("verb", ["create", "update", "no-such-verb"])
def test_a_verb_that_an_object_does_not_have_is_404(plant, verb):
    plant.perform(BUS)
    bus = KINDS[BUS].model.objects.get()

    assert (
        plant.browser(Role.OWNER).post(f"/{BUS}/{bus.pk}/{verb}/", {"operation_key": "k"}).status_code == 404
    )


def test_a_sync_is_never_a_get(plant, emulator):
    plant.perform(BUS)
    bus = KINDS[BUS].model.objects.get()
    before = len(emulator.requests())

    assert plant.browser().get(f"/{BUS}/{bus.pk}/sync/").status_code == 405
    assert len(emulator.requests()) == before
