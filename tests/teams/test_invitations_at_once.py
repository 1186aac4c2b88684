"""One link, pressed at the same moment as something else. Would catch: a check made before the lock."""

import pytest

from portal.record.models import Entry
from portal.teams import invitations, service
from portal.teams.models import Invitation, Membership, Role, Team, User
from tests.support.plugin import numbers
from tests.teams.test_last_owner import at_once

PASSWORD = "correct horse battery"
ROUNDS = [3, pytest.param(40, marks=pytest.mark.full)]


def invited():
    """(the team, its owner's membership, an invitation, its digest)"""
    number = next(numbers)
    team = Team.objects.create(name=f"Team {number}")
    owner = User.objects.create(email=f"owner{number}@example.test")
    member = Membership.objects.create(team=team, user=owner, role=Role.OWNER)
    tokens = []
    values = {"email": f"new{number}@example.test", "role": Role.MANAGER}
    made = invitations.invite(team, actor=owner, link=lambda token: tokens.append(token) or "x", **values)
    return team, member, made, invitations.digest_of(tokens[0])


def joined(team):
    return Entry.objects.filter(team=team.name, verb="member_join", outcome="done").count()


@pytest.mark.parametrize("rounds", ROUNDS)
def test_a_link_that_is_pressed_twice_makes_one_member(committed_db, rounds):
    for _round in range(rounds):
        team, _owner, made, digest = invited()
        act = lambda digest=digest: invitations.accept(digest, name="New", password=PASSWORD)  # noqa: E731
        outcomes = at_once([act, act, act])
        assert outcomes.count(None) == 1, outcomes
        assert team.memberships.filter(user__email=made.email).count() == joined(team) == 1
        assert User.objects.filter(email=made.email).count() == 1


@pytest.mark.parametrize("rounds", ROUNDS)
def test_accepting_and_revoking_end_in_one_of_both(committed_db, rounds):
    for _round in range(rounds):
        team, owner, made, digest = invited()
        outcomes = at_once(
            [
                lambda digest=digest: invitations.accept(digest, name="New", password=PASSWORD),
                lambda made=made, owner=owner: invitations.revoke(made, actor=owner.user),
            ]
        )
        assert outcomes.count(None) == 1, outcomes
        is_member = team.memberships.filter(user__email=made.email).exists()
        assert is_member == (outcomes[0] is None) == User.objects.filter(email=made.email).exists()
        assert not Invitation.objects.filter(pk=made.pk).exists()


@pytest.mark.parametrize("rounds", ROUNDS)
def test_accepting_while_the_inviter_is_removed_is_before_or_after(committed_db, rounds):
    for _round in range(rounds):
        team, owner, made, digest = invited()
        other = Membership.objects.create(
            team=team, user=User.objects.create(email=f"b{owner.user.email}"), role=Role.OWNER
        )
        outcomes = at_once(
            [
                lambda digest=digest: invitations.accept(digest, name="New", password=PASSWORD),
                lambda owner=owner, other=other: service.remove_member(owner, actor=other.user),
            ]
        )
        assert outcomes[1] is None
        assert team.memberships.filter(user__email=made.email).exists() == (outcomes[0] is None)
        told = Entry.objects.filter(team=team.name, verb__in=["member_join", "member_remove"])
        ended = list(told.order_by("seq").values_list("verb", "outcome"))
        done, removed = ("member_join", "done"), ("member_remove", "done")
        assert ended in ([done, removed], [removed])  # who is removed takes their invitations along


def test_nobody_holds_the_lock_of_a_team_while_a_password_waits_for_its_turn(committed_db, monkeypatch):
    _team, _owner, _made, digest = invited()
    done, hash, lock = [], invitations.make_password, invitations.locked_team
    monkeypatch.setattr(invitations, "make_password", lambda text: done.append("hash") or hash(text))
    monkeypatch.setattr(invitations, "locked_team", lambda team: done.append("lock") or lock(team))
    invitations.accept(digest, name="New", password=PASSWORD)
    assert done == ["hash", "lock"]
