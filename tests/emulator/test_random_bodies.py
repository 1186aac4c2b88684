"""Whatever is sent, no answer is a 500 that the documents do not print, and no connection breaks."""

import json
import urllib.parse

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.emulator.clouds import DEVICES, GROUP, IOTDA, OLDER_DEVICES, ORG, ROMA, ROMA_APP

NAMES = [
    "bus_name group_id app_id name description super_group_id group_type dynamic_group_rule policy_name",
    "statement effect actions resources parent_id productKey deviceName defaultValue i18nValue timezone",
    "requireSecret deviceAttributes deviceKey deviceDesc deviceTags expression pagination pageNo pageSize",
    "auth identity methods password user domain scope project id appKey encryption timestamp accessToken",
]
names = st.sampled_from(" ".join(NAMES).split()) | st.text(max_size=5)
texts = st.text(max_size=70) | st.sampled_from(
    [
        ROMA_APP,
        "prodKey1",
        "+08:00",
        "ALLOW",
        "iotda:devices:publish",
        "topic:/a",
        "DYNAMIC",
        "password",
        "deviceKey = 'a'",
    ]
)
numbers = st.integers() | st.floats() | st.sampled_from([0, 10001, 99999999999999999, 10**30])
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=5),
    max_leaves=12,
)
shapes = {
    f"{IOTDA}/harmony-soft-bus": ("bus_name", "group_id", "app_id"),
    f"{IOTDA}/device-group": (
        "name",
        "description",
        "super_group_id",
        "app_id",
        "group_type",
        "dynamic_group_rule",
    ),
    f"{IOTDA}/device-policies": ("policy_name", "app_id", "statement"),
    ROMA: ("parent_id", "name", "description", "app_id"),
    f"{DEVICES}?action=create&orgId={ORG}": (
        "productKey",
        "deviceName",
        "timezone",
        "requireSecret",
        "deviceAttributes",
        "deviceKey",
        "deviceDesc",
        "deviceTags",
    ),
    f"{DEVICES}?action=search&orgId={ORG}": ("expression", "pagination", "projection", "requireSecret"),
    "/v3/auth/tokens": ("auth",),
    "/apim-token-service/v2.0/token/get": ("appKey", "encryption", "timestamp"),
}
policy_id = "5c90fa7d3c4e4405e8520001"  # the first space's built-in one
device_query = f"orgId={ORG}&assetId=DemoAst1"
updates = {
    f"{IOTDA}/device-group/{GROUP}": ("PUT", ("name", "description")),
    f"{IOTDA}/device-policies/{policy_id}": ("PUT", ("policy_name", "statement")),
    f"{ROMA}/10001": ("PUT", ("name", "description")),
    f"{OLDER_DEVICES}?action=update&{device_query}": (
        "POST",
        ("deviceName", "timezone", "deviceAttributes", "deviceDesc", "deviceTags"),
    ),
}
bodies = st.binary(max_size=40) | values.map(lambda value: json.dumps(value).encode())


@pytest.mark.full
@pytest.mark.parametrize("target", shapes)
def test_no_body_breaks_a_call(target, huawei, enos):
    caller = enos if "/connect-service/" in target else huawei
    members = shapes[target]
    shaped = st.fixed_dictionaries({}, optional=dict.fromkeys(members, values)).map(
        lambda body: json.dumps(body).encode()
    )

    @settings(
        max_examples=120,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(bodies | shaped)
    def check(body):
        answer = caller.post(target, body)
        assert answer.status_code < 500
        if answer.content:
            answer.json()

    check()


@pytest.mark.parametrize("target", updates)
def test_no_body_breaks_an_update_or_what_it_updates(target, huawei, enos):
    caller = enos if "/connect-service/" in target else huawei
    method, members = updates[target]
    shaped = st.fixed_dictionaries({}, optional=dict.fromkeys(members, values)).map(
        lambda body: json.dumps(body).encode()
    )

    @settings(
        max_examples=60,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(bodies | shaped)
    def check(body):
        answer = caller.send(method, target, body)
        assert answer.status_code < 500
        answer.json()
        shown = caller.send("GET", target.replace("action=update", "action=get"))
        assert shown.status_code == 200
        assert shown.json().get("code", 0) == 0

    check()


@settings(
    max_examples=150,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    place=st.sampled_from(
        ["device-group", "harmony-soft-bus", "device-policies", "products", "devices", "apps"]
    ),
    piece=st.text(max_size=40),
    name=st.sampled_from(
        ["limit", "offset", "marker", "app_id", "name", "group_id", "policy_name", "last_modified_time"]
    ),
    value=st.text(max_size=40) | st.integers().map(str),
)
def test_no_address_or_query_breaks_a_call(huawei, place, piece, name, value):
    for target in (f"{IOTDA}/{place}/{urllib.parse.quote(piece, safe='')}", f"{IOTDA}/{place}"):
        query = urllib.parse.urlencode({name: value})
        assert huawei.send("GET", f"{target}?{query}").status_code < 500
