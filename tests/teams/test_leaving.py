"""Who leaves a team or the portal can do nothing more, and nothing of theirs goes on.

Would catch: a session, a job or an invitation that outlives its person, a team that nobody can lead any more,
an administrator who sees what is in a team.
"""

import json
import uuid
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from portal.kinds.registry import KINDS
from portal.mail.models import Mail
from portal.operations import together
from portal.operations.change import Change
from portal.operations.job import Job, Purpose
from portal.operations.models import Operation, State
from portal.operations.tasks import carry_on
from portal.record.models import Body, Entry
from portal.teams import invitations
from portal.teams.models import Invitation, Membership, Role, User
from tests.support.plant import make_plant

BUS = "iotda/soft-buses"


@pytest.fixture
def admin(db):
    person = User(email="admin@example.test", is_portal_admin=True)
    User.objects.bulk_create([person])
    browser = Client(HTTP_HOST="localhost")
    browser.force_login(person)
    browser.person = person
    return browser


@pytest.fixture
def people(db):
    return make_plant("http://127.0.0.1:9")


def switch(admin, person, what="deactivate"):
    return admin.post(f"/people/{person.pk}/{what}/", follow=True)


def entries(verb, **fields):
    return list(Entry.objects.filter(verb=verb, **fields).order_by("seq"))


def body(entry):
    return json.loads(Body.objects.get(seq=entry.seq).text)


def give_something_to_hold(plant, role=Role.OPERATOR):
    """A running job, an operation that is not sent, one in doubt, and (managers) an open invitation."""
    person = User.objects.get(pk=plant.people[role].pk)
    row = plant.make(BUS)
    change = Change(KINDS[BUS], KINDS[BUS].verb("sync"), row.connection, row)
    job = together.request([change], actor=person, key=str(uuid.uuid4()), purpose=Purpose.EACH)
    made = {}
    for state in (State.INTENT, State.IN_DOUBT):
        made[state] = plant.perform(BUS, data={**plant.data(BUS), "bus_name": state}, role=role)
        Operation.objects.filter(pk=made[state].pk).update(state=state)
    if role == Role.MANAGER:
        new = {"email": "new@example.test", "role": Role.VIEWER, "link": str}
        invitations.invite(plant.team, actor=person, **new)
    return job, made[State.INTENT], made[State.IN_DOUBT]


def is_stopped(job, unsent, in_doubt):
    assert Job.objects.get(pk=job.pk).stopped_at is not None
    assert Operation.objects.get(pk=unsent.pk).state == State.CANCELLED
    assert Operation.objects.get(pk=in_doubt.pk).state == State.IN_DOUBT
    before = Operation.objects.count()
    carry_on.enqueue(str(job.pk))
    assert Operation.objects.count() == before
    return True


def test_an_account_that_is_switched_off_is_out_at_once_and_nothing_of_it_goes_on(plant, admin):
    person = plant.people[Role.MANAGER]
    held, mine = give_something_to_hold(plant, Role.MANAGER), plant.browser(Role.MANAGER)
    assert mine.get("/teams/").status_code == 200
    page = admin.get(f"/people/{person.pk}/").text
    assert plant.team.name not in page
    assert "Switched off" in switch(admin, person).text

    assert mine.get("/teams/").status_code == 302
    assert mine.get("/api/v1/operations/").status_code == 401
    assert mine.post(f"/{BUS}/refresh/").status_code == 302
    assert is_stopped(*held)
    assert not Invitation.objects.exists()
    (off,) = entries("account_deactivate")
    assert (off.actor, off.object_name) == (admin.person.email, person.email)
    first, second = entries("account_let_go")
    assert body(first) == {"sessions": 1, "invitations": 1}
    assert body(second) == {"approvals": 0, "jobs": 1, "operations": 1, "api_access": 0}
    (revoked,) = entries("invite_revoke")
    assert (revoked.team, revoked.actor) == (plant.team.name, admin.person.email)

    switch(admin, person, "activate")
    assert entries("account_activate")[0].object_name == person.email
    assert mine.get("/teams/").status_code == 302  # the old session does not come back
    plant.people[Role.MANAGER].refresh_from_db()
    assert plant.browser(Role.MANAGER).get("/teams/").status_code == 200


def test_who_is_removed_from_a_team_leaves_nothing_running_in_it(plant):
    held = give_something_to_hold(plant)
    member = Membership.objects.get(user=plant.people[Role.OPERATOR])
    path = f"/teams/{plant.team.pk}/members/{member.pk}/"
    owner, mine = plant.browser(Role.OWNER), plant.browser()
    assert "Running jobs" in owner.get(path).text
    owner.post(f"{path}remove/")
    assert is_stopped(*held)
    assert mine.get(f"/teams/{plant.team.pk}/").status_code == 404
    assert mine.get(f"/operations/{held[1].pk}/").status_code == 404
    cancelled = Entry.objects.filter(operation=str(held[1].pk)).latest("seq")
    assert (cancelled.outcome, cancelled.actor) == ("cancelled", plant.people[Role.OWNER].email)


def test_a_team_keeps_an_owner_whose_account_works(people, admin):
    owner, manager = people.people[Role.OWNER], people.people[Role.MANAGER]
    refused = switch(admin, owner)
    assert refused.status_code == 422
    assert "is the only owner of Plant 3" in refused.text
    assert people.browser(Role.OWNER).get("/teams/").status_code == 200
    Membership.objects.filter(user=manager).update(role=Role.OWNER)
    assert switch(admin, owner).status_code == 200
    member = Membership.objects.get(user=manager)
    for verb, data in (("remove", {}), ("role", {"role": "viewer"})):
        path = f"/teams/{people.team.pk}/members/{member.pk}/{verb}/"
        assert people.browser(Role.MANAGER).post(path, data).status_code == 422
    assert "account switched off" in people.browser(Role.MANAGER).get(f"/teams/{people.team.pk}/").text


def test_nobody_switches_off_their_own_account(admin):
    assert switch(admin, admin.person).status_code == 422
    assert User.objects.get(pk=admin.person.pk).is_active


@pytest.mark.parametrize("who", [Role.OWNER, "is_portal_auditor"])
def test_nobody_else_switches_accounts_or_sees_who_has_one(people, who):
    if who not in Role:
        people.people[who] = User.objects.create(email="x@example.test", **{who: True})
    browser, other = people.browser(who), people.people[Role.VIEWER]
    for path in ("/people/", f"/people/{other.pk}/", f"/people/{uuid.uuid4()}/"):
        assert browser.get(path).status_code == 403
    for verb in ("deactivate", "activate"):
        for id in (other.pk, uuid.uuid4()):
            assert browser.post(f"/people/{id}/{verb}/").status_code == 403
        assert [each.outcome for each in entries(f"account_{verb}")] == ["denied", "denied"]
    assert User.objects.get(pk=other.pk).is_active


def test_administrators_find_people_and_mails_that_did_not_go_out(people, admin):
    Mail.objects.create(
        address="lost@example.test", kind="invitation", sealed="", error="Refused", state="failed"
    )
    User.objects.filter(pk=people.people[Role.VIEWER].pk).update(must_reset=True, last_login=timezone.now())
    page = admin.get("/people/").text
    assert 'data-person="viewer-plant@example.test"' in page
    assert "has to choose a password by mail first" in page
    assert people.team.name not in page
    assert "lost@example.test" in page
    found = admin.get("/people/", {"q": "VIEWER"}).text
    assert ("viewer-plant@" in found, "owner-plant@" in found) == (True, False)


def test_sessions_that_are_over_are_not_counted(people, admin):
    people.browser(Role.VIEWER)
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    people.browser(Role.VIEWER)
    admin.force_login(admin.person)
    switch(admin, people.people[Role.VIEWER])
    assert body(entries("account_let_go")[0])["sessions"] == 1


def test_a_session_that_began_while_its_account_was_switched_off_does_not_come_back(people, admin):
    person = people.people[Role.VIEWER]
    browser = people.browser(Role.VIEWER)
    kept = Session.objects.get(pk=browser.session.session_key)
    switch(admin, person)
    kept.save(force_insert=True)
    switch(admin, person, "activate")
    assert browser.get("/").status_code == 302
