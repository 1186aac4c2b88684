"""What a listing proves: on each platform, for each list of a kind.

Would catch: an empty or repeated page below the count taken for the end of a list, null taken for empty
without a count, a list called whole although the platform counts more or counts otherwise than a page before,
a count or an id written as a text that hides the list.
"""

import copy
import json

import pytest

from portal.errors import Unclear
from tests.platforms.every_call import OF_KINDS, client_of
from tests.platforms.faulty import http

TREE = "roma list device_groups"
LISTS = [spec for spec in OF_KINDS if spec.name.startswith("list ")]


def first_of_each_platform(specs):
    """The others run in the long form: the lists of a platform are read by the same code."""
    known, params = set(), []
    for spec in specs:
        is_more = spec.platform in known and str(spec) != TREE
        known.add(spec.platform)
        params.append(pytest.param(spec, id=str(spec), marks=[pytest.mark.full] if is_more else []))
    return params


COUNTED = [spec for spec in LISTS if spec.name != "list spaces"]  # all spaces come at once, without a count
PAGED = [spec for spec in COUNTED if str(spec) != TREE]


def answer(spec, ids, count, marker=True):
    """A page of the list with objects of these ids; `ids` None writes null, `count` None leaves it out."""
    body = copy.deepcopy(spec.good)
    items, last = spec.id[0], spec.id[-1]
    body[items] = None if ids is None else [{**spec.good[items][0], last: id} for id in ids]
    for name in ("page", "pagination", "total", "size"):
        body.pop(name, None)
    if spec.platform == "iotda":
        body["page"] = {"marker": f"m-{ids[-1] if ids else ''}"} if marker else {}
    if count is not None and spec.platform == "iotda":
        body["page"] = {**body["page"], "count": count}
    elif count is not None and spec.platform == "enos":
        body["pagination"] = {"totalSize": count}
    elif count is not None:
        body["size" if "groups" in spec.name else "total"] = count
    return http(spec.status, json.dumps(body))


def read(spec, server, *pages):
    """The listing when the platform shows these pages, and the last one for ever."""
    left = list(pages)
    server.behave = lambda connection, got: left.pop(0) if len(left) > 1 else left[0]
    listing = spec.run(client_of(spec, server.url, deadline=5))
    assert len(server.got) <= len(pages) + 3
    return [item["id"] for item in listing.items], listing.total, listing.complete


def ids(*numbers):
    return [f"{number}0" for number in numbers]  # whole numbers, as ROMA's ids are


def raw(spec, numbers):
    return [int(id) for id in ids(*numbers)] if str(spec) == TREE else ids(*numbers)


@pytest.mark.parametrize("spec", first_of_each_platform(PAGED))
class TestPages:
    def test_an_empty_page_below_the_count_does_not_end_a_list(self, server, spec):
        pages = answer(spec, raw(spec, [3, 2]), 5), answer(spec, [], 5)
        assert read(spec, server, *pages) == (ids(3, 2), 5, False)

    def test_nor_does_an_empty_first_page(self, server, spec):
        assert read(spec, server, answer(spec, [], 1100)) == ([], 1100, False)

    @pytest.mark.parametrize("count", [5, None])
    def test_nor_does_a_page_that_was_shown_before(self, server, spec, count):
        assert read(spec, server, answer(spec, raw(spec, [3, 2]), count)) == (ids(3, 2), count, False)

    def test_a_page_that_repeats_a_part_goes_on(self, server, spec):
        pages = [answer(spec, raw(spec, part), 4) for part in ([4, 3], [3, 2], [2, 1])]
        assert read(spec, server, *pages) == (ids(4, 3, 2, 1), 4, True)

    def test_a_list_that_grows_meanwhile_is_not_whole(self, server, spec):
        pages = answer(spec, raw(spec, [3, 2]), 3), answer(spec, raw(spec, [1]), 4), answer(spec, [], 4)
        assert read(spec, server, *pages) == (ids(3, 2, 1), 4, False)

    def test_a_list_that_shrinks_meanwhile_is_whole_where_no_row_can_be_skipped(self, server, spec):
        pages = answer(spec, raw(spec, [4, 3]), 4), answer(spec, raw(spec, [1]), 3)
        assert read(spec, server, *pages) == (ids(4, 3, 1), 3, spec.platform == "iotda")

    @pytest.mark.parametrize("count", [0, 1])
    def test_a_count_below_what_it_shows_proves_nothing(self, server, spec, count):
        pages = answer(spec, raw(spec, [4, 3]), count), answer(spec, [], count)
        assert read(spec, server, *pages) == (ids(4, 3), count, False)

    def test_a_count_that_vanishes_proves_nothing(self, server, spec):
        pages = answer(spec, raw(spec, [4, 3]), 4), answer(spec, [], None)
        assert read(spec, server, *pages)[::2] == (ids(4, 3), False)

    def test_without_a_count_an_empty_page_is_the_end(self, server, spec):
        pages = answer(spec, raw(spec, [4, 3]), None), answer(spec, [], None)
        assert read(spec, server, *pages) == (ids(4, 3), None, True)

    def test_null_below_the_count_is_no_list(self, server, spec):
        with pytest.raises(Unclear):
            read(spec, server, answer(spec, raw(spec, [3, 2]), 5), answer(spec, None, 5))


def test_an_empty_page_amid_a_list_is_passed_where_the_marker_goes_on(server):
    spec = next(spec for spec in PAGED if spec.platform == "iotda")
    gap = http(200, json.dumps({spec.id[0]: [], "page": {"count": 3, "marker": "further"}}))
    pages = answer(spec, ids(3, 2), 3), gap, answer(spec, ids(1), 3)
    assert read(spec, server, *pages) == (ids(3, 2, 1), 3, True)


@pytest.mark.parametrize("spec", first_of_each_platform(COUNTED))
class TestCounts:
    def test_null_is_empty_if_none_are_counted(self, server, spec):
        assert read(spec, server, answer(spec, None, 0)) == ([], 0, True)

    @pytest.mark.parametrize("count", [None, 2, "many"])
    def test_null_is_no_list_otherwise(self, server, spec, count):
        with pytest.raises(Unclear):
            read(spec, server, answer(spec, None, count))

    def test_a_list_that_is_absent_is_never_empty(self, server, spec):
        body = json.loads(answer(spec, None, 0).partition(b"\r\n\r\n")[2])
        del body[spec.id[0]]
        with pytest.raises(Unclear):
            read(spec, server, http(200, json.dumps(body)))

    def test_a_count_in_exact_digits_is_a_count(self, server, spec):
        assert read(spec, server, answer(spec, raw(spec, [2, 1]), "2")) == (ids(2, 1), 2, True)
        assert read(spec, server, answer(spec, raw(spec, [2, 1]), "3"))[2] is False

    @pytest.mark.parametrize("count", [-1, 2.0, "many", "02", True, [2]])
    def test_a_count_that_is_no_number_proves_nothing(self, server, spec, count):
        assert read(spec, server, answer(spec, raw(spec, [2, 1]), count))[::2] == (ids(2, 1), False)

    def test_an_id_is_exact_as_a_text_and_as_a_whole_number(self, server, spec):
        assert read(spec, server, answer(spec, ["20", 10], 2)) == (ids(2, 1), 2, True)

    def test_an_id_that_has_lost_digits_is_none(self, server, spec):
        with pytest.raises(Unclear):
            read(spec, server, answer(spec, [1e20], 1))


@pytest.mark.parametrize("spec", first_of_each_platform(LISTS))
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_is_read_past(server, spec, encoding):
    server.behave = http(200, spec.good_text().encode(encoding))
    assert len(spec.run(client_of(spec, server.url, deadline=5)).items) == 1


def test_a_tree_with_fewer_groups_than_counted_is_not_whole(server):
    spec = next(spec for spec in LISTS if str(spec) == TREE)
    children = [{"id": 7, "name": "child", "parent_id": 10}, {"id": 8, "name": "child", "parent_id": 10}]
    tree = {"items": [{"id": 10, "name": "top", "parent_id": 0, "children": children}]}
    for size, is_whole in ((1, True), (3, True), (2, False), (4, False)):
        server.behave = http(200, json.dumps({"size": size, **tree}))
        assert spec.run(client_of(spec, server.url, deadline=5)).complete is is_whole
