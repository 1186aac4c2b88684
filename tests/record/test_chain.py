"""Each entry holds the hash of the one before.

Would catch: an entry that is not hashed or does not follow, a fork, a key that cannot be changed, and rows of
the reviewers' list or counts of their filters that are not what the entries say.
"""

import random
from collections import Counter

import pytest
from django.db import connection
from django.test import override_settings

from portal.record import canonical, keys, searching
from portal.record.models import Body, Entry, Facet, Head, Story
from portal.record.store import append

pytestmark = pytest.mark.database
LINE = {"stage": "note", "outcome": "ok", "actor": "a@example.test", "actor_id": "a", "verb": "test"}
FACET = ("team_id", "actor_id", "kind", "verb", "connection_id", "space", "outcome")


def follow():
    """Walk the whole chain; returns the last hash."""
    hash = ""
    for seq, entry in enumerate(Entry.objects.order_by("seq"), 1):
        fields = {field.attname: getattr(entry, field.attname) for field in Entry._meta.fields}
        assert (entry.seq, entry.prev_hash) == (seq, hash)
        hash = canonical.chained(canonical.header_bytes(canonical.header(fields)), entry.key_id)
        assert entry.hash == hash
    return hash


def test_entries_follow_each_other_alone_and_in_batches(db):
    append(LINE)
    append(LINE, {**LINE, "actor": "'\"\\ 总线 \x7f"}, LINE)
    append(*[LINE] * 600)

    assert follow() == Head.objects.get().hash


def test_a_new_key_writes_and_the_old_one_still_verifies(db, settings):
    append(LINE)
    first = keys.current()[0]
    with override_settings(RECORD_KEYS=["a-new-key", *settings.RECORD_KEYS]):
        append(LINE)
        assert follow()
        assert list(Entry.objects.order_by("seq").values_list("key_id", flat=True)) == [
            first,
            keys.current()[0],
        ]
    with override_settings(RECORD_KEYS=["a-new-key"]), pytest.raises(keys.NoKey, match=first):
        follow()


def acts(dice, count):
    """Random lines of operations, and of others that meddle with them."""
    for _number in range(count):
        actor, kind = dice.choice("abc"), dice.choice(["iotda/spaces", "enos/devices"])
        yield {
            **LINE,
            "actor_id": actor,
            "actor": f"{actor}@example.test",
            "kind": kind,
            "team_id": dice.choice(["t1", "t2"]),
            "operation": dice.choice(["", "op1", "op2", "op3", "op4"]),
            "stage": dice.choice(["intent", "outcome", "denied", "note", "outcome"]),
            "outcome": dice.choice(["asked", "done", "in_doubt", "found"]),
        }


def told(entries):
    """As the entries tell: ({first: [last, steps, operation, facet]}, {facet: count})."""
    stories, of_operation = {}, {}
    for entry in entries:
        mine = tuple(getattr(entry, name) for name in FACET)
        is_step = entry.operation and entry.stage in ("intent", "outcome")
        story = stories.get(of_operation.get(entry.operation)) if is_step else None
        if story:
            story[0], story[1], story[3] = entry.seq, story[1] + 1, (*story[3][:-1], entry.outcome)
            if story[3][1] == entry.actor_id:
                continue
        stories[entry.seq] = [entry.seq, 1, entry.operation if is_step and not story else None, mine]
        if is_step and not story:
            of_operation[entry.operation] = entry.seq
    return stories, Counter(facet for *_rest, facet in stories.values())


@pytest.mark.parametrize("seed", range(5))
def test_stories_and_facets_are_what_the_entries_tell(db, seed):
    dice = random.Random(seed)
    lines = list(acts(dice, 120))
    while lines:
        some = dice.randint(1, 10)
        append(*lines[:some])
        del lines[:some]

    stories, facets = told(Entry.objects.order_by("seq"))
    shown = {
        story.first_seq: [
            story.last_seq,
            story.steps,
            story.operation,
            tuple(getattr(story.facet, name) for name in FACET),
        ]
        for story in Story.objects.select_related("facet")
    }
    assert shown == stories
    for facet in Facet.objects.all():
        key = tuple(getattr(facet, name) for name in FACET)
        assert facet.count == facets.get(key, 0)
        assert facet.newest == max((first for first, each in stories.items() if each[3] == key), default=0)


def test_what_an_entry_says_is_found_in_any_script(db):
    append({**LINE, "object_name": "Fördereinheit 设备", "body": {"sent": {"tag": 'Line "A"'}}})
    append(LINE)

    for text in ("FÖRDER", "设", "设备", "line a", 'line "a"'):
        found = Body.objects.filter(search__contains=searching.written(text))
        assert list(found.values_list("seq", flat=True)) == ([] if text == "line a" else [1]), text
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT rowid FROM record_search WHERE record_search MATCH %s", ['"u8b" AND "8bb"']
            )
            assert cursor.fetchall() == [(1,)]
