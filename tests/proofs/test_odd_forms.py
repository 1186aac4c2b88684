"""Forms and bodies with what no person types: each is answered, and none breaks the portal.

Each act of tests/audit/acts.py is sent again with some of its fields changed. Would catch: a 500 for a text
that no database takes, a number that no column holds, a field that comes twice or not at all.
"""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.proofs.sending import judged
from tests.proofs.test_sent import EVERY_GROUP, GROUPS
from tests.proofs.town import undone

pytestmark = pytest.mark.anywhere

ODD = st.one_of(
    st.text(max_size=40),
    st.text(st.characters(categories=["Cc", "Cf", "Cs", "Co", "So", "Mn"]), max_size=20),
    st.sampled_from(
        [
            "",
            " ",
            "\0",
            "a\0b",
            "\ud800",
            "\u202eabc",
            "\ufeff",
            "é" * 300,
            "x" * 6000,
            "9" * 400,
            "-1",
            "1e400",
        ]
        + ["NaN", "Infinity", "0x10", "2026-02-30", "9999-12-31T23:59:60Z", "null", "[]", "{}", '{"a":' * 80]
        + ["00000000-0000-0000-0000-000000000000", "a@b", "a@" + "b" * 300 + ".example", "../../etc/passwd"]
        + ["' OR 1=1 --", "%s%s%n", "{{7*7}}", "<script>", "http://[::1", "//evil.example", "٣", "²", "ı"]
    ),
)
VALUE = st.recursive(
    st.one_of(ODD, st.none(), st.booleans(), st.integers(), st.floats()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
LEFT_OUT = object()


def odd(count):
    def broken(sent):
        wrong, names = [], sorted(sent.fields if sent.is_json else {name for name, _value in sent.fields})
        value = (VALUE if sent.is_json else ODD) | st.just(LEFT_OUT)
        some = (
            st.dictionaries(st.sampled_from(names), value, min_size=1, max_size=4) if names else st.just({})
        )

        @settings(
            max_examples=count, deadline=None, database=None, derandomize=count < 1000,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(some, st.dictionaries(st.text(min_size=1, max_size=8), value, max_size=1))
        def send(changes, more):
            changed = sent
            for name, each in {**more, **changes}.items():
                changed = changed.changed(name, each) if each is not LEFT_OUT else changed.without(name)
            with undone():
                try:
                    response, _tables = changed.send()
                    said = f"{response.status_code}" if response.status_code >= 500 else ""
                except Exception as error:  # noqa: BLE001 - the client of tests raises what a page would show as 500
                    said = repr(error)
            if said:
                wrong.append(f"{said[:200]} for {changes!r:.300} {more!r:.100}")

        send()
        return wrong[:3]

    return broken


@EVERY_GROUP
def test_no_form_breaks(town, emulator, acts):
    assert "\n".join(each for act in acts for each in judged(town, emulator, act, odd(8))) == ""


@pytest.mark.full
@pytest.mark.parametrize("act", [act for acts in GROUPS.values() for act in acts])
def test_no_form_breaks_in_ten_thousand_tries(town, emulator, act):
    assert "\n".join(judged(town, emulator, act, odd(10_000))) == ""
