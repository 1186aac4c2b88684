"""The first values of a form: input kept during a sign-in, the input of an earlier operation, the query.

Would catch: typed input that is lost, somebody else's input or a secret in a form, a planted key or
"as opened".
"""

import uuid
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.sessions.models import Session

from portal.connections.models import Connection
from portal.operations.models import UNSETTLED, Operation
from portal.platforms import answers
from portal.teams.models import Membership, Role
from tests.examples import EVERY_CREATE, EVERY_UPDATE, EXAMPLES, json_fields
from tests.resources.forms import (
    HTMX,
    changing,
    edited,
    filled,
    new,
    opened,
    post,
    read,
    send,
    sendable,
    typed,
)
from tests.support.plant import creates_received, make_plant

pytestmark = pytest.mark.anywhere

BUS, POLICY, DEVICE = "iotda/soft-buses", "iotda/policies", "enos/devices"
JSON_FIELDS = set(json_fields())


def shown(form, slug, name):
    """A field's value as the operation's data would hold it."""
    return answers.parse(form[name]) if (slug, name) in JSON_FIELDS else form[name]


def notice(response):
    return unescape(response.content.decode()).partition('id="notice-kept"')[2][:600]


# Input kept while its person signs in again (tests/web/test_kept.py has the rest)


def sent_too_late(browser, address, data, *, htmx):
    """The answer's way through the sign-in page, and the page behind it."""
    Session.objects.all().delete()
    headers = HTMX | {"HTTP_HX_CURRENT_URL": f"http://localhost{address}"} if htmx else {}
    response = post(browser, address, data, **headers)
    door = response.headers.get("HX-Redirect") or response["Location"]
    return parse_qs(urlsplit(door).query)["next"][0]


@pytest.mark.parametrize("htmx", [False, True], ids=["plain", "htmx"])
@EVERY_CREATE
def test_a_create_sent_after_the_session_ended_is_drawn_again(plant, emulator, slug, htmx):
    browser = plant.browser()
    data = filled(browser, slug)
    address = sent_too_late(browser, new(slug), data, htmx=htmx)
    browser.force_login(plant.people[Role.OPERATOR])
    page = browser.get(address)
    assert "Your input was kept" in notice(page)
    typed(read(page), data)
    assert read(page).fields["operation_key"] == [data["operation_key"]]
    assert creates_received(emulator, slug) == []
    assert send(browser, slug, sendable(read(page).fields)).status_code == 302
    assert Operation.objects.get().key == data["operation_key"]


@EVERY_UPDATE
def test_an_update_sent_after_the_session_ended_still_knows_what_it_was_opened_on(plant, slug):
    row, browser = plant.make(slug), plant.browser()
    data = edited(browser, slug, row)
    address = sent_too_late(browser, changing(row, "update"), data, htmx=False)
    browser.force_login(plant.people[Role.OPERATOR])
    page = browser.get(address)
    typed(read(page), data)
    assert read(page).fields["expected"] == [data["expected"]]


def test_the_reason_and_the_ticket_of_a_delete_come_back(plant):
    row, browser = plant.make(BUS), plant.browser(Role.MANAGER)
    address = changing(row, "delete")
    data = sendable(read(browser.get(address)).fields)
    data["reason"], data["ticket"] = "replaced by Bus_B", "CHG-7"
    address = sent_too_late(browser, address, data, htmx=False)
    browser.force_login(plant.people[Role.MANAGER])
    fields = read(browser.get(address)).fields
    assert (fields["reason"], fields["ticket"]) == (["replaced by Bus_B"], ["CHG-7"])


def test_a_delete_that_is_asked_for_again_starts_with_its_reason_and_its_ticket(plant, emulator):
    row = plant.make(BUS)
    emulator.faults([{"match": {"method": "DELETE"}, "fault": "answer", "status": 400, "body": {}}])
    earlier = plant.perform(BUS, "delete", target=row, reason="replaced by Bus_B", ticket="CHG-7")

    page = plant.browser(Role.MANAGER).get(f"{changing(row, 'delete')}?from={earlier.pk}")

    fields = read(page).fields
    assert (fields["reason"], fields["ticket"]) == (["replaced by Bus_B"], ["CHG-7"])


# The input of an earlier operation


@EVERY_CREATE
def test_a_form_starts_with_the_input_of_an_earlier_create(plant, slug):
    earlier = plant.perform(slug)
    page = plant.browser().get(f"{new(slug)}?from={earlier.pk}")
    form = sendable(read(page).fields)
    assert "input of an earlier operation. Submitting it makes a new one" in notice(page)
    assert {name: shown(form, slug, name) for name in earlier.data} == earlier.data
    assert form["operation_key"] != earlier.key


@EVERY_CREATE
def test_what_is_sent_from_there_is_the_same_again(plant, emulator, slug):
    """Not only does it look the same: the editors bring back the same JSON."""
    emulator.faults([{"fault": "answer", "status": 400, "body": {}, "match": {"method": "POST"}}])
    earlier = plant.perform(slug)
    emulator.faults([])
    browser = plant.browser()
    form = sendable(read(browser.get(f"{new(slug)}?from={earlier.pk}")).fields)
    send(browser, slug, form)
    again = Operation.objects.exclude(pk=earlier.pk).get()
    assert again.data.items() >= earlier.data.items()


@EVERY_UPDATE
def test_a_form_starts_with_the_input_of_an_earlier_update(plant, slug):
    row = plant.make(slug)
    earlier = plant.perform(slug, "update", target=row)
    page = plant.browser().get(f"{changing(row, 'update')}?from={earlier.pk}")
    form = sendable(read(page).fields)
    wished = plant.data(slug, "update")
    assert {name: shown(form, slug, name) for name in wished} == wished


def test_what_an_earlier_update_emptied_stays_empty(plant):
    row = plant.make("iotda/device-groups")
    earlier = plant.perform("iotda/device-groups", "update", {"name": "pumps-3"}, target=row)
    plant.perform("iotda/device-groups", "update", {"name": "pumps", "description": "again"}, target=row)
    form = read(plant.browser().get(f"{changing(row, 'update')}?from={earlier.pk}")).fields
    assert (form["name"], form["description"]) == (["pumps-3"], [""])


def test_the_connection_of_the_earlier_operation_is_chosen(plant):
    first = plant.connections["iotda"]
    second = Connection.objects.get(pk=first.pk)
    second.pk, second.name, second._state.adding = uuid.uuid4(), "a second one", True
    second.set_credentials({})
    second.save()
    earlier = plant.perform(BUS)
    form = read(plant.browser().get(f"{new(BUS)}?from={earlier.pk}")).fields
    assert form["connection"] == [str(first.pk)]


def test_secrets_of_an_earlier_operation_are_not_filled_in(plant):
    tags = {"site": "Plant 3", "api_token": "hunter2-hunter2"}
    earlier = plant.perform(DEVICE, data={**EXAMPLES[DEVICE].create, "device_tags": tags})
    assert earlier.data["device_tags"]["api_token"].startswith("hmac:")
    page = plant.browser().get(f"{new(DEVICE)}?from={earlier.pk}")
    form = sendable(read(page).fields)
    assert shown(form, DEVICE, "device_tags") == {"site": "Plant 3"}
    assert "without its secrets: enter them again" in notice(page)
    assert "hmac:" not in page.content.decode()


def test_a_text_that_the_record_cut_short_is_not_filled_in(plant):
    earlier = plant.perform(BUS)
    Operation.objects.filter(pk=earlier.pk).update(
        data={"bus_name": f"{'a' * 4096}... (5000 characters, sha256 {'0' * 64})"}
    )
    assert read(plant.browser().get(f"{new(BUS)}?from={earlier.pk}")).fields["bus_name"] == [""]


@pytest.mark.parametrize(
    ("role", "sees"), [(Role.OPERATOR, False), (Role.MANAGER, True), (Role.OWNER, True)], ids=str
)
def test_a_colleagues_input_is_for_those_who_may_read_the_record(plant, role, sees):
    earlier = plant.perform(BUS, role=Role.OWNER if role == Role.MANAGER else Role.MANAGER)
    page = plant.browser(role).get(f"{new(BUS)}?from={earlier.pk}")
    assert read(page).fields["bus_name"] == ["Bus_A" if sees else ""]
    assert ("Only the person who requested that operation" in notice(page)) is not sees


def test_another_teams_operation_fills_in_nothing(plant, emulator):
    theirs = make_plant(emulator.url, name="Harbour").perform(BUS)
    page = plant.browser(Role.OWNER).get(f"{new(BUS)}?from={theirs.pk}")
    assert page.status_code == 200
    assert read(page).fields["bus_name"] == [""]
    assert notice(page) == ""


def test_one_teams_input_does_not_reach_another_teams_account(plant, emulator):
    """A person of two teams follows a link while the other team is chosen."""
    harbour = make_plant(emulator.url, name="Harbour")
    me = plant.people[Role.OPERATOR]
    Membership.objects.create(team=harbour.team, user=me, role=Role.OWNER)
    theirs, ours = (
        harbour.perform(BUS),
        plant.perform(BUS, data={**EXAMPLES[BUS].create, "bus_name": "Bus_B"}),
    )
    browser = plant.browser()

    for team, own, other in ((plant, ours, theirs), (harbour, theirs, ours)):
        browser.post("/teams/switch/", {"team": team.team.pk, "next": "/"})
        assert browser.get(f"{new(BUS)}?from={other.pk}").status_code == 404
        form = read(browser.get(f"{new(BUS)}?from={own.pk}")).fields
        assert form["connection"] == [str(own.connection_id)]
        assert form["bus_name"] == [own.data["bus_name"]]


@pytest.mark.parametrize("state", UNSETTLED)
def test_what_may_have_happened_is_not_offered_a_second_time(plant, state):
    earlier = plant.perform(BUS)
    Operation.objects.filter(pk=earlier.pk).update(state=state)
    page = plant.browser(Role.OWNER).get(f"{new(BUS)}?from={earlier.pk}")
    assert read(page).fields["bus_name"] == [""]
    assert "Resolve it first." in notice(page)
    assert f'href="/operations/{earlier.pk}/"' in notice(page)


def test_only_the_same_verb_of_the_same_object_is_filled_in(plant):
    browser = plant.browser()
    row, other = (plant.make("iotda/device-groups", name=name) for name in ("pumps", "boilers"))
    update = plant.perform("iotda/device-groups", "update", {"name": "valves"}, target=row)
    create = Operation.objects.filter(verb_name="create").first()
    assert read(browser.get(f"{changing(other, 'update')}?from={update.pk}")).fields["name"] == ["boilers"]
    assert read(browser.get(f"{changing(row, 'update')}?from={create.pk}")).fields["name"] == ["valves"]
    assert read(browser.get(f"{new('roma/device-groups')}?from={create.pk}")).fields["name"] == [""]
    assert read(browser.get(f"{new('iotda/device-groups')}?from={update.pk}")).fields["name"] == [""]


@pytest.mark.parametrize(
    "id", ["", "nonsense", "1' OR 1=1", "00000000-0000-4000-8000-000000000000", "9" * 5000]
)
def test_nonsense_in_the_address_opens_an_empty_form(plant, id):
    for name in ("from", "kept"):
        page = plant.browser().get(new(BUS), {name: id})
        assert page.status_code == 200
        assert read(page).fields["bus_name"] == [""]


def test_an_address_fills_in_fields_but_no_key_and_nothing_opened(plant):
    browser = plant.browser()
    assert opened(browser, BUS, "?bus_name=Bus_C&operation_key=planted")["bus_name"] == "Bus_C"
    assert opened(browser, BUS, "?operation_key=planted")["operation_key"] != "planted"
    row = plant.make("iotda/device-groups")
    address = f"{changing(row, 'update')}?expected=%7B%7D&name=planted"
    form = read(browser.get(address)).fields
    assert form["name"] == ["planted"]
    assert form["expected"] != ["{}"]
