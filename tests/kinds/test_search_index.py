"""The index of the search proposes every row that holds the text, whoever wrote the row and however.

Would catch: a way of writing the mirror that the index misses, a text that the index reads otherwise than the
search does, an operator of the index's own language in what somebody typed, an index lost with its table.
"""

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.kinds import search, search_index
from portal.kinds.registry import KINDS
from portal.outside import folded
from portal.record import authorizing
from portal.statements import insert

GROUP, DEVICE = "roma/device-groups", "enos/devices"
HOSTILE = [
    '"',
    '""',
    "a OR b",
    "text:a",
    "NEAR(a b)",
    "a*",
    "^a",
    "-abc",
    "%%%",
    "___",
    "a\\b",
    "'; --",
    "()()",
    "a\nb",
]
LETTERS = st.text(st.sampled_from("abAB01-\"'%_\\ *:()\n泵站кё\u0301İ😀\u00df"), max_size=12)


@pytest.fixture
def made(plant):
    """Makes a row with this name; returns it."""
    connection, model = plant.connection(KINDS[GROUP]), KINDS[GROUP].model

    def make(name, number=0):
        row = model(connection=connection, remote_id=f"id-{number}")
        row.take({"name": name})
        row.save()
        return row

    return make


def found(text):
    return set(search.matching(KINDS[GROUP].model.objects.all(), text).values_list("name", flat=True))


def plainly(text):
    return {row.name for row in KINDS[GROUP].model.objects.all() if folded(text) in row.search_text}


@pytest.mark.django_db
def test_every_kind_has_its_index():
    assert all(search_index.is_there(kind.model) for kind in KINDS.values())
    assert search_index.check(None, ["default"]) == []


@pytest.mark.parametrize("text", HOSTILE)
def test_what_somebody_types_is_a_text_and_no_language(made, text):
    made(f"before {text} after", 1)
    made("other", 2)

    assert found(text) == plainly(text) == {f"before {text} after"}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(LETTERS, min_size=1, max_size=6), data=st.data())
def test_the_index_finds_what_a_look_at_each_row_finds(made, names, data):
    KINDS[GROUP].model.objects.all().delete()
    for number, name in enumerate(names):
        made(name, number)
    source = data.draw(st.sampled_from(names))
    start = data.draw(st.integers(0, len(source)))
    text = data.draw(st.one_of(st.just(source[start:]), LETTERS))

    if folded(text):
        assert found(text) == plainly(text)


def test_every_way_of_writing_a_row_reaches_the_index(made, plant):
    model = KINDS[GROUP].model
    row = made("first name")
    assert found("first name")

    row.take({"name": "second name"})
    row.save()
    assert (found("first name"), found("second name")) == (set(), {"second name"})

    row.take({"name": "third name"})
    model.objects.bulk_update([row], ["name", "search_text"])
    assert (found("second name"), found("third name")) == (set(), {"third name"})

    again = model(connection=row.connection, remote_id=row.remote_id)
    changing = again.take({"name": "fourth name"})
    insert(again, unique=("connection_id", "scope", "remote_id"), changing=tuple(changing))
    assert (found("third name"), found("fourth name")) == (set(), {"fourth name"})

    model.objects.filter(pk=row.pk).update(search_text="nothing")
    assert found("fourth name") == set()

    model.objects.all().delete()
    assert found("nothing") == set()
    more = [
        model(connection=row.connection, remote_id=f"more-{number}", search_text="many")
        for number in range(3)
    ]
    model.objects.bulk_create(more, ignore_conflicts=True)
    assert search.matching(model.objects.all(), "many").count() == 3


def test_a_table_that_was_made_anew_gets_its_index_again(made):
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL keeps the indexes of a table that is altered")
    made("pump in hall 7")
    index = search_index._index_of(KINDS[GROUP].model)
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {index}_update")
    search_index._there.clear()
    assert [each.id for each in search_index.check(None, ["default"])] == ["portal.W002"]
    assert found("in hall") == {"pump in hall 7"}  # row by row

    search_index.install()

    assert search_index.check(None, ["default"]) == []
    assert found("in hall") == {"pump in hall 7"}


def test_a_vacuum_leaves_the_index_right(committed_plant):
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite's index knows rows by their number")
    model, place = KINDS[GROUP].model, committed_plant.connection(KINDS[GROUP])
    rows = [
        model(connection=place, remote_id=f"{number}", search_text=f"pump-{number:03}")
        for number in range(300)
    ]
    model.objects.bulk_create(rows)
    model.objects.filter(remote_id__endswith="7").delete()
    with authorizing.lifted(), connection.cursor() as cursor:  # as a program on the file does it
        cursor.execute("VACUUM")

    for number in (0, 111, 298):
        assert search.matching(model.objects.all(), f"mp-{number:03}").get().remote_id == f"{number}"
