"""When a value that a platform shows counts as the one that was sent."""

import pytest

from portal.kinds.comparing import compare, compare_all

BOTH = pytest.mark.parametrize("comparer", [compare, compare_all])


@pytest.mark.parametrize(("sent", "seen"), [(20, "20"), ("20", 20)])
def test_a_number_is_its_text_where_an_object_was_made_and_not_where_it_was_changed(sent, seen):
    """ROMA shows the parent's id 10001 as "10001". But who made the text "1" a number has changed it."""
    for comparer, same in ((compare, True), (compare_all, False)):
        (row,) = comparer({"field": {"inside": sent}}, {"field": {"inside": seen}})
        assert row["same"] is same


@BOTH
@pytest.mark.parametrize(
    ("sent", "seen", "same"),
    [
        (20, 20.0, True),
        (20.0, 20, True),
        (2**53 + 1, float(2**53), False),
        (20, 21, False),
        (True, True, True),
        (True, 1, False),
        (1, True, False),
        (False, 0, False),
        (True, "True", False),
    ],
)
def test_a_number_is_its_value_and_no_switch(comparer, sent, seen, same):
    for wrap in (lambda value: value, lambda value: {"inside": value}, lambda value: [value, "other"]):
        (row,) = comparer({"field": wrap(sent)}, {"field": wrap(seen)})
        assert row["same"] is same
