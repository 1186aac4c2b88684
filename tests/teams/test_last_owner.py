"""Two owners act on each other at the same moment, many times. Would catch: a check made before the lock."""

import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import connections

from portal.errors import NotAllowed, NotVisible
from portal.record.models import Entry
from portal.teams import people, service
from portal.teams.models import Membership, Role, Team, User

ROUNDS = 10


def pair(number):
    team = Team.objects.create(name=f"Team {number}")
    people = [User.objects.create(email=f"{name}{number}@example.test") for name in ("a", "b")]
    return team, [Membership.objects.create(team=team, user=person, role=Role.OWNER) for person in people]


def at_once(acts):
    """Run the acts in threads that start together; returns what each raised or None."""
    barrier, outcomes = threading.Barrier(len(acts)), [None] * len(acts)

    def run(number, act):
        barrier.wait()
        try:
            act()
        except (NotAllowed, NotVisible, ValidationError) as error:
            outcomes[number] = type(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


@pytest.mark.parametrize("verb", ["remove", "demote"])
def test_two_owners_who_remove_each_other_leave_one(committed_db, verb):
    for number in range(ROUNDS):
        team, (first, second) = pair(number)
        if verb == "remove":
            acts = [
                lambda first=first, second=second: service.remove_member(second, actor=first.user),
                lambda first=first, second=second: service.remove_member(first, actor=second.user),
            ]
        else:
            acts = [
                lambda first=first, second=second: service.change_role(
                    second, actor=first.user, role="viewer"
                ),
                lambda first=first, second=second: service.change_role(
                    first, actor=second.user, role="viewer"
                ),
            ]
        outcomes = at_once(acts)
        assert Membership.objects.filter(team=team, role=Role.OWNER).count() == 1, outcomes
        assert sum(outcome is None for outcome in outcomes) == 1


def test_two_owners_who_both_leave_leave_one(committed_db):
    for number in range(ROUNDS):
        team, owners = pair(number)
        outcomes = at_once([lambda own=own: service.remove_member(own, actor=own.user) for own in owners])
        assert Membership.objects.filter(team=team, role=Role.OWNER).count() == 1
        assert outcomes.count(ValidationError) == 1
        assert Entry.objects.filter(team=team.name, verb="member_remove", outcome="done").count() == 1


def test_two_owners_who_are_switched_off_at_once_leave_one(committed_db):
    admin = User.objects.create(email="admin@example.test", is_portal_admin=True)
    for number in range(ROUNDS):
        team, (first, second) = pair(number)
        outcomes = at_once(
            [lambda each=each: people.deactivate(each.user, actor=admin) for each in (first, second)]
        )
        assert outcomes.count(ValidationError) == 1
        assert team.memberships.filter(user__is_active=True).count() == 1


def test_an_owner_who_is_switched_off_while_the_other_leaves_leaves_one(committed_db):
    admin = User.objects.create(email="admin@example.test", is_portal_admin=True)
    for number in range(ROUNDS):
        team, (first, second) = pair(number)
        at_once(
            [
                lambda first=first: people.deactivate(first.user, actor=admin),
                lambda second=second: service.remove_member(second, actor=second.user),
            ]
        )
        assert team.memberships.filter(user__is_active=True).count() == 1


def test_two_administrators_who_switch_each_other_off_leave_one(committed_db):
    for number in range(ROUNDS):
        names = [f"admin{number}{each}@example.test" for each in "ab"]
        first, second = (User.objects.create(email=name, is_portal_admin=True) for name in names)
        at_once(
            [
                lambda first=first, second=second: people.deactivate(first, actor=second),
                lambda first=first, second=second: people.deactivate(second, actor=first),
            ]
        )
        assert User.objects.filter(email__in=names, is_active=True).count() == 1
