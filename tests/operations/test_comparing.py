"""When a value that a platform shows counts as the one that was sent."""

import pytest

from portal.kinds.settling import compare, compare_all

BOTH = pytest.mark.parametrize("comparer", [compare, compare_all])


@BOTH
@pytest.mark.parametrize(
    ("sent", "seen", "same"),
    [
        (20, 20.0, True),
        (20.0, 20, True),
        (20, "20", True),
        ("20", 20, True),
        (2**53 + 1, float(2**53), False),
        (20, 21, False),
        (True, True, True),
        (True, 1, False),
        (1, True, False),
        (False, 0, False),
        (True, "True", False),
    ],
)
def test_a_number_is_its_text_and_no_switch(comparer, sent, seen, same):
    for wrap in (lambda value: value, lambda value: {"inside": value}, lambda value: [value, "other"]):
        (row,) = comparer({"field": wrap(sent)}, {"field": wrap(seen)})
        assert row["same"] is same
