"""Whatever is posted, the form answers, never with a 500, and sends nothing unreadable to the platform.

Tries some thousand fields in bounded time. It has found endless digits in a row count, numbers and texts that
JSON cannot carry, and nesting deeper than Python's stack.
"""

import json
import re

import pytest
from django.http import QueryDict
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from tests.examples import EVERY_CREATE, EVERY_JSON_FIELD, EVERY_UPDATE, EXAMPLES
from tests.resources.forms import changing, edited, encoded, new, post, read, script, send
from tests.support.plant import creates_received, updates_received

pytestmark = pytest.mark.anywhere

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
JSON_TEXTS = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=10)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
).map(json.dumps)
QUICK = examples(deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))


def names_in(response, slug):
    """The names that the form posts, and others that only an editor would post, or nobody."""
    page = response.content.decode()
    inside = page[page.index('id="form"') :]
    names = set(re.findall(r'<(?:input|select|textarea)[^>]* name="([^"]*)"', inside))
    for name in EXAMPLES[slug].json_fields:
        ends = ("_was", "_editor", "_side", "-", "-x", "-count", "-0-key")
        names |= {name, *(f"{name}{end}" for end in ends)}
    return sorted({*names, "connection", "preview", "touch"} - {"csrfmiddlewaretoken"})


def changes(names, slug):
    """Up to eight fields with odd texts, among them those that press the buttons of editors."""
    touches = ["x:y:z", ":", *EXAMPLES[slug].data("create")]
    for name in EXAMPLES[slug].json_fields:
        touches += [f"{name}:add", f"{name}:remove:0", f"{name}:remove:" + "9" * 5000]
    texts = st.one_of(st.sampled_from(NASTY), st.text(max_size=80), JSON_TEXTS, st.sampled_from(touches))
    return st.dictionaries(st.sampled_from(names), texts, min_size=1, max_size=8)


ANSWERS = {200, 302, 400, 409, 422}


@EVERY_CREATE
def test_no_input_is_a_server_error(plant, slug):
    browser = plant.browser()
    names = names_in(browser.get(new(slug)), slug)

    @examples(QUICK, max_examples=25)
    @given(changes(names, slug), st.booleans())
    def post(values, is_piece):
        headers = {"HTTP_HX_REQUEST": "true"} if is_piece else {}
        assert send(browser, slug, script(slug, plant, **values), **headers).status_code in ANSWERS

    post()


@EVERY_UPDATE
def test_no_input_of_an_edit_is_a_server_error(plant, slug):
    browser, row = plant.browser(), plant.make(slug)
    opened = edited(browser, slug, row)
    names = names_in(browser.get(changing(row, "update")), slug)

    @examples(QUICK, max_examples=20)
    @given(changes(names, slug), st.booleans())
    def press(values, is_piece):
        headers = {"HTTP_HX_REQUEST": "true"} if is_piece else {}
        posted = opened.copy()
        for name, value in values.items():
            posted[name] = value
        response = post(browser, changing(row, "update"), posted, **headers)
        assert response.status_code in ANSWERS

    press()


@EVERY_UPDATE
def test_what_a_form_showed_cannot_be_replaced_by_what_no_page_can_show(plant, emulator, slug):
    browser, row = plant.browser(), plant.make(slug)
    posted = edited(browser, slug, row)
    posted["expected"] = json.dumps(dict.fromkeys(json.loads(posted["expected"]), "\ud800"))

    response = post(browser, changing(row, "update"), posted)

    assert response.status_code == 409, "the object is another one than the form says it showed"
    assert updates_received(emulator, slug) == []


@EVERY_UPDATE
def test_no_address_of_an_edit_is_a_server_error_or_hides_what_was_shown(plant, slug):
    browser, row = plant.browser(), plant.make(slug)
    names = [*names_in(browser.get(changing(row, "update")), slug), "from", "kept"]
    shown = edited(browser, slug, row)["expected"]

    for number in range(0, len(NASTY), 2):
        query = {name: NASTY[(number + place) % len(NASTY)][:2000] for place, name in enumerate(names)}
        response = browser.get(f"{changing(row, 'update')}?{encoded(query)}")
        assert response.status_code in (200, 400)
        if response.status_code == 200:
            assert read(response).fields["expected"] == [shown]


@pytest.mark.parametrize("count", ["9" * 5000, "9" * 10, "-1", "²", "١", "x", ""])
@EVERY_JSON_FIELD
def test_no_number_of_rows_is_a_server_error(plant, slug, name, count):
    editor = {f"{name}_editor": "1", f"{name}-count": count}
    browser = plant.browser()

    assert send(browser, slug, script(slug, plant, **editor)).status_code in ANSWERS
    for touch in (f"{name}:add", f"{name}:remove:{count}"):
        assert send(browser, slug, script(slug, plant, touch=touch, **editor)).status_code == 200


@EVERY_JSON_FIELD
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
    """The model's types would refuse these values; here it cannot be read."""
    match = {"method": "GET", "path": "/model-service/"}
    emulator.faults([{"match": match, "fault": "answer", "status": 503, "body": ""}])

    response = send(plant.browser(), DEVICE, script(DEVICE, plant, device_attributes=text))

    assert response.status_code == 422
    assert creates_received(emulator, DEVICE) == []


@EVERY_CREATE
def test_a_megabyte_of_text_is_refused(plant, emulator, slug):
    before = len(emulator.requests())
    posted = script(slug, plant, **{EXAMPLES[slug].named_by: "x" * 1_100_000})

    assert send(plant.browser(), slug, posted).status_code == 413
    assert emulator.requests(before) == []


@EVERY_CREATE
def test_half_a_megabyte_in_one_field_is_a_form_again(plant, emulator, slug):
    posted = script(slug, plant, **{EXAMPLES[slug].named_by: "x" * 500_000})

    assert send(plant.browser(), slug, posted).status_code == 422
    assert creates_received(emulator, slug) == []


@EVERY_CREATE
def test_no_address_of_a_new_form_is_a_server_error(plant, slug):
    browser = plant.browser()
    names = names_in(browser.get(new(slug)), slug)

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
