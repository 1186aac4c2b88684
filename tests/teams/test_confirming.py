"""What asks people who they are, and who needs a second factor. Would catch: a dangerous act of whoever finds
an open browser, input that is lost over it, a role that works without the second factor that it needs.
"""

import time

import pytest

from portal.record.models import Entry
from portal.teams.models import Membership, Role, User
from tests.support.plant import make_plant

PASSWORD = "correct-horse-battery"
NEW = {"email": "new@example.test", "role": "viewer", "scope": "team"}


@pytest.fixture
def plant(db):
    return make_plant("http://127.0.0.1:9")


def stale(plant, role=Role.OWNER):
    """The browser of somebody who signed in days ago, if that were possible."""
    browser = plant.browser(role)
    session = browser.session
    session["confirmed_at"] = time.time() - 10 * 24 * 3600
    session.save()
    return browser


def dangerous(plant):
    team, member = plant.team.pk, plant.team.memberships.get(role=Role.VIEWER)
    connection, invitation = plant.connections["iotda"].pk, "00000000-0000-4000-8000-000000000000"
    yield "post", f"/teams/{team}/invitations/", NEW
    yield "post", f"/teams/{team}/invitations/{invitation}/again/", {}
    yield "post", f"/teams/{team}/invitations/{invitation}/revoke/", {}
    yield "post", f"/people/{member.user_id}/deactivate/", {}
    yield "post", f"/teams/{team}/members/{member.pk}/role/", {"role": "owner"}
    yield "post", f"/teams/{team}/members/{member.pk}/places/", {"scope": "team"}
    yield "post", f"/teams/{team}/members/{member.pk}/remove/", {}
    yield "post", f"/teams/{team}/retention/", {"days": "90"}
    yield "post", f"/teams/{team}/second-factor/", {"required": "on"}
    yield "post", "/teams/new/", {"name": "Harbour", **NEW}
    yield "post", "/audit/export/", {"format": "csv"}
    yield "post", "/connections/new/", {"platform": "iotda"}
    yield "post", f"/connections/{connection}/edit/", {"name": "renamed"}
    yield "get", f"/connections/{connection}/edit/", {}
    yield "post", f"/connections/{connection}/delete/", {}


def test_what_is_dangerous_asks_again_and_changes_nothing(plant):
    browser, before = stale(plant), Entry.objects.count()
    for method, address, data in dangerous(plant):
        answer = getattr(browser, method)(address, data)
        assert (answer.status_code, answer.headers.get("Location", "")[:31]) == (
            302,
            "/accounts/reauthenticate/?next=",
        ), address
        piece = getattr(browser, method)(address, data, HTTP_HX_REQUEST="true")
        assert piece["HX-Redirect"].startswith("/accounts/reauthenticate/?next=")
    assert Entry.objects.count() == before
    for address in ("/", f"/teams/{plant.team.pk}/", "/audit/export/"):
        assert browser.get(address).status_code == 200


def test_what_was_typed_is_there_again_after_the_password(plant):
    owner = plant.people[Role.OWNER]
    owner.set_password(PASSWORD)
    User.objects.filter(pk=owner.pk).update(password=owner.password)
    browser, address = stale(plant), f"/teams/{plant.team.pk}/"
    mark = browser.get(address).content.decode().split('name="made_for" value="')[1].split('"')[0]
    asked = browser.post(
        f"{address}invitations/", {**NEW, "made_for": mark}, HTTP_REFERER=f"http://localhost{address}"
    )
    page = browser.get(asked["Location"])
    assert "What you typed is kept" in page.content.decode()
    way_back = page.context["redirect_field_value"]
    back = browser.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": way_back})
    assert back["Location"] == way_back
    page = browser.get(way_back).content.decode()
    assert 'value="new@example.test"' in page
    assert browser.post(f"{address}invitations/", NEW).status_code == 302


@pytest.mark.parametrize(
    ("named", "who", "needs"),
    [
        (["owner"], Role.OWNER, True),
        (["owner"], Role.MANAGER, False),
        (["admin"], "is_portal_admin", True),
        (["portal-auditor"], "is_portal_auditor", True),
        (["owner"], "is_portal_admin", False),
        ([], Role.OWNER, False),
    ],
)
def test_a_role_may_need_a_second_factor(plant, settings, named, who, needs):
    settings.MFA_REQUIRED_ROLES = named
    if who not in Role:
        plant.people[who] = User(email="a@example.test", **{who: True})
        User.objects.bulk_create([plant.people[who]])
    browser = plant.browser(who)
    blocked = (302, "/profile/") if needs else (200, None)
    answer = browser.get("/teams/")
    assert (answer.status_code, answer.headers.get("Location")) == blocked
    api = browser.get("/api/v1/")
    assert api.status_code == (403 if needs else 200)
    if needs:
        assert "second factor" in api.json()["detail"]
        assert browser.get("/teams/", HTTP_HX_REQUEST="true")["HX-Redirect"] == "/profile/"
        assert "You need a second factor" in browser.get("/profile/").content.decode()
        assert browser.get("/accounts/2fa/totp/activate/").status_code == 200
        assert browser.post("/accounts/logout/").status_code == 302


def test_a_team_asks_its_members_for_a_second_factor(plant):
    path = f"/teams/{plant.team.pk}/second-factor/"
    assert plant.browser(Role.MANAGER).post(path, {"required": "on"}).status_code == 403
    owner, viewer = plant.browser(Role.OWNER), plant.browser(Role.VIEWER)
    assert viewer.get("/teams/").status_code == 200
    assert owner.post(path, {"required": "on"}).status_code == 302
    assert viewer.get("/teams/")["Location"] == "/profile/"
    assert "Plant 3" in viewer.get("/profile/").content.decode()
    plant.people[Role.VIEWER].authenticator_set.create(type="totp", data={"secret": "sealed"})
    assert viewer.get("/teams/").status_code == 200
    Membership.objects.filter(role=Role.OPERATOR).delete()
    assert plant.browser(Role.OPERATOR).get("/teams/").status_code == 200
    entries = Entry.objects.filter(verb="team_mfa").order_by("seq")
    assert [each.outcome for each in entries] == ["denied", "done"]


def test_who_asks_too_often_reads_a_page_of_the_portal(plant, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    browser = stale(plant)
    for _time in range(11):
        answer = browser.post("/accounts/reauthenticate/", {"password": "wrong-horse"})
    assert answer.status_code == 429
    assert "Wait a minute" in answer.content.decode()
    assert answer["Content-Security-Policy"]
