"""Whatever is posted, the forms answer: never a 500, and nothing unreadable is sent.

Some thousand fields in bounded time; found so far: endless digits in a row count, numbers and texts that JSON
cannot carry, and nesting deeper than Python's stack.
"""

import json

import pytest
from django.http import QueryDict
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from tests.resources.forms import changing, edited, encoded, new, post, read, script, send
from tests.support.plant import CREATES, UPDATES, creates_received

BUS, POLICY, GROUP, DEVICE = "iotda/soft-buses", "iotda/policies", "roma/device-groups", "enos/devices"
NASTY = [
    "",
    " ",
    "\0",
    "a\0b",
    "\ufeff",
    "\u202eright to left",
    "\ud7ff\ue000\uffff",
    "\U0010ffff" * 70,
    "\r\n\t\v\f",
    "%00%s%(name)s{0}{x}",
    "<script>alert(1)</script>'\"`",
    "' OR 1=1 --",
    "../../etc/passwd",
    "1e999999999",
    "-1e999999999",
    "9" * 5000,
    "0." + "9" * 5000,
    "NaN",
    "-0",
    "١٠٠٠١",
    "²",
    "true",
    "null",
    "[]",
    "{}",
    '"\\ud800"',
    '{"defaultValue": "\\ud800"}',
    '{"defaultValue": "\\u0000", "i18nValue": {"\\udfff": "x"}}',
    '{"serial": 1e999}',
    '{"serial": NaN}',
    '{"\\ud800": "\\udc00"}',
    '{"a": 1, "a": 2}',
    "[" * 900 + "]" * 900,
    "[" * 100_000,
    '{"a":' * 400 + "1" + "}" * 400,
    '[{"effect": {}, "actions": {"a": 1}, "resources": [[[]]]}]',
    '[{"effect": "ALLOW", "actions": [null, {}], "resources": [1e999]}]',
    '{"defaultValue": ' + "9" * 4000 + "}",
    '{"defaultValue": ' + "9" * 5000 + "}",
]
FIELDS = {
    "iotda/device-groups": ("app_id", "name", "description", "super_group_id", "super_group_id_search"),
    BUS: ("app_id", "bus_name", "group_id", "group_id_search"),
    POLICY: (
        *("app_id", "policy_name", "statement", "statement_was", "statement_side", "statement_editor"),
        *(
            "statement-count",
            "statement-0-effect",
            "statement-0-actions",
            "statement-0-resources",
            "statement-x",
        ),
    ),
    GROUP: ("app_id", "parent_id", "parent_id_search", "name", "description"),
    DEVICE: (
        *("product_key", "device_key", "timezone", "timezone_search", "device_desc", "require_secret"),
        *("device_name", "device_name_was", "device_name_editor", "device_name-default", "device_name-zh_CN"),
        *(
            "device_attributes",
            "device_attributes_was",
            "device_attributes_editor",
            "device_attributes-serial",
        ),
        *("device_attributes_type-serial", "device_attributes-", "device_tags", "device_tags_editor"),
        *("device_tags-count", "device_tags-0-key", "device_tags-0-value"),
    ),
}
EVERYWHERE = ("connection", "operation_key", "preview", "touch")
TEXTS = st.one_of(
    st.sampled_from(NASTY),
    st.text(max_size=80),
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=10)),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)
        ),
        max_leaves=8,
    ).map(json.dumps),
    st.sampled_from(
        ["statement:add", "statement:remove:0", "device_tags:remove:" + "9" * 5000, "x:y:z", ":", "app_id"]
    ),
)


def changes(slug):
    return st.dictionaries(st.sampled_from((*FIELDS[slug], *EVERYWHERE)), TEXTS, min_size=1, max_size=8)


ANSWERS = {200, 302, 400, 409, 422}


@pytest.mark.parametrize("slug", CREATES)
def test_no_input_is_a_server_error(plant, slug):
    browser = plant.browser()

    @examples(
        max_examples=25,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(changes(slug), st.booleans())
    def post(values, is_piece):
        headers = {"HTTP_HX_REQUEST": "true"} if is_piece else {}
        assert send(browser, slug, script(slug, plant, **values), **headers).status_code in ANSWERS

    post()


def edits(slug):
    """The same for an update, whose form also says what it showed."""
    return st.dictionaries(
        st.sampled_from((*FIELDS[slug], *EVERYWHERE, "expected")), TEXTS, min_size=1, max_size=8
    )


@pytest.mark.parametrize("slug", UPDATES)
def test_no_input_of_an_edit_is_a_server_error(plant, slug):
    browser, row = plant.browser(), plant.make(slug)
    opened = edited(browser, slug, row).dict()

    @examples(
        max_examples=20,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(edits(slug), st.booleans())
    def press(values, is_piece):
        headers = {"HTTP_HX_REQUEST": "true"} if is_piece else {}
        response = post(browser, changing(row, "update"), {**opened, **values}, **headers)
        assert response.status_code in ANSWERS

    press()


@pytest.mark.parametrize("slug", UPDATES)
def test_no_address_of_an_edit_is_a_server_error_or_hides_what_was_shown(plant, slug):
    browser, row = plant.browser(), plant.make(slug)
    names = (*FIELDS[slug], *EVERYWHERE, "expected", "from", "kept")
    shown = edited(browser, slug, row)["expected"]

    for number in range(0, len(NASTY), 2):
        query = {name: NASTY[(number + place) % len(NASTY)][:2000] for place, name in enumerate(names)}
        response = browser.get(f"{changing(row, 'update')}?{encoded(query)}")
        assert response.status_code in (200, 400)
        if response.status_code == 200:
            assert read(response).fields["expected"] == [shown]


ROWS = [(POLICY, "statement"), (DEVICE, "device_tags")]


@pytest.mark.parametrize("count", ["9" * 5000, "9" * 10, "-1", "²", "١", "x", ""])
@pytest.mark.parametrize(("slug", "name"), ROWS)
def test_no_number_of_rows_is_a_server_error(plant, slug, name, count):
    editor = {f"{name}_editor": "1", f"{name}-count": count}
    browser = plant.browser()

    assert send(browser, slug, script(slug, plant, **editor)).status_code in ANSWERS
    for touch in (f"{name}:add", f"{name}:remove:{count}"):
        assert send(browser, slug, script(slug, plant, touch=touch, **editor)).status_code == 200


JSON_FIELDS = [
    (POLICY, "statement"),
    (DEVICE, "device_name"),
    (DEVICE, "device_attributes"),
    (DEVICE, "device_tags"),
]


@pytest.mark.parametrize(("slug", "name"), JSON_FIELDS)
def test_no_json_is_a_server_error(plant, emulator, slug, name):
    browser = plant.browser()

    for text in NASTY:
        for beside in ({}, {"touch": f"{name}:add"}):
            response = send(browser, slug, script(slug, plant, **{name: text, **beside}))
            assert response.status_code in ANSWERS, text[:60]
    for received in creates_received(emulator, slug):
        json.loads(received["body"], parse_constant=pytest.fail)


ATTRIBUTES = [
    '{"x": 1e999}',
    '{"x": "\\ud800"}',
    '{"x": ' + "[" * 300 + "]" * 300 + "}",
    '{"x": {"\\ud800": 1}}',
]


@pytest.mark.parametrize(
    "text", ATTRIBUTES, ids=["too large", "half a pair", "too deep", "half a pair as a name"]
)
def test_attributes_that_no_json_can_carry_are_named_when_the_model_cannot_be_read(plant, emulator, text):
    """Without the model no type says that such a value is wrong."""
    match = {"method": "GET", "path": "/model-service/"}
    emulator.faults([{"match": match, "fault": "answer", "status": 503, "body": ""}])

    response = send(plant.browser(), DEVICE, script(DEVICE, plant, device_attributes=text))

    assert response.status_code == 422
    assert creates_received(emulator, DEVICE) == []


@pytest.mark.parametrize("slug", CREATES)
def test_a_megabyte_of_text_is_refused(plant, emulator, slug):
    browser = plant.browser()
    for name in FIELDS[slug]:
        assert send(browser, slug, script(slug, plant, **{name: "x" * 1_100_000})).status_code == 400, name
    assert emulator.requests() == []


@pytest.mark.parametrize("slug", CREATES)
def test_half_a_megabyte_in_one_field_is_a_form_again(plant, emulator, slug):
    assert (
        send(plant.browser(), slug, script(slug, plant, **{FIELDS[slug][1]: "x" * 500_000})).status_code
        == 422
    )
    assert creates_received(emulator, slug) == []


@pytest.mark.parametrize("slug", CREATES)
def test_no_address_of_a_new_form_is_a_server_error(plant, slug):
    browser = plant.browser()
    names = (*FIELDS[slug], *EVERYWHERE)

    for number in range(0, len(NASTY), 2):
        query = {name: NASTY[(number + place) % len(NASTY)][:2000] for place, name in enumerate(names)}
        assert browser.get(f"{new(slug)}?{encoded(query)}").status_code in (200, 400)


def test_bytes_that_are_no_text_are_a_form_again(plant):
    body = (
        QueryDict("bus_name=%ED%A0%80%FF&operation_key=k&connection=%FF").urlencode().encode() + b"&x=%ff\xff"
    )

    assert (
        plant.browser().post(new(BUS), body, content_type="application/x-www-form-urlencoded").status_code
        == 422
    )
