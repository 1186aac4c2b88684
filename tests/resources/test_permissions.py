"""A refusal for want of a permission names the one that the call takes, where a document does.

Would catch: a permission named for another call, one that no document names, a cause that the platform's code
does not say, the platform's own words lost, no way to the page of all permissions.
"""

import re
from html import unescape

import pytest

from portal.kinds.registry import KINDS
from portal.operations.models import Operation, State
from portal.record.models import Entry
from portal.teams.models import Role
from tests.api.calling import Api, able, body_of, made_for, path_of
from tests.examples import EVERY_CHANGE, match
from tests.resources.forms import filled, send
from tests.support.account import READER_KEYS

pytestmark = pytest.mark.anywhere

BUS, POLICY, SPACE, PRODUCT = "iotda/soft-buses", "iotda/policies", "iotda/spaces", "enos/products"
WORDS = "Nobody allowed this."
DENIED = {
    "iotda": {"status": 403, "body": {"error_code": "IOTDA.000022", "error_msg": WORDS}},
    "roma": {"status": 400, "body": {"error_code": "ROMA.1006", "error_msg": WORDS}},
    "enos": {"status": 200, "body": {"code": 99403, "msg": WORDS, "data": None}},
}
LINK = "Permissions this connection needs"


def deny(emulator, slug, call, **answer):
    refusal = {**DENIED[slug.partition("/")[0]], **answer}
    emulator.faults([{"match": match(slug, call), "fault": "answer", **refusal}])


def page(plant, address, role=Role.OPERATOR):
    return plain(plant.browser(role).get(address))


def plain(response):
    text = re.sub("[\u2066-\u2069]", "", unescape(re.sub("<[^>]+>", " ", response.content.decode())))
    return " ".join(text.split())


@EVERY_CHANGE
def test_a_refused_change_names_what_its_document_names(plant, emulator, slug, verb):
    row, api = made_for(plant, slug, verb), able(plant, slug, verb)
    permission = KINDS[slug].verb(verb).permission
    deny(emulator, slug, verb)

    refused = api.post(path_of(slug, verb, row), body_of(plant, slug, verb))

    assert (refused.status_code, refused.json().get("permission", "")) == (422, permission)
    assert WORDS in refused.json()["detail"]
    operation = Operation.objects.get(pk=refused.json()["operation"]["id"])
    entry = Entry.objects.filter(operation=str(operation.pk)).latest("seq")
    text = page(plant, f"/operations/{operation.pk}/", Role.OWNER)
    assert WORDS in text
    if permission:
        assert operation.words["code"] == "permission.needed"
        assert f"takes the permission {permission}." in str(entry.text).translate(
            dict.fromkeys(range(0x2066, 0x206A))
        )
        assert f"takes the permission {permission}." in text
    else:
        assert operation.platform_message == WORDS
        assert "takes the permission" not in text
    assert (LINK in text) == bool(permission)


@pytest.mark.parametrize(
    ("slug", "call", "more", "permission"),
    [
        (BUS, "get", "", "iotda:harmonysoftbus:query"),
        (POLICY, "targets", "related/targets/", "iotda:devicepolicy:queryTargets"),
        (SPACE, "get", "", ""),
    ],
)
def test_a_refused_read_names_it_on_the_page(plant, emulator, slug, call, more, permission):
    row = plant.make(slug)
    deny(emulator, slug, call)

    text = page(plant, f"/{slug}/{row.pk}/{more}")

    assert WORDS in text
    assert (f"takes the permission {permission}." in text, LINK in text) == (bool(permission),) * 2
    assert "takes the permission" not in text or permission


@pytest.mark.parametrize(
    ("slug", "permission"),
    [(POLICY, "iotda:devicepolicy:queryList"), (PRODUCT, "Product: Read"), (SPACE, "")],
)
def test_a_refused_refresh_names_it_above_the_list(plant, emulator, slug, permission):
    deny(emulator, slug, "list")

    plant.refresh(slug)

    text = page(plant, f"/{slug}/")
    assert WORDS in text
    assert (f"takes the permission {permission}." in text, LINK in text) == (bool(permission),) * 2


@pytest.mark.parametrize(
    ("verb", "call", "permission"),
    [
        ("update", "get", "iotda:devicepolicy:query"),
        ("update", "targets", "iotda:devicepolicy:queryTargets"),
        ("create", "list", "iotda:devicepolicy:queryList"),
    ],
)
def test_a_read_before_sending_names_its_own_permission(plant, emulator, verb, call, permission):
    row = made_for(plant, POLICY, verb)
    deny(emulator, POLICY, call)

    operation = plant.perform(POLICY, verb, target=row)

    assert (operation.state, operation.sent_at) == (State.REJECTED, None)
    assert operation.permission == permission


def test_choices_that_may_not_be_read_say_so(plant, emulator):
    deny(emulator, PRODUCT, "list")

    assert "takes the permission Product: Read." in page(plant, "/enos/devices/new/")


def test_a_secret_that_the_refusal_quotes_is_kept_nowhere(plant, emulator):
    data = plant.data("iotda/devices", variety="secrets")
    answer = {"error_code": "IOTDA.000022", "error_msg": f"{data['secret']} may not."}
    deny(emulator, "iotda/devices", "create", body=answer)
    verb = KINDS["iotda/devices"].verb("create")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(verb.__dict__, "permission", "iotda:devices:create")  # no document names it yet

        operation = plant.perform("iotda/devices", data=data)

    assert operation.permission == "iotda:devices:create"
    entry = Entry.objects.filter(operation=str(operation.pk)).latest("seq")
    assert data["secret"] not in f"{operation.words} {operation.attempts} {entry.words} {entry.summary}"


def test_another_refusal_with_403_names_nothing(plant, emulator):
    deny(emulator, BUS, "create", body={"error_code": "IOTDA.000015", "error_msg": "Frozen."})

    refused = Api(plant).post(f"{BUS}/", body_of(plant, BUS))

    assert refused.status_code == 422
    assert "permission" not in refused.json()
    assert refused.json()["detail"] == "Frozen."


def test_the_api_tells_it_of_an_object_that_cannot_be_read(plant, emulator):
    row = plant.make(BUS)
    deny(emulator, BUS, "get")

    assert Api(plant).get(f"{BUS}/{row.pk}/").json()["problem"]["permission"] == "iotda:harmonysoftbus:query"


def test_the_form_says_it_and_leads_to_all_of_them(plant):
    connection = plant.connections["iotda"]
    connection.set_credentials(READER_KEYS)
    connection.save()
    browser = plant.browser()

    response = send(browser, BUS, filled(browser, BUS))

    assert response.status_code == 422
    assert "takes the permission iotda:harmonysoftbus:create." in plain(response)
    assert f'href="/connections/{connection.pk}/rights/"' in response.content.decode()
