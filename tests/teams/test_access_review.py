"""The access review: who has access, whether they use it, and what an owner confirmed.

Would catch: a review of a list that changed meanwhile, a change since that nobody is told of, an export that
is not recorded or that runs as a formula, a reader without the right, a page that reads the whole record.
"""

import csv
import io
import json

import pytest
from allauth.mfa.models import Authenticator
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.record.models import Body, Entry
from portal.teams import invitations, review
from portal.teams.models import AccessReview, Membership, Role, User
from portal.teams.tokens import service
from tests.support.passkeys import made_passkey
from tests.support.plant import make_plant
from tests.support.tokens import make

BUS = "iotda/soft-buses"


@pytest.fixture
def people(db):
    return make_plant("http://127.0.0.1:9")


def address(plant, name="review"):
    return reverse(f"teams:{name}", args=[plant.team.pk])


def show(plant, role=Role.OWNER):
    return plant.browser(role).get(address(plant))


def portal_auditor(plant):
    person = User.objects.create(email="all@example.test", is_portal_auditor=True)
    browser = plant.browser()
    browser.force_login(person)
    return browser


def last(verb):
    entry = Entry.objects.filter(verb=verb).latest("seq")
    return entry, json.loads(Body.objects.get(seq=entry.seq).text)


def confirm(plant, digest=None, role=Role.OWNER):
    digest = review.digest_of(review.snapshot(plant.team)) if digest is None else digest
    return plant.browser(role).post(address(plant, "review_confirm"), {"digest": digest}, follow=True)


def test_it_shows_who_uses_what_they_have(plant):
    plant.make(BUS)  # by the operator
    manager = plant.people[Role.MANAGER]
    data = {"name": "Key", "credential": made_passkey()}
    Authenticator.objects.create(user=manager, type=Authenticator.Type.WEBAUTHN, data=data)
    User.objects.filter(pk=manager.pk).update(is_active=False, last_login=timezone.now())
    new = {"email": "new@example.test", "role": Role.VIEWER, "link": str}
    invitations.invite(plant.team, actor=plant.people[Role.OWNER], **new)

    rows = {row.member.role: row for row in review.rows(plant.team, plant.people[Role.OWNER])}
    assert rows["operator"].last_change == Entry.objects.filter(kind=BUS).earliest("seq").at
    assert [rows[role].last_change for role in ("viewer", "auditor")] == [None, None]
    assert {role for role, row in rows.items() if row.has_factor} == {"manager"}
    text = show(plant).content.decode()
    assert text.count("switched off") == 1
    assert 'data-invitation="new@example.test"' in text
    assert "Nobody has reviewed this team yet." in text


def test_owners_auditors_and_portal_auditors_see_it_and_nobody_else(people):
    answers = {role: show(people, role).status_code for role in Role}
    assert answers == {"owner": 200, "auditor": 200, "viewer": 403, "operator": 403, "manager": 403}
    assert (
        make_plant("http://127.0.0.1:9", name="Harbour 1")
        .browser(Role.OWNER)
        .get(address(people))
        .status_code
        == 404
    )
    browser = portal_auditor(people)
    assert people.people[Role.OWNER].email in browser.get(address(people)).content.decode()
    teams = browser.get("/teams/access-reviews/").content.decode()
    assert "Plant 3" in teams
    assert "Harbour 1" in teams
    assert people.browser(Role.OWNER).get("/teams/access-reviews/").status_code == 404
    Membership.objects.filter(user=people.people[Role.AUDITOR]).update(places=[])
    assert show(people, Role.AUDITOR).status_code == 403  # it is about the whole team


def test_what_an_owner_confirmed_is_recorded_and_what_changed_since_is_shown(people):
    assert "Recorded: you reviewed" in confirm(people).content.decode()
    entry, body = last("access_review")
    kept = AccessReview.objects.get()
    assert (entry.actor, body["digest"], len(body["members"])) == (kept.by, kept.digest, 5)
    assert "Nothing changed since." in show(people, Role.AUDITOR).content.decode()

    Membership.objects.filter(user=people.people[Role.VIEWER]).update(role=Role.MANAGER)
    Membership.objects.filter(user=people.people[Role.MANAGER]).update(places=[])
    User.objects.filter(pk=people.people[Role.AUDITOR].pk).update(is_active=False)
    Membership.objects.filter(user=people.people[Role.OPERATOR]).delete()
    Membership.objects.create(
        team=people.team, user=User.objects.create(email="x@example.test"), role="viewer"
    )
    found = review.changes_since(kept, review.snapshot(people.team))
    assert {(email.partition("-")[0], what) for what, email, _before, _after in found} == {
        ("viewer", "has another role"),
        ("manager", "can act in other places"),
        ("auditor", "was switched on or off"),
        ("operator", "left"),
        ("x@example.test", "joined"),
    }
    assert show(people).content.decode().count("data-changed=") == 5


def test_what_changed_while_somebody_looked_is_not_confirmed(people):
    digest = review.digest_of(review.snapshot(people.team))
    Membership.objects.filter(user=people.people[Role.VIEWER]).update(role=Role.OWNER)
    answer = confirm(people, digest)
    assert answer.status_code == 422
    assert "Members changed while you looked" in answer.content.decode()
    assert not AccessReview.objects.exists()
    assert confirm(people, role=Role.AUDITOR).status_code == 403
    assert Entry.objects.get(verb="access_review").outcome == "denied"


def test_the_export_is_recorded_and_no_formula(people):
    viewer = people.people[Role.VIEWER]
    User.objects.filter(pk=viewer.pk).update(name="=cmd()")
    Membership.objects.filter(user=people.people[Role.OPERATOR]).update(places=[])
    answer = people.browser(Role.AUDITOR).post(address(people, "review_csv"))
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert {row["role"]: row["name"] for row in rows}["viewer"] == "'=cmd()"
    assert {row["where"] for row in rows if row["role"] != "operator"} == {"team"}
    entry, body = last("export")
    assert (entry.team, body) == ("Plant 3", {"format": "csv", "rows": 5, "what": "access review"})
    assert people.browser(Role.OPERATOR).post(address(people, "review_csv")).status_code == 403
    assert last("export")[0].outcome == "denied"
    assert portal_auditor(people).post(address(people, "review_csv")).status_code == 200


def test_tokens_that_work_stand_beside_their_person(people):
    token, _text = make(people, Role.OPERATOR, name="=nightly")
    revoked, _text = make(people, Role.OPERATOR, name="gone")
    service.revoke(revoked, actor=people.people[Role.OPERATOR])
    text = show(people).content.decode()
    assert "=nightly" in text
    assert "gone" not in text
    data = people.browser(Role.OWNER).post(address(people, "review_csv")).content.decode()
    told = {row["role"]: row["api_tokens"] for row in csv.DictReader(io.StringIO(data))}
    assert told["operator"] == f"'=nightly until {token.expires_at:%Y-%m-%d}"
    assert told["viewer"] == ""


def test_more_members_take_no_more_queries(people):
    owner, counts = people.browser(Role.OWNER), []
    for number in (1, 2):
        for each in range(5):
            person = User.objects.create(email=f"n{number}{each}@example.test")
            Membership.objects.create(team=people.team, user=person, role="viewer")
        with CaptureQueriesContext(connection) as captured:
            owner.get(address(people))
        counts.append(len(captured))
    assert counts[0] == counts[1]
