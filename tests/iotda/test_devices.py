"""IoTDA devices on the portal's pages: the limits of their fields, the id that the portal sends, and secrets.

Would catch: a limit off by one, a device whose lost create nobody can look up, a secret that a page, the
mirror or the record shows, a secret that is lost when its form is drawn again.
"""

import json

import pytest

from portal.iotda.models import Device
from portal.operations.models import Operation, State
from portal.teams.models import Role
from tests.examples import match
from tests.operations.dying import settle_all
from tests.operations.stored import rows_but_of
from tests.resources.forms import new, opened, read, script, send, sendable
from tests.support.account import IOTDA_DEVICE, IOTDA_PRODUCT
from tests.support.plant import creates_received

pytestmark = pytest.mark.anywhere  # what it does with the database, tests/operations does too


DEVICES = "iotda/devices"
SECRET = "hunter2-5f1c7a"
OWN = {"auth_type": "SECRET", "secret": SECRET}
BY_PLATFORM = {"auth_type": None}

# "Create a Device", 2024-12-02
ACCEPTED = [
    ("node_id", "n"),
    ("node_id", "n" * 64),
    ("device_id", "d" * 128),
    ("device_name", "n" * 256),
    ("device_name", "泵_?'#().,&%@!-"),
    ("description", "d" * 2048),
    ("gateway_id", IOTDA_DEVICE),
]
REFUSED = [
    ("node_id", ""),
    ("node_id", "n" * 65),
    ("node_id", "a b"),
    ("device_id", "d" * 129),
    ("device_id", "a.b"),
    ("device_name", "n" * 257),
    ("device_name", "a b"),
    ("product_id", ""),
    ("product_id", "p" * 37),
    ("description", "d" * 2049),
    ("gateway_id", "g" * 129),
    ("app_id", "a" * 37),
    ("auth_type", "PASSWORD"),
]


@pytest.mark.parametrize(("name", "value"), ACCEPTED)
def test_what_the_document_allows_is_sent_as_typed(plant, emulator, name, value):
    response = send(plant.browser(), DEVICES, script(DEVICES, plant, **{name: value}))
    assert response.status_code == 302, read(response).errors
    (received,) = creates_received(emulator, DEVICES)
    assert json.loads(received["body"])[name] == value


@pytest.mark.parametrize(("name", "value"), REFUSED)
def test_what_the_document_does_not_allow_is_refused_in_its_place(plant, emulator, name, value):
    response = send(plant.browser(), DEVICES, script(DEVICES, plant, **{name: value}))
    assert response.status_code == 422
    assert read(response).errors[name]
    assert creates_received(emulator, DEVICES) == []


@pytest.mark.parametrize("secret", ["s" * 8, "Az09_-" + "s" * 26])
def test_a_secret_at_the_limits_is_sent(plant, emulator, secret):
    form = script(DEVICES, plant, auth_type="SECRET", secret=secret)
    assert send(plant.browser(), DEVICES, form).status_code == 302
    (received,) = creates_received(emulator, DEVICES)
    assert json.loads(received["body"])["auth_info"] == {"auth_type": "SECRET", "secret": secret}


@pytest.mark.parametrize("secret", ["s" * 7, "s" * 33, "with space"])
def test_a_secret_beyond_the_limits_is_refused_and_not_shown(plant, emulator, secret):
    response = send(plant.browser(), DEVICES, script(DEVICES, plant, auth_type="SECRET", secret=secret))
    assert response.status_code == 422
    assert read(response).errors["secret"]
    assert secret not in response.content.decode()
    assert creates_received(emulator, DEVICES) == []


def test_a_certificate_takes_no_secret(plant, emulator):
    response = send(plant.browser(), DEVICES, script(DEVICES, plant, secret=SECRET))
    assert response.status_code == 422
    assert read(response).errors["secret"]
    assert creates_received(emulator, DEVICES) == []


def test_without_an_id_the_platforms_own_rule_makes_it_and_it_is_sent(plant, emulator):
    """product_id + "_" + node_id"""
    form = script(DEVICES, plant, device_id="")
    assert send(plant.browser(), DEVICES, form).status_code == 302
    (received,) = creates_received(emulator, DEVICES)
    assert json.loads(received["body"])["device_id"] == f"{IOTDA_PRODUCT}_pump-0001"


def test_the_choices_come_from_the_platform(plant):
    page = plant.browser().get(new(DEVICES)).content.decode()
    assert f'value="{IOTDA_PRODUCT}"' in page
    assert f'value="{IOTDA_DEVICE}"' in page


@pytest.mark.parametrize(("fault", "state"), [("reset_mid_body", State.FOUND), ("reset", State.ABSENT)])
@pytest.mark.parametrize("auth", [OWN, BY_PLATFORM], ids=["own secret", "the platform's"])
def test_a_lost_answer_is_settled_by_the_id(plant, emulator, settings, fault, state, auth):
    settings.SETTLE_SECONDS = 0
    emulator.faults([{"match": match(DEVICES, "create"), "fault": fault}])
    data = {name: value for name, value in {**plant.data(DEVICES), **auth}.items() if value}
    operation = plant.perform(DEVICES, data=data)
    emulator.faults([])
    assert operation.state == State.IN_DOUBT
    settle_all()
    operation.refresh_from_db()
    assert operation.state == state
    assert len(creates_received(emulator, DEVICES)) == 1
    assert operation.secrets_lost == (state == State.FOUND and auth is BY_PLATFORM)


def test_an_id_that_is_taken_is_refused_in_the_platforms_words(plant):
    response = send(plant.browser(), DEVICES, script(DEVICES, plant, device_id=IOTDA_DEVICE))
    page = response.content.decode()
    assert response.status_code == 422
    assert "IOTDA.014031" in page
    assert "Choose another device id" in page


def test_a_secret_that_the_platform_made_is_shown_once_to_who_asked(plant, emulator):
    browser = plant.browser()
    response = send(browser, DEVICES, script(DEVICES, plant, auth_type=None))
    operation = Operation.objects.get()
    assert response["Location"] == f"/operations/{operation.pk}/"
    secret = operation.open_secrets()["secret"]
    made = plant.connections["iotda"].client()
    shown = made.send(made.devices.get_call(operation.object_id)).data["auth_info"]["secret"]
    assert secret == shown
    page = browser.get(f"/operations/{operation.pk}/").content.decode()
    assert "Show the secrets once" in page
    assert secret not in page
    assert "Show the secrets once" not in plant.browser(Role.OWNER).get(f"/operations/{operation.pk}/").text
    assert secret not in rows_but_of(Operation)


def test_a_secret_that_was_sent_is_no_news(plant):
    response = send(plant.browser(), DEVICES, script(DEVICES, plant, **OWN))
    operation = Operation.objects.get()
    assert response["Location"] == f"/{DEVICES}/{Device.objects.get().pk}/"
    assert operation.sealed_secrets == operation.sealed_data == ""


def test_the_platform_shows_the_secret_and_the_portal_shows_it_nowhere(plant):
    row = plant.perform(DEVICES, data={**plant.data(DEVICES), **OWN}).target
    plant.refresh(DEVICES)
    assert SECRET not in json.dumps(plant.seen(DEVICES, row))
    for role in (Role.VIEWER, Role.OPERATOR, Role.OWNER):
        browser = plant.browser(role)
        for address in (f"/{DEVICES}/", f"/{DEVICES}/{row.pk}/", "/audit/", "/operations/"):
            assert SECRET not in browser.get(address).content.decode()
    assert SECRET not in plant.browser(Role.MANAGER).get(f"/{DEVICES}/{row.pk}/delete/").content.decode()
    operation = plant.perform(DEVICES, "delete", target=row)
    assert operation.state == State.DONE
    assert SECRET not in json.dumps(operation.baseline)
    assert SECRET not in str(Device.objects.values())


def typed(browser, **changes):
    data = opened(browser, DEVICES)
    for name, value in {"node_id": "pump-1", "auth_type": "SECRET", "secret": SECRET, **changes}.items():
        data[name] = value
    return data


@pytest.mark.parametrize("changes", [{"preview": "1"}, {"touch": "app_id"}, {"node_id": "a b"}], ids=str)
def test_a_form_that_is_drawn_again_asks_for_the_secret_again(plant, emulator, changes):
    """It does not show the secret. Sent without it, the platform would make one that nobody asked for."""
    browser = plant.browser()
    drawn = send(browser, DEVICES, typed(browser, **changes))
    page = drawn.content.decode()
    assert SECRET not in page
    assert "Enter it again" in page

    data = sendable(read(drawn).fields)
    data["node_id"] = "pump-1"
    refused = send(browser, DEVICES, data)
    assert refused.status_code == 422
    assert read(refused).errors["secret"]
    assert creates_received(emulator, DEVICES) == []

    data = sendable(read(refused).fields)
    data["secret"] = SECRET
    assert send(browser, DEVICES, data).status_code == 302
    (received,) = creates_received(emulator, DEVICES)
    assert json.loads(received["body"])["auth_info"]["secret"] == SECRET


def test_operators_create_and_only_managers_delete(plant):
    row = plant.make(DEVICES)
    assert plant.browser(Role.OPERATOR).get(new(DEVICES)).status_code == 200
    assert plant.browser(Role.VIEWER).get(new(DEVICES)).status_code == 403
    assert plant.browser(Role.OPERATOR).get(f"/{DEVICES}/{row.pk}/delete/").status_code == 403
    assert plant.browser(Role.MANAGER).get(f"/{DEVICES}/{row.pk}/delete/").status_code == 200


def test_a_device_with_children_stays(plant):
    parent = plant.make(DEVICES)
    plant.make(DEVICES, device_id="child", node_id="child", gateway_id=parent.remote_id)
    operation = plant.perform(DEVICES, "delete", target=parent)
    assert (operation.state, operation.http_status) == (State.REJECTED, 403)
