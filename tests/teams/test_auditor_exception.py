"""A portal auditor changes and approves nothing in a team, unless an owner of it recorded an exception.

Would catch: somebody who reviews what they did themselves, an exception that nobody finds in the record, one
that people give themselves, one that goes on after it was ended.
"""

import pytest
from django.core.exceptions import ValidationError

from portal.errors import NotAllowed
from portal.operations.models import State
from portal.record.models import Body, Entry
from portal.teams import access, exceptions
from portal.teams.models import Membership, Role, User
from portal.teams.roles import CHANGING
from tests.operations.ruled import APPROVED, BUS, approve, asked, rule


@pytest.fixture
def reviewer(plant):
    """A portal auditor who is a manager of the team."""
    person = plant.people[Role.MANAGER]
    User.objects.filter(pk=person.pk).update(is_portal_auditor=True)
    return Membership.objects.get(user=person)


def fresh(membership):
    return User.objects.get(pk=membership.user_id)


def set_exception(plant, reviewer, reason):
    return exceptions.set_exception(reviewer, actor=plant.people[Role.OWNER], reason=reason)


def test_they_change_nothing_whatever_their_role(plant, reviewer):
    person = fresh(reviewer)
    for right in CHANGING:
        assert not access.may(person, right, plant.team), right
        assert access.teams_of(person) == [plant.team]
        assert not access.visible_to(person, Membership.objects.all(), right).exists()
    assert access.may(person, "view", plant.team)
    assert access.may(person, "read_record", plant.team)
    assert access.may(person, "invite", plant.team)
    with pytest.raises(NotAllowed, match="Portal auditors review what others do"):
        plant.perform(BUS, role=Role.MANAGER)
    assert Entry.objects.filter(verb="create", outcome="denied").count() == 1


def test_an_exception_gives_what_the_role_allows_and_its_end_takes_it(plant, reviewer):
    set_exception(plant, reviewer, "a team of two")
    assert plant.perform(BUS, role=Role.MANAGER).state == State.DONE
    assert not access.may(fresh(reviewer), "settle", plant.team)  # managers cannot, either
    entry = Entry.objects.get(verb="auditor_exception")
    assert (entry.outcome, entry.reason, entry.object_name) == ("done", "a team of two", reviewer.user.email)
    assert '"after":{"exception":"a team of two"}' in Body.objects.get(seq=entry.seq).text

    set_exception(plant, reviewer, "")
    with pytest.raises(NotAllowed):
        plant.perform(BUS, role=Role.MANAGER)


def test_they_approve_nothing_without_it(plant, reviewer):
    rule(plant, any=APPROVED)
    approval = asked(plant, BUS, "create")
    with pytest.raises(NotAllowed, match="Portal auditors"):
        approve(plant, approval, Role.MANAGER)
    set_exception(plant, reviewer, "a team of two")
    assert approve(plant, approval, Role.MANAGER)[0].state == State.DONE


def test_who_becomes_a_portal_auditor_meanwhile_sends_nothing(plant):
    rule(plant, any=APPROVED)
    approval = asked(plant, BUS, "create", role=Role.OPERATOR)
    User.objects.filter(pk=plant.people[Role.OPERATOR].pk).update(is_portal_auditor=True)
    assert approve(plant, approval) is None
    assert "may not do this any more" in str(approval.said)


def test_nobody_gives_it_to_themselves_or_to_others_than_auditors(plant, reviewer):
    owner = Membership.objects.get(user=plant.people[Role.OWNER])
    User.objects.filter(pk=owner.user_id).update(is_portal_auditor=True)
    for membership in (owner, Membership.objects.get(user=plant.people[Role.VIEWER])):
        with pytest.raises(ValidationError):
            set_exception(plant, membership, "why not")
    with pytest.raises(NotAllowed):
        exceptions.set_exception(owner, actor=fresh(reviewer), reason="why not")
    assert not Membership.objects.exclude(auditor_exception="").exists()


def test_an_owner_records_it_on_the_page_of_the_member(plant, reviewer):
    browser = plant.browser(Role.OWNER)
    path = f"/teams/{plant.team.pk}/members/{reviewer.pk}/"
    assert "unless an owner records an exception" in browser.get(path).text
    answer = browser.post(f"{path}exception/", {"reason": "a team\u202e of two"})
    assert answer.status_code == 422
    answer = browser.post(f"{path}exception/", {"reason": "a team of two"})
    assert answer["Location"] == path
    assert "a team of two" in browser.get(path).text
    other = Membership.objects.get(user=plant.people[Role.VIEWER])
    assert "Portal auditor" not in browser.get(f"/teams/{plant.team.pk}/members/{other.pk}/").text
    assert plant.browser(Role.MANAGER).post(f"{path}exception/", {"reason": "x"}).status_code == 403
