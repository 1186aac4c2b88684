"""Inviting people to a part of the team, and changing what a membership covers.

Would catch: an invitation that gives more than whoever invited has, now or when it is accepted, a member who
widens a membership themselves, a team whose only owner is narrowed, a change without an entry.
"""

import json

import pytest
from django.urls import reverse

from portal.connections.models import Connection
from portal.errors import NotAllowed
from portal.iotda.models import Space
from portal.record.models import Body, Entry
from portal.teams import access, invitations
from portal.teams.models import Invitation, Membership, Role, User
from portal.teams.places import EVERYWHERE, Places
from tests.support.mails import newest, path_in
from tests.support.plant import make_plant
from tests.teams.narrowed import narrow

NEW = "new@example.test"
LINE_A = "lineA"

pytestmark = [pytest.mark.django_db, pytest.mark.anywhere]


@pytest.fixture
def plant():
    found = make_plant("http://127.0.0.1:9")
    connection = found.connections["iotda"]
    for id in (LINE_A, "lineB"):
        Space.objects.create(connection=connection, remote_id=id, name=id.title())
    return found


def at(plant, platform, space=""):
    id = str(plant.connections[platform].pk)
    return f"{id}:{space}" if space else id


def invite(plant, *places, by=Role.OWNER, scope="places"):
    data = {"email": NEW, "role": "viewer", "scope": scope, "place": list(places)}
    return plant.browser(by).post(reverse("teams:invite", args=[plant.team.pk]), data, follow=True)


def change(plant, role, *places, scope="places", by=Role.OWNER):
    member = Membership.objects.get(team=plant.team, user=plant.people[role])
    data = {"scope": scope, "place": list(places)}
    return plant.browser(by).post(reverse("teams:member_places", args=[plant.team.pk, member.pk]), data)


def of(plant, role):
    return Membership.objects.get(team=plant.team, user=plant.people[role]).places


def body(verb):
    entry = Entry.objects.filter(verb=verb).order_by("seq").last()
    return entry, json.loads(Body.objects.get(seq=entry.seq).text)


def test_an_invitation_names_its_places_everywhere_and_they_count(plant):
    page = invite(plant, at(plant, "iotda", LINE_A), at(plant, "roma"))
    assert "only Linea of iotda, roma" in page.text
    _entry, told = body("invite")
    assert {each["name"] for each in told["after"]["places"]} == {"Linea of iotda", "roma"}
    mail = newest(NEW)
    assert "It covers: Linea of iotda, roma." in mail.text
    browser = plant.browser(Role.VIEWER)
    browser.logout()
    opened = browser.get(path_in(mail), follow=True)
    assert "Your membership will cover: Linea of iotda, roma." in opened.text
    browser.post("/teams/invitation/", {"name": "Nina", "password": "correct horse battery"})
    person = User.objects.get(email=NEW)
    assert {each.name for each in Connection.objects.visible_to(person)} == {"iotda", "roma"}
    assert [each.remote_id for each in Space.objects.visible_to(person)] == [LINE_A]
    assert body("member_join")[1]["after"]["places"] == told["after"]["places"]


@pytest.mark.parametrize("places", [(), ("made-up",), ("00000000-0000-4000-8000-000000000000",)])
def test_what_is_none_of_the_team_s_places_is_refused_and_nothing_typed_is_lost(plant, places):
    page = invite(plant, *places)
    assert page.status_code == 422
    assert NEW in page.text
    assert not Invitation.objects.exists()


def test_a_narrowed_manager_invites_within_their_places_only(plant):
    narrow(plant, Role.MANAGER, ("iotda", LINE_A))
    form = plant.browser(Role.MANAGER).get(reverse("teams:detail", args=[plant.team.pk])).text
    assert f'value="{at(plant, "iotda", LINE_A)}"' in form
    for other in (at(plant, "iotda"), at(plant, "iotda", "lineB"), at(plant, "roma")):
        assert f'value="{other}"' not in form
        assert invite(plant, other, by=Role.MANAGER).status_code == 422
    assert invite(plant, by=Role.MANAGER, scope="team").status_code == 422
    for wide in (EVERYWHERE, Places.of([{"connection": at(plant, "iotda"), "space": ""}])):
        actor = User.objects.get(pk=plant.people[Role.MANAGER].pk)
        with pytest.raises(NotAllowed, match="your own membership covers: Linea of iotda"):
            invitations.invite(plant.team, actor=actor, email=NEW, role="viewer", link=str, places=wide)
    assert body("invite")[0].outcome == "denied"
    assert invite(plant, at(plant, "iotda", LINE_A), by=Role.MANAGER).status_code == 200
    assert Invitation.objects.get().places == [{"connection": at(plant, "iotda"), "space": LINE_A}]


def test_an_invitation_is_void_when_whoever_invited_has_those_places_no_more(plant):
    invite(plant, at(plant, "iotda"), by=Role.MANAGER)
    path = path_in(newest(NEW))
    narrow(plant, Role.MANAGER, ("iotda", LINE_A))
    stranger = plant.browser(Role.VIEWER)
    stranger.logout()
    assert stranger.get(path, follow=True).status_code == 403
    actor = User.objects.get(pk=plant.people[Role.MANAGER].pk)
    with pytest.raises(NotAllowed):
        invitations.revoke(Invitation.objects.get(), actor=actor)
    narrow(plant, Role.MANAGER, ("iotda", ""))
    assert stranger.get(path, follow=True).status_code == 200


def test_an_owner_changes_what_a_membership_covers_and_it_is_recorded(plant):
    assert change(plant, Role.OPERATOR, at(plant, "iotda", LINE_A)).status_code == 302
    entry, told = body("member_places")
    assert (entry.outcome, entry.object_name) == ("done", plant.people[Role.OPERATOR].email)
    assert told["before"]["places"] is None
    assert [each["name"] for each in told["after"]["places"]] == ["Linea of iotda"]
    assert "only Linea of iotda" in plant.browser(Role.VIEWER).get(f"/teams/{plant.team.pk}/").text
    assert change(plant, Role.OPERATOR, scope="team").status_code == 302
    assert of(plant, Role.OPERATOR) is None


@pytest.mark.parametrize("by", [Role.OPERATOR, Role.MANAGER])
def test_nobody_but_owners_of_the_whole_team_changes_it(plant, by):
    narrow(plant, Role.OPERATOR, ("iotda", LINE_A))
    assert change(plant, Role.OPERATOR, scope="team", by=by).status_code == 403
    assert of(plant, Role.OPERATOR)
    assert body("member_places")[0].outcome == "denied"


def test_a_narrowed_owner_changes_no_members_and_is_no_last_owner(plant):
    second = User.objects.create(email="second@example.test")
    Membership.objects.create(team=plant.team, user=second, role=Role.OWNER)
    assert change(plant, Role.OWNER, at(plant, "iotda")).status_code == 302
    assert change(plant, Role.VIEWER, at(plant, "iotda")).status_code == 403
    plant.people["second"] = second
    for what in (
        lambda: change(plant, "second", at(plant, "iotda"), by="second"),
        lambda: plant.browser("second").post(
            reverse("teams:member_remove", args=[plant.team.pk, second.memberships.get().pk])
        ),
    ):
        answer = what()
        assert (answer.status_code, "at least one owner" in answer.text) == (422, True)
    assert second.memberships.get().places is None


def test_who_can_do_it_are_active_people_whose_places_cover_it(plant):
    narrow(plant, Role.MANAGER, ("iotda", LINE_A))
    User.objects.filter(pk=plant.people[Role.OPERATOR].pk).update(is_active=False)
    inside, outside = Space.objects.order_by("remote_id")

    def roles(right, thing):
        return [membership.role for _user, membership in access.people_who(right, thing)]

    assert roles("update", inside) == ["manager", "owner"]
    assert roles("update", outside) == ["owner"]
    assert access.granters(inside) == [plant.people[Role.OWNER].email]


def test_who_is_narrowed_reads_no_names_of_places_of_others(plant):
    narrow(plant, Role.MANAGER, ("iotda", LINE_A))
    narrow(plant, Role.VIEWER, ("iotda", "lineB"), ("roma", ""))
    invite(plant, at(plant, "iotda", "lineB"))
    address = reverse("teams:detail", args=[plant.team.pk])
    page = plant.browser(Role.MANAGER).get(address).text
    assert "Lineb" not in page
    assert "lineB" not in page
    assert "2 other places" in page
    assert "Lineb" in plant.browser(Role.OWNER).get(address).text
