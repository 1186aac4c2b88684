"""JSON of an object told in words. Would catch: a statement that is told as if it were understood, a member
that nobody sees, a secret in a table, an id that stands on a page twice."""

import re

import pytest

from portal.kinds.masking import MASK
from portal.kinds.registry import KINDS
from portal.teams.models import Role
from tests.resources.test_relations import away, put, said  # noqa: F401
from tests.support.drawn import ODD, check

pytestmark = [pytest.mark.usefixtures("away"), pytest.mark.anywhere]
PUBLISH, SUBSCRIBE = "iotda:devices:publish", "iotda:devices:subscribe"
TOPIC = "topic:/v1/${devices.deviceId}/test"


def told(plant, slug, label, role=Role.OWNER, **columns):
    """What stands beside the label on the page of an object, as one text, without the raw JSON."""
    row = put(plant, slug, "x-1", "odd", **columns)
    response = plant.browser(role).get(f"/{slug}/{row.pk}/")
    check(response)
    part = re.search(rf"<dt>{label}</dt><dd>(.*?)</dd>", response.text, re.DOTALL)[1]
    words, _details, raw = part.partition('<details class="raw">')
    row.delete()
    return said(words), raw


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ({"effect": "DENY", "actions": [PUBLISH], "resources": [TOPIC]}, f"Denies publishing to {TOPIC}"),
        (
            {"effect": "ALLOW", "actions": [f"{PUBLISH}\r{SUBSCRIBE}"], "resources": [TOPIC, "topic:b"]},
            f"Allows publishing and subscribing to {TOPIC}, topic:b",
        ),
        (
            {"effect": "BLOCK", "actions": [SUBSCRIBE], "resources": [TOPIC]},
            f'Has an effect on subscribing to {TOPIC} Not understood: {{ "effect": "BLOCK" }}',
        ),
        (
            {"effect": "ALLOW", "actions": [PUBLISH, "fly"], "resources": [TOPIC, 7], "when": "noon"},
            f'Allows publishing to {TOPIC} Not understood: {{ "when": "noon" }}'
            ' Not understood: { "actions": [ "fly" ] } Not understood: { "resources": [ 7 ] }',
        ),
        (
            {"effect": "DENY", "actions": PUBLISH, "resources": []},
            f'Denies something with nothing Not understood: {{ "actions": "{PUBLISH}" }}',
        ),
        (
            {"effect": "DENY", "actions": [PUBLISH], "resources": TOPIC},
            f'Denies publishing to something Not understood: {{ "resources": "{TOPIC}" }}',
        ),
        ({"effect": "DENY", "actions": [PUBLISH]}, "Denies publishing to something"),
        (
            {"effect": "DENY", "actions": [], "resources": [TOPIC]},
            f'Denies something with {TOPIC} Not understood: {{ "actions": [] }}',
        ),
        ("odd", "This statement is not understood: Not understood: odd"),
    ],
)
def test_a_statement_is_a_sentence(plant, statement, words):
    text, raw = told(plant, "iotda/policies", "Statements", statement=[statement])

    assert text == words
    assert "<pre" in raw


def test_names_tags_and_services_are_tables(plant):
    names = {"defaultValue": "Pump", "i18nValue": {"zh_CN": "泵", "xx": ODD}, "more": [1]}
    text, _raw = told(plant, "enos/devices", "Names", device_name=names)
    assert text.startswith("Names Language Name Default Pump Chinese (zh_CN) 泵 xx pump")
    assert text.endswith("more [ 1 ]")
    text, _raw = told(plant, "enos/devices", "Attributes", device_attributes={"serial": 7, "flag": False})
    assert text == "Attributes Name Value serial 7 flag false"
    services = [{"service_id": "Meter", "service_type": "M", "properties": [{"property_name": "flow"}]}]
    text, _raw = told(plant, "iotda/products", "Services", service_capabilities=services)
    assert text == "Services Service Type Description Properties Commands Meter M – flow –"


@pytest.mark.parametrize("value", ["text", 7, ["list", ODD], {"i18nValue": 7}, [[ODD]]], ids=repr)
def test_a_value_of_another_form_is_shown_as_json(plant, value):
    for slug, kind in KINDS.items():
        for name in kind.shown:
            text, raw = told(
                plant, slug, kind.model._meta.get_field(name).verbose_name.capitalize(), **{name: value}
            )
            assert text or "<pre" in raw


def test_a_secret_tag_stays_masked_in_the_table(plant):
    tags = {"wifi_password": "hunter2-5f1c7a", "line": "4"}

    text, raw = told(plant, "enos/devices", "Tags", Role.VIEWER, device_tags=tags)

    assert text == f"Tags Name Value wifi_password {MASK} line 4"
    assert "hunter2" not in raw


def test_an_id_that_has_a_name_of_its_own_stands_there_once(plant):
    row = put(plant, "enos/devices", "asset-1", "pump", asset_id="asset-1")
    browser = plant.browser()
    text = browser.get(f"/enos/devices/{row.pk}/").text
    assert text.count("<code>asset-1</code>") == 1
    assert "<dt>Asset id</dt><dd><code>asset-1</code>" in text

    odd = put(plant, "enos/devices", "asset-2", "pump", asset_id="another")
    assert "<code>another</code>" in browser.get(f"/enos/devices/{odd.pk}/").text
