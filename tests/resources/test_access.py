"""Who may create, by role and kind, through HTTP. Typed by hand from the design's table of roles.

Other verbs: test_updating.py, test_deleting.py, test_other_verbs.py.

Would catch: a right given to a role that lacks it, a denial that reaches the platform or leaves no entry.
"""

from html import unescape

import pytest

from portal.kinds.registry import KINDS
from portal.operations.models import Operation
from portal.record.models import Body, Entry
from portal.teams.models import Role, User
from tests.examples import EVERY_CREATE
from tests.resources.forms import HTMX, new, script, send
from tests.support.plant import creates_received

pytestmark = pytest.mark.anywhere

BUS = "iotda/soft-buses"
OPERATORS = (Role.OPERATOR, Role.MANAGER, Role.OWNER)
MAY_CREATE = {role: role in OPERATORS for role in Role}
DENIED = pytest.mark.parametrize("role", [Role.VIEWER, Role.AUDITOR])


@EVERY_CREATE
@pytest.mark.parametrize("role", Role)
def test_creating_by_role_and_kind(plant, emulator, role, slug):
    browser = plant.browser(role)

    form, response = browser.get(new(slug)), send(browser, slug, script(slug, plant))

    assert form.status_code == (200 if MAY_CREATE[role] else 403)
    assert response.status_code == (302 if MAY_CREATE[role] else 403)
    assert len(creates_received(emulator, slug)) == (1 if MAY_CREATE[role] else 0)
    assert Operation.objects.count() == (1 if MAY_CREATE[role] else 0)


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
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_a_denial_says_what_is_missing_and_who_can_grant_it(plant, role, headers):
    response = send(plant.browser(role), BUS, script(BUS, plant), **headers)

    text = unescape(response.content.decode())
    assert response.status_code == 403
    assert f"{role.label}s can't do this." in text
    assert "Operator, Manager or Owner" in text
    assert "owner-plant@example.test can give it." in text


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
    assert (f'action="/{BUS}/{bus.pk}/sync/"' in detail) is (role in OPERATORS)
    why_not = f"{role.label}s can't do this. Required role: Operator, Manager or Owner."
    assert (why_not in unescape(detail)) is (role not in OPERATORS)


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
