"""Who may change what through the API: the same people as in the pages, and denials are recorded alike.

Would catch: a way round the table of roles, a denial without an entry or without who can help, an answer that
tells of another team, a change without the CSRF token or a session.
"""

import pytest

from portal.operations.models import Operation
from portal.record.models import Body, Entry
from portal.teams.models import Role, User
from tests.api.calling import Api, body_of, made_for, path_of, problem_of
from tests.examples import EVERY_CHANGE, EXAMPLES
from tests.support.plant import make_plant, received

pytestmark = pytest.mark.anywhere

BUS = "iotda/soft-buses"
OPERATORS, MANAGERS = (Role.OPERATOR, Role.MANAGER, Role.OWNER), (Role.MANAGER, Role.OWNER)
ALLOWED = {"create": OPERATORS, "update": OPERATORS, "delete": MANAGERS}
LEAST = {"operator": OPERATORS, "manager": MANAGERS, "owner": (Role.OWNER,)}


def allowed(slug, verb):
    return ALLOWED.get(verb) or LEAST[EXAMPLES[slug].may[verb]]


@EVERY_CHANGE
@pytest.mark.parametrize("role", Role)
def test_changing_by_role(plant, emulator, slug, verb, role):
    row = made_for(plant, slug, verb)
    before = len(received(emulator, slug, verb))

    response = Api(plant, role).post(path_of(slug, verb, row), body_of(plant, slug, verb))

    may = role in allowed(slug, verb)
    assert (response.status_code in (200, 201)) is may, response.content
    assert len(received(emulator, slug, verb)) == before + may
    if not may:
        assert (response.status_code, problem_of(response)) == (403, "not-allowed")
        assert response.json()["right"]
        assert response.json()["granted_by"] == ["owner-plant@example.test"]
        entry = Entry.objects.order_by("seq").last()
        assert (entry.stage, entry.verb, entry.kind, entry.via) == ("denied", verb, slug, "api")
        assert (entry.actor, entry.object_id) == (plant.people[role].email, row.remote_id if row else "")


@pytest.mark.parametrize("body", ["{", "[]", '{"bus_name": 5}', b"\xff", "{}"], ids=repr)
def test_a_denial_comes_before_anything_is_judged(plant, body):
    response = Api(plant, Role.VIEWER).post(path_of(BUS, "create"), body)

    assert response.status_code == 403
    assert Entry.objects.get().stage == "denied"


def test_a_denial_records_what_was_asked_as_the_form_does(plant):
    Api(plant, Role.VIEWER).post(path_of(BUS, "create"), body_of(plant, BUS, reason="please", ticket="CHG-7"))

    text = Body.objects.get().text
    assert '"bus_name":"Bus_A"' in text
    entry = Entry.objects.get()
    assert (entry.reason, entry.ticket) == ("please", "CHG-7")


def test_a_dry_run_is_denied_too_but_not_recorded(plant, emulator):
    response = Api(plant, Role.VIEWER).post(path_of(BUS, "create"), body_of(plant, BUS), dry=True)

    assert response.status_code == 403
    assert (Entry.objects.count(), emulator.requests()) == (0, [])


@EVERY_CHANGE
def test_another_teams_objects_and_connections_do_not_exist(plant, emulator, slug, verb):
    row = made_for(plant, slug, verb)
    body = body_of(plant, slug, verb)
    other = make_plant(emulator.url, name="Harbour")
    before = Operation.objects.count()

    response = Api(other, Role.OWNER).post(path_of(slug, verb, row), body)

    if verb == "create":
        assert response.status_code == 422
        assert set(response.json()["errors"]) == {"connection"}
    else:
        assert (response.status_code, problem_of(response)) == (404, "not-found")
    assert Operation.objects.count() == before


def test_who_is_in_no_team_meets_nothing(plant, emulator):
    row = plant.make(BUS)
    plant.people["stranger"] = User.objects.create(email="stranger@example.test", is_portal_admin=True)
    before, api = len(emulator.requests()), Api(plant, "stranger")

    assert api.post(path_of(BUS, "create"), body_of(plant, BUS)).status_code == 404
    assert api.post(path_of(BUS, "sync", row), {}).status_code == 404
    assert api.get(f"{BUS}/{row.pk}/").status_code == 404
    assert api.get(f"{BUS}/").status_code == 404
    assert len(emulator.requests()) == before


def test_without_the_csrf_token_nothing_is_changed(plant, emulator):
    api = Api(plant, enforce_csrf_checks=True)

    response = api.post(path_of(BUS, "create"), body_of(plant, BUS))

    assert (response.status_code, problem_of(response)) == (403, "csrf")
    assert not Operation.objects.exists()


def test_the_root_gives_the_csrf_token(plant):
    api = Api(plant, enforce_csrf_checks=True)
    token = api.get("").json()["csrf_token"]

    response = api.post(path_of(BUS, "create"), body_of(plant, BUS), HTTP_X_CSRFTOKEN=token)

    assert response.status_code == 201


def test_without_a_session_nothing_is_changed(plant):
    api = Api(plant)
    api.browser.logout()

    response = api.post(path_of(BUS, "create"), body_of(plant, BUS))

    assert (response.status_code, problem_of(response)) == (401, "not-signed-in")
    assert response["Cache-Control"]


def test_an_inactive_person_is_out(plant):
    api = Api(plant)
    User.objects.filter(pk=plant.people[Role.OPERATOR].pk).update(is_active=False)

    assert api.post(path_of(BUS, "create"), body_of(plant, BUS)).status_code == 401
