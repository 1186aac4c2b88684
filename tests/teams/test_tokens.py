"""Making, narrowing and ending tokens, through the pages. Would catch: a token that can do more than its
person or ever gets wider, one that somebody else sees or ends, a text that is shown twice or kept.
"""

import json
import re
import uuid
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from portal.record.models import Body, Entry
from portal.teams import service as teams
from portal.teams.models import ApiToken, Membership, Role, User
from portal.teams.places import Places
from portal.teams.signin import confirming
from portal.teams.tokens import service, text
from portal.teams.tokens.addresses import are_within, ranges
from tests.support.plant import make_plant
from tests.support.tokens import make

NEW, PROFILE = "/profile/tokens/new/", "/profile/"
SHOWN = re.compile(r"iot_[0-9a-f]{32}_[0-9a-f]{64}_[0-9a-f]{8}")


@pytest.fixture
def plant(db):
    return make_plant("http://127.0.0.1:9")


def form(**changes):
    rights = {"changing": ["create", "sync"], "scope": "team", "days": "30"}
    return {"id": str(uuid.uuid4()), "name": "nightly", **rights, **changes}


def last(verb):
    entry = Entry.objects.filter(verb=verb).latest("seq")
    return entry, json.loads(Body.objects.get(seq=entry.seq).text)


def test_a_token_is_made_and_shown_once(plant):
    browser, connection = plant.browser(), plant.connections["iotda"]
    page = browser.get(NEW).text
    assert "delete" not in re.findall(r'name="dangerous" value="(\w+)"', page)  # no right of an operator
    posted = form(
        scope="places", place=[str(connection.pk)], addresses="192.0.2.7\n2001:DB8::/32", days="365"
    )

    answer = browser.post(NEW, posted)

    (shown,) = set(SHOWN.findall(answer.text))
    assert answer["Cache-Control"].split(", ").count("no-store") == 1
    token = ApiToken.objects.get()
    assert str(token.pk) == posted["id"]
    assert (text.id_in(shown), token.digest) == (token.pk, text.digest_of(shown))
    assert token.rights == ["create", "read_own_record", "sync", "view"]
    assert token.places == [{"connection": str(connection.pk), "space": ""}]
    assert token.addresses == ["192.0.2.7/32", "2001:db8::/32"]
    assert timedelta(days=364) < token.expires_at - timezone.now() < timedelta(days=365, seconds=1)
    entry, body = last("token_create")
    assert (entry.team, entry.object_name, entry.kind) == (plant.team.name, "nightly", "portal/tokens")
    assert body["after"]["rights"] == token.rights
    assert body["after"]["addresses"] == token.addresses

    again = browser.post(NEW, posted)
    assert again.status_code == 422
    assert "sent before" in again.text
    pages = [again.text, *(browser.get(path).text for path in (PROFILE, f"/profile/tokens/{token.pk}/", NEW))]
    assert not [page for page in pages if SHOWN.search(page)]
    assert "nightly" in pages[1]
    session = Session.objects.get(pk=browser.session.session_key)
    assert shown not in str(session.get_decoded())
    assert ApiToken.objects.count() == 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"days": "366"}, "365"),
        ({"days": ""}, "required"),
        ({"days": "0"}, "1"),
        ({"name": "a\u202eb"}, "not allowed"),
        ({"name": ""}, "required"),
        ({"addresses": "192.0.2.0/33"}, "no address or range"),
        ({"addresses": "::ffff:10.0.0.0/104"}, "range of IPv4"),
        ({"changing": ["create", "roles"]}, "roles"),
        ({"dangerous": ["delete"]}, ""),
        ({"scope": "places", "place": [str(uuid.uuid4())]}, "not one of the available"),
        ({"scope": "places"}, "at least one"),
    ],
)
def test_bad_input_makes_no_token_and_loses_nothing(plant, wrong, said):
    answer = plant.browser().post(NEW, form(**{"addresses": "192.0.2.0/24", "name": "my own", **wrong}))

    if "dangerous" in wrong:  # an operator's form has no such field
        assert ApiToken.objects.get().rights == ["create", "read_own_record", "sync", "view"]
        return
    assert answer.status_code == 422
    assert said in answer.text
    assert ApiToken.objects.count() == 0
    ticked = re.findall(r'<input[^>]*name="changing"[^>]*>', answer.text)
    assert [each for each in ticked if 'value="create"' in each and "checked" in each]
    assert wrong.get("name", "my own") in answer.text


def test_nobody_gives_a_right_that_they_lack(plant):
    with pytest.raises(service.access.NotAllowed, match="Operators"):
        make(plant, rights=("create", "delete"))

    entry, body = last("token_create")
    assert (entry.stage, body["right"]) == ("denied", "delete")
    assert not ApiToken.objects.exists()


def test_a_narrowed_member_makes_narrowed_tokens(plant):
    first = str(plant.connections["iotda"].pk)
    places = [{"connection": first, "space": ""}]
    Membership.objects.filter(user=plant.people[Role.OPERATOR]).update(places=places)
    page = plant.browser().get(NEW).text
    assert re.findall(r'name="place" value="([^"]+)"', page) == [first]
    token, _text = make(plant)
    assert token.places == places

    Membership.objects.filter(user=plant.people[Role.OPERATOR]).update(places=None)
    token.refresh_from_db()
    assert token.places == places  # it does not grow with the membership


def test_making_one_takes_a_fresh_confirmation(plant, settings, monkeypatch):
    monkeypatch.setattr(confirming, "is_fresh", lambda request: False)
    person = plant.people[Role.OPERATOR]
    person.set_password("correct-horse-battery")
    person.save()
    posted = form()
    browser = plant.browser()

    answer = browser.post(NEW, posted)

    assert answer.status_code == 302
    assert "/accounts/reauthenticate/" in answer["Location"]
    assert not ApiToken.objects.exists()


def test_it_only_ever_gets_narrower(plant):
    iotda, roma = (str(plant.connections[name].pk) for name in ("iotda", "roma"))
    both = Places.of([{"connection": iotda, "space": ""}, {"connection": roma, "space": ""}])
    token, _text = make(plant, Role.MANAGER, ("create", "delete"), places=both, addresses=["192.0.2.0/24"])
    browser, path = plant.browser(Role.MANAGER), f"/profile/tokens/{token.pk}/"
    kept = {
        "changing": ["create"],
        "dangerous": ["delete"],
        "scope": "places",
        "place": [iotda, roma],
        "addresses": "192.0.2.0/24",
    }
    wider = [
        {"changing": ["create", "update"]},
        {"dangerous": ["delete", "bind"]},
        {"place": [str(plant.connections["enos"].pk)]},
        {"scope": "team"},
        {"addresses": ""},
        {"addresses": "192.0.2.0/23"},
        {"addresses": "2001:db8::/32"},
        {"days": "40"},
    ]
    before = ApiToken.objects.filter(pk=token.pk).values().get()
    for each in wider:
        assert browser.post(path, {**kept, **each}).status_code == 422, each
    assert ApiToken.objects.filter(pk=token.pk).values().get() == before
    assert not Entry.objects.filter(verb="token_narrow").exists()

    less = {
        "dangerous": ["delete"],
        "scope": "places",
        "place": [iotda],
        "addresses": "192.0.2.7",
        "days": "2",
    }
    assert browser.post(path, less).status_code == 302
    token.refresh_from_db()
    assert token.rights == ["delete", "read_own_record", "view"]
    assert token.places == [{"connection": iotda, "space": ""}]
    assert token.expires_at < timezone.now() + timedelta(days=2)
    _entry, body = last("token_narrow")
    assert body["before"]["rights"] == before["rights"]
    assert body["after"]["addresses"] == ["192.0.2.7/32"]


def test_a_service_call_cannot_widen_it_either(plant):
    token, _text = make(plant, Role.OWNER, ("create",), addresses=["192.0.2.0/24"])
    person = User.objects.get(pk=token.user_id)
    same = {"rights": {"create"}, "places": Places(), "addresses": ["192.0.2.0/24"], "days": None}
    for wider in ({"rights": {"create", "delete"}}, {"addresses": []}, {"days": 31}):
        with pytest.raises(service.ValidationError):
            service.narrow(token, actor=person, **{**same, **wider})


def test_its_person_and_who_runs_the_team_end_it_and_nobody_else(plant):
    for role, by, works in [
        (Role.OPERATOR, Role.OPERATOR, False),
        (Role.OWNER, Role.MANAGER, False),
        (Role.OPERATOR, Role.AUDITOR, True),
    ]:
        token, _text = make(plant, role, ())
        browser = plant.browser(by)
        path = f"/profile/tokens/{token.pk}/revoke/" if role == by else of_team(plant, token)
        browser.post(path)
        token.refresh_from_db()
        assert (token.revoked_at is None) is works
    denied, _body = last("token_revoke")
    assert (denied.stage, denied.actor) == ("denied", plant.people[Role.AUDITOR].email)
    assert Entry.objects.filter(verb="token_revoke", outcome="done").count() == 2


def of_team(plant, token):
    return f"/teams/{plant.team.pk}/tokens/{token.pk}/revoke/"


def test_ids_of_others_lead_nowhere(plant):
    token, _text = make(plant, Role.MANAGER, ("delete",))
    harbour = make_plant("http://127.0.0.1:9", "Harbour 9")
    foreign, own = harbour.browser(Role.OWNER), plant.browser(Role.OWNER)
    for browser, path in [
        (own, f"/profile/tokens/{token.pk}/"),
        (foreign, f"/profile/tokens/{token.pk}/"),
        (foreign, f"/teams/{plant.team.pk}/tokens/"),
    ]:
        assert browser.get(path).status_code == 404, path
    for browser, path in [
        (own, f"/profile/tokens/{token.pk}/"),
        (own, f"/profile/tokens/{token.pk}/revoke/"),
        (foreign, of_team(plant, token)),
        (foreign, f"/teams/{harbour.team.pk}/tokens/{token.pk}/revoke/"),
    ]:
        answer = browser.post(path, {"changing": []})
        assert answer.status_code == 404, path
        assert "nightly" not in answer.text
    token.refresh_from_db()
    assert token.revoked_at is None
    taken = plant.browser().post(NEW, form(id=str(token.pk)))
    assert taken.status_code == 422
    assert ApiToken.objects.get().user == plant.people[Role.MANAGER]


def test_who_runs_the_tokens_of_a_team_sees_them_all(plant):
    token, shown = make(plant)
    path = f"/teams/{plant.team.pk}/tokens/"
    page = plant.browser(Role.MANAGER).get(path).text
    assert f'data-token="{token.pk}"' in page
    assert shown.split("_")[2] not in page
    assert token.digest not in page
    assert plant.browser(Role.AUDITOR).get(path).status_code == 403
    assert path in plant.browser(Role.MANAGER).get(f"/teams/{plant.team.pk}/").text
    assert path not in plant.browser().get(f"/teams/{plant.team.pk}/").text


def test_who_leaves_a_team_leaves_their_tokens(plant):
    token, _text = make(plant)
    member = Membership.objects.get(user=token.user_id)
    owner = User.objects.get(pk=plant.people[Role.OWNER].pk)
    page = plant.browser(Role.OWNER).get(f"/teams/{plant.team.pk}/members/{member.pk}/").text
    assert "API tokens" in page

    teams.remove_member(member, actor=owner)

    token.refresh_from_db()
    assert token.revoked_at is not None
    entry, body = last("token_revoke")
    assert (entry.actor, entry.object_id) == (owner.email, str(token.pk))


def test_an_account_that_is_switched_off_has_no_tokens_left(plant):
    tokens = [make(plant)[0], make(plant)[0]]
    admin = User(email="admin@example.test", is_portal_admin=True)
    User.objects.bulk_create([admin])
    browser = Client(HTTP_HOST="localhost")
    browser.force_login(admin)

    browser.post(f"/people/{tokens[0].user_id}/deactivate/")

    assert not ApiToken.objects.filter(revoked_at=None).exists()
    assert Entry.objects.filter(verb="token_revoke").count() == 2
    assert last("account_let_go")[1]["api_access"] == 2
    browser.post(f"/people/{tokens[0].user_id}/activate/")
    assert not ApiToken.objects.filter(revoked_at=None).exists()


def test_nobody_has_more_than_so_many(plant, monkeypatch):
    monkeypatch.setattr(service, "MOST", 2)
    for _time in range(2):
        make(plant)

    assert "Revoke one" in plant.browser().post(NEW, form()).text
    assert ApiToken.objects.count() == 2


def test_somebody_without_a_team_is_told_so(db):
    person = User(email="new@example.test")
    User.objects.bulk_create([person])
    browser = Client(HTTP_HOST="localhost")
    browser.force_login(person)

    assert "in none yet" in browser.get(NEW).text
    assert NEW not in browser.get(PROFILE).text


def test_ranges_are_compared_as_addresses():
    assert are_within([], [])
    assert are_within(ranges("10.0.0.0/9, 10.200.0.1"), ["10.0.0.0/8"])
    assert not are_within([], ["0.0.0.0/0"])  # IPv6 would be more
    assert not are_within(["10.0.0.0/7"], ["10.0.0.0/8"])
    assert ranges("10.1.2.3/8 10.0.0.0/8") == ["10.0.0.0/8"]
