"""A walk reads everything one page at a time, goes on in any process, and knows what its pages prove.

Would catch: a page lost or read twice where a walk goes on, a walk called whole although pages were repeated,
empty, lost or moved, a walk that never ends, one deadline for all pages.
"""

import json

import pytest

from portal.errors import PlatformError
from tests.platforms.every_call import client_of
from tests.platforms.faulty import http
from tests.platforms.test_listings import PAGED, answer, first_of_each_platform, ids, raw


def walk(spec, server, place=None, **options):
    """The walk of a platform that shows what `server` is told to; all is read anew, as in another process."""
    client = client_of(spec, server.url, **{"deadline": 5, **options})
    name = spec.name.removeprefix("list ")
    within = {"app_id": "space"} if spec.platform == "iotda" and name == "device_groups" else {}
    return getattr(client, name).walk(place, **within)


def walked(spec, server, *pages):
    """(ids, last total, is_whole) of a walk that another process takes up after each page."""
    left = list(pages)
    server.behave = lambda connection, got: left.pop(0) if len(left) > 1 else left[0]
    found, place = [], None
    for _turn in range(30):
        page = next(walk(spec, server, place))
        found += [item["id"] for item in page.items]
        if page.place is None:
            return found, page.total, page.is_whole
        assert not page.is_whole
        place = json.loads(json.dumps(page.place))
    raise AssertionError("the walk does not end")


@pytest.mark.parametrize("spec", first_of_each_platform(PAGED))
class TestWhatPagesProve:
    def test_as_many_as_counted_is_whole(self, server, spec):
        pages = answer(spec, raw(spec, [3, 2]), 3), answer(spec, raw(spec, [1]), 3)
        assert walked(spec, server, *pages) == (ids(3, 2, 1), 3, True)

    def test_an_empty_page_below_the_count_proves_nothing(self, server, spec):
        pages = answer(spec, raw(spec, [3, 2]), 5), answer(spec, [], 5)
        assert walked(spec, server, *pages) == (ids(3, 2), 5, False)

    def test_an_empty_first_page_below_the_count_proves_nothing(self, server, spec):
        assert walked(spec, server, answer(spec, [], 1100)) == ([], 1100, False)

    @pytest.mark.parametrize("count", [4, 5, None])
    def test_a_page_that_is_shown_again_ends_the_walk_and_proves_nothing(self, server, spec, count):
        page = answer(spec, raw(spec, [3, 2]), count)
        assert walked(spec, server, page, page) == (ids(3, 2, 3, 2), count, False)

    def test_a_part_that_is_shown_again_counts_once(self, server, spec):
        pages = [answer(spec, raw(spec, part), 4) for part in ([4, 3], [3, 2], [2, 1])]
        assert walked(spec, server, *pages) == (ids(4, 3, 3, 2, 2, 1), 4, True)

    @pytest.mark.parametrize("count", [None, 3, 100])
    def test_pages_that_go_round_in_circles_end(self, server, spec, count):
        circle = [answer(spec, raw(spec, part), count) for part in ([4, 3], [2, 1], [6, 5])]
        _found, total, is_whole = walked(spec, server, *circle * 30)
        assert (total, is_whole) == (count, False)

    def test_a_list_that_grows_meanwhile_is_not_whole(self, server, spec):
        pages = answer(spec, raw(spec, [3, 2]), 3), answer(spec, raw(spec, [1]), 4), answer(spec, [], 4)
        assert walked(spec, server, *pages) == (ids(3, 2, 1), 4, False)

    def test_a_list_that_shrinks_meanwhile_is_whole_where_no_row_can_be_skipped(self, server, spec):
        pages = answer(spec, raw(spec, [4, 3]), 4), answer(spec, raw(spec, [1]), 3)
        assert walked(spec, server, *pages) == (ids(4, 3, 1), 3, spec.platform == "iotda")

    @pytest.mark.parametrize("count", [0, 1])
    def test_a_count_below_what_is_shown_proves_nothing(self, server, spec, count):
        pages = answer(spec, raw(spec, [4, 3]), count), answer(spec, [], count)
        assert walked(spec, server, *pages) == (ids(4, 3), count, False)

    def test_a_count_that_vanishes_proves_nothing(self, server, spec):
        pages = answer(spec, raw(spec, [4, 3]), 4), answer(spec, [], None)
        assert walked(spec, server, *pages)[::2] == (ids(4, 3), False)

    def test_without_a_count_an_empty_page_is_the_end(self, server, spec):
        pages = answer(spec, raw(spec, [4, 3]), None), answer(spec, [], None)
        assert walked(spec, server, *pages) == (ids(4, 3), None, True)

    def test_a_failed_page_is_asked_for_again_from_the_place_before(self, server, spec):
        pages = [answer(spec, raw(spec, [3, 2]), 3), answer(spec, raw(spec, [1]), 3)]
        server.behave = lambda connection, got: pages[0]
        first = next(walk(spec, server))
        server.behave = http(500, "")
        with pytest.raises(PlatformError):
            next(walk(spec, server, first.place))
        server.behave = pages[1]
        last = next(walk(spec, server, first.place))
        assert ([item["id"] for item in last.items], last.place, last.is_whole) == (ids(1), None, True)

    def test_each_page_has_a_deadline_of_its_own(self, server, spec):
        pages = [answer(spec, raw(spec, [number]), 6) for number in range(6)]

        def slow(connection, got):
            server.stopping.wait(1)
            return pages.pop(0)

        server.behave = slow
        assert len(list(walk(spec, server, deadline=4))) == 6


def test_an_empty_page_amid_a_list_is_passed_where_the_marker_goes_on(server):
    spec = next(spec for spec in PAGED if spec.platform == "iotda")
    gap = http(200, json.dumps({spec.id[0]: [], "page": {"count": 3, "marker": "further"}}))
    pages = answer(spec, ids(3, 2), 3), gap, answer(spec, ids(1), 3)
    assert walked(spec, server, *pages) == (ids(3, 2, 1), 3, True)
