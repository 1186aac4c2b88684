"""A tree of ROMA's device groups of any size is read in bounded memory, exactly as a small one is.

Would catch: a large tree that cannot be read, one that takes many times its bytes of memory, members lost or
wrong where they stand behind the children, a secret that a large answer quotes.
"""

import json
import subprocess
import sys

import pytest

from portal.errors import Unclear
from portal.platforms.roma import trees
from tests.platforms.every_call import OF_KINDS, client_of
from tests.platforms.faulty import http

SPEC = next(spec for spec in OF_KINDS if str(spec) == "roma list device_groups")


def group(number, parent=0, children=(), *, children_first=False, **more):
    """One group as the platform shows it, children first or last."""
    own = {"id": number, "name": f"Line {number}", "parent_id": parent, **more}
    below = {"children": list(children)}
    return {**below, **own} if children_first else {**own, **below}


def forest(count, *, per_top=20, children_first=False):
    """A tree of that many groups, with all that the platform shows of a group: 500 bytes each."""
    more = {
        "permissions": ["read", "access", "delete", "modify"],
        "description": "Pumps and valves of the east hall, second floor. " * 2,
        "app_id": "ef3845be-091a-4ab5-869a-9de0025e2165",
        "created_user": {"user_id": "0" * 32, "user_name": "demo-user"},
        "last_updated_user": {"user_id": "0" * 32, "user_name": "demo-user"},
        "created_datetime": "2026-01-01T00:00:00Z",
        "last_updated_datetime": "2026-01-01T00:00:00Z",
        "children_first": children_first,
    }
    tops = []
    for start in range(1, count + 1, per_top):
        below = [group(number, start, **more) for number in range(start + 1, start + per_top)]
        tops.append(group(start, 0, below, **more))
    return tops


def tree(items, size=None, **more):
    return http(200, json.dumps({"size": len(items) if size is None else size, "items": items, **more}))


def pages(server, behave, place=None, **filters):
    server.behave = behave
    return list(client_of(SPEC, server.url, deadline=20).device_groups.walk(place, app_id="a", **filters))


def test_a_walk_comes_in_slices_parents_first(server):
    found = pages(server, tree(forest(1200)))
    assert [len(page.items) for page in found] == [500, 500, 200]
    assert [page.is_whole for page in found] == [False, False, True]
    assert [page.total for page in found] == [None, None, 1200]
    groups = [item for page in found for item in page.items]
    assert [item["id"] for item in groups] == [str(number) for number in range(1, 1201)]
    assert [item["depth"] for item in groups[:21]] == [0, *[1] * 19, 0]


def test_a_walk_that_is_taken_up_within_a_tree_reads_it_again(server):
    first, second, _last = pages(server, tree(forest(1200)))
    again = pages(server, tree(forest(1200)), json.loads(json.dumps(second.place)))
    assert again[0] == first
    assert (again[-1].total, again[-1].is_whole) == (1200, True)


def test_a_group_is_the_same_wherever_its_children_stand(server):
    last = pages(server, tree([group(1, 0, [group(2, 1, [group(3, 2)])])]))
    first = [group(1, 0, [group(2, 1, [group(3, 2)], children_first=True)], children_first=True)]
    assert pages(server, tree(first)) == last
    assert [item["depth"] for item in last[0].items] == [0, 1, 2]


def test_a_walk_goes_from_one_application_to_the_next(server):
    answers = {"app_id=a": tree([group(1), group(2)]), "app_id=b": tree([group(3)]), "app_id=c": tree([])}
    apps = {"total": 3, "size": 3, "apps": [{"id": id, "name": id} for id in "abc"]}

    def behave(connection, got):
        tree_of = next((answer for query, answer in answers.items() if query in got.target), None)
        return tree_of or http(200, json.dumps(apps))

    server.behave = behave
    groups = client_of(SPEC, server.url, deadline=20).device_groups
    found = list(groups.walk())
    assert [[item["id"] for item in page.items] for page in found] == [["1", "2"], ["3"], []]
    assert [(page.total, page.is_whole) for page in found] == [(None, False), (None, False), (3, True)]
    assert list(groups.walk(json.loads(json.dumps(found[0].place)))) == found[1:]
    assert "app_id=a" not in server.got[-1].target + server.got[-2].target

    answers["app_id=b"] = tree([group(3)], size=4)
    found = list(groups.walk())
    assert [(page.total, page.is_whole) for page in found] == [(None, False)] * 3


@pytest.mark.parametrize(
    "items",
    [[5], [None], [[]], [{"id": 1, "children": [3]}], [{"id": 1, "children": {}}], {"id": 1}, "", None],
)
def test_what_is_no_tree_is_unclear(server, items):
    with pytest.raises(Unclear):
        pages(server, tree(items, size=1))


@pytest.mark.parametrize(
    "text",
    [
        '{"items": [',
        '{"items": []} {}',
        '{"items": [{"id": 1, "id": 1}]}',
        '{"items": [{"id": 1, "x": 1e999}]}',
        '{"items": [{"id": NaN}]}',
        '{"items": [' + '{"id": 1, "children": [' * 130 + "]}" * 130 + "]}",
    ],
)
def test_what_other_answers_may_not_be_a_tree_may_not_be(server, text):
    with pytest.raises(Unclear):
        pages(server, http(200, text))


def test_half_a_pair_of_characters_reads_as_in_other_answers(server):
    body = r'{"size": 1, "items": [{"id": 1, "name": "\ud800 \\ud800 \ud83d\ude00", "children": []}]}'
    assert pages(server, http(200, body))[0].items[0]["name"] == "\ufffd \\ud800 \U0001f600"


def test_credentials_are_hidden_in_every_slice(server):
    quoted = [group(number, name_of="Demo-pass-1") for number in range(1, 1002)]
    found = pages(server, tree(quoted))
    assert "Demo-pass-1" not in json.dumps([page.items for page in found])
    assert len(found) == 3


def test_a_group_of_very_many_members_is_unreadable(server):
    with pytest.raises(Unclear):
        pages(server, tree([group(1, more=[{}] * trees.VALUES_MAX)]))


CHILD = """
import re, sys
from pathlib import Path
from tests.platforms.test_trees import SPEC, client_of

def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024

little, much = sys.argv[1:]
for url in (little, much):
    before = peak()
    groups = client_of(SPEC, url, deadline=60).device_groups
    count = sum(len(page.items) for page in groups.walk(app_id="a"))
print(count, peak() - before)
"""


@pytest.mark.parametrize(
    ("many", "children_first"),
    [
        (10_000, False),
        pytest.param(40_000, False, marks=pytest.mark.full),
        pytest.param(40_000, True, marks=pytest.mark.full),
    ],
)
def test_a_large_tree_takes_little_more_memory_than_its_bytes(server, other_server, many, children_first):
    server.behave = tree(forest(20))
    other_server.behave = tree(forest(many, children_first=children_first))
    megabytes = len(other_server.behave) / 2**20
    command = [sys.executable, "-c", CHILD, server.url, other_server.url]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    count, grown = done.stdout.split()
    assert int(count) == many
    assert float(grown) < megabytes * (3 if children_first else 2) + 10, (grown, megabytes)
