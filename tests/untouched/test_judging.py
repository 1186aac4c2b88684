"""The judge of the tests of odd objects: what is a difference, and which one a change explains.

Would catch: a judge that is content with everything.
"""

import json

import pytest

from tests.untouched import posting
from tests.untouched.changes import Change, Json, Removal, judge
from tests.untouched.judging import ABSENT, Difference, differences
from tests.untouched.shown import Shown

DIFFERENCES = [
    (1, 1, []),
    (1, "1", [Difference((), 1, "1")]),
    (1, True, [Difference((), 1, True)]),
    (1, 1.0, [Difference((), 1, 1.0)]),
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}, [Difference((), {"a": 1, "b": 2}, {"b": 2, "a": 1})]),
    ({"a": [1, {"b": " x"}]}, {"a": [1, {"b": "x"}]}, [Difference(("a", 1, "b"), " x", "x")]),
    ({"a": 1}, {"a": 1, "b": 2}, [Difference(("b",), ABSENT, 2)]),
    ({"a": 1, "b": 2}, {"b": 2}, [Difference(("a",), 1, ABSENT)]),
    ({"a": 1, "b": 2}, {"c": 1, "b": 2}, [Difference(("key",), "a", "c")]),
    ([1, 2, 3], [1, 3], [Difference((1,), 2, ABSENT)]),
    ([1], [1, 2], [Difference((1,), ABSENT, 2)]),
    ([1, 2, 3], [3], [Difference((), [1, 2, 3], [3])]),
]


@pytest.mark.parametrize(("old", "new", "found"), DIFFERENCES)
def test_differences(old, new, found):
    assert repr(differences(old, new)) == repr(found)


POLICY = {
    "policy_name": " odd name",
    "statement": [
        {"effect": "AUDIT_ONLY", "actions": ["x\ry"], "resources": ["topic:/a"], "sid": 1},
        {"effect": "ALLOW", "actions": [], "resources": ["topic:/b"]},
    ],
}
FIRST, SECOND = POLICY["statement"]
CHANGED = SECOND | {"resources": ["topic:/b", "topic:/changed"]}
FORM = posting.read(
    '<form id="form"><textarea name="statement-1-resources">topic:/b</textarea>'
    '<input name="policy_name" value=" odd name"></form>'
)
RESOURCES = Change(
    control="statement-1-resources",
    field="statement",
    member="statement",
    was="topic:/b",
    typed="topic:/b\ntopic:/changed",
)
NAME = Change(control="policy_name", field="policy_name", member="policy_name", was=" odd name", typed="new")
TYPED = Json(control="statement", field="statement", member="statement", typed="[1]")
TAKEN = Removal(control="", field="statement", member="statement", typed="0")
RIGHT = [
    (RESOURCES, {"statement": [FIRST, CHANGED]}),
    (RESOURCES, {"policy_name": " odd name", "statement": [FIRST, CHANGED]}),
    (NAME, {"policy_name": "new"}),
    (TYPED, {"statement": [1]}),
    (TAKEN, {"statement": [SECOND]}),
]
WRONG = [
    (RESOURCES, {}),
    (RESOURCES, {"statement": [FIRST, SECOND]}),
    (RESOURCES, {"policy_name": "odd name", "statement": [FIRST, CHANGED]}),
    (RESOURCES, {"statement": [FIRST, CHANGED], "app_id": ""}),
    (RESOURCES, {"statement": [FIRST | {"effect": "ALLOW"}, CHANGED]}),
    (RESOURCES, {"statement": [FIRST | {"actions": ["x", "y"]}, CHANGED]}),
    (RESOURCES, {"statement": [{**FIRST, "sid": "1"}, CHANGED]}),
    (RESOURCES, {"statement": [CHANGED]}),
    (RESOURCES, {"statement": [CHANGED, FIRST]}),
    (RESOURCES, {"statement": [FIRST | {"resources": ["topic:/a", "topic:/changed"]}, SECOND]}),
    (NAME, {"policy_name": " new"}),
    (NAME, {"policy_name": "new", "statement": [FIRST | {"sid": True}, SECOND]}),
    (TYPED, {"statement": ["1"]}),
    (TAKEN, {"statement": [FIRST]}),
]


def judged(change, sent, query=""):
    request = {"body": json.dumps(sent), "query": query}
    judge(change, Shown("iotda/policies", POLICY, None), request, FORM)


@pytest.mark.parametrize(("change", "sent"), RIGHT)
def test_one_change_alone_is_right(change, sent):
    judged(change, sent)


@pytest.mark.parametrize(("change", "sent"), WRONG)
def test_anything_else_is_wrong(change, sent):
    with pytest.raises(AssertionError):
        judged(change, sent)


DEVICE = {"deviceName": {"defaultValue": "P", "i18nValue": None}, "timezone": " +8", "deviceDesc": None}
DESCRIBED = Change(control="device_desc", field="device_desc", member="deviceDesc", typed="new")


@pytest.mark.parametrize(
    ("sent", "query", "is_right"),
    [
        ({"deviceDesc": "new"}, "isPatchUpdate=true", True),
        ({"deviceDesc": "new"}, "isPatchUpdate=false", False),
        ({"deviceDesc": "new", "timezone": "+8"}, "isPatchUpdate=true", False),
        (
            {"deviceDesc": "new", "timezone": " +8", "deviceName": {"defaultValue": "P"}},
            "isPatchUpdate=false",
            True,
        ),
    ],
)
def test_what_a_whole_update_leaves_out_is_lost(sent, query, is_right):
    request = {"body": json.dumps(sent), "query": query}
    try:
        judge(DESCRIBED, Shown("enos/devices", DEVICE, None), request, FORM)
    except AssertionError:
        assert not is_right
    else:
        assert is_right
