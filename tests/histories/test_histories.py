"""Random histories of one kind: objects are made, renamed and deleted here and elsewhere, while the lists of
the platform lag, change between their pages and fail.

Would catch: a live object that a page calls gone, one that the portal deleted and a page shows as present,
and a mirror that is not what the platform has when all is quiet again. HISTORIES=n sets how many.
"""

import os
import random

import pytest
from django.db import connection as database

from portal.kinds.models import Reading
from portal.kinds.registry import KINDS
from portal.operations.models import HAPPENED, Operation
from portal.platforms.enos import searching
from portal.platforms.iotda import paging
from portal.resources import asking, refreshing
from portal.teams.models import Role
from portal.web.stopping import stopping
from tests.examples import EXAMPLES, creating, match
from tests.resources.listings import listed
from tests.resources.refreshes import long_ago, numbered
from tests.support.plant import ids

SHARE, FULL = 500, 20_000  # histories in all; each kind has its part
ON_A_SERVER = 20  # a part of them: what is decided does not depend on the database
STEPS, FULL_STEPS = 6, 14
KIND_COUNT = len(creating())


def histories(count):
    return int(os.environ.get("HISTORIES", count)) // KIND_COUNT or 1


@pytest.fixture(autouse=True)
def small_pages(monkeypatch):
    """So that a few objects are several pages."""
    monkeypatch.setattr(searching, "PAGE_SIZE", 3)
    monkeypatch.setattr(paging, "PAGE_LIMIT_MAX", 3)


class History:
    def __init__(self, plant, emulator, slug, seed):
        self.plant, self.emulator, self.slug, self.seed = plant, emulator, slug, seed
        self.random = random.Random(seed)
        self.kind, self.number, self.told = KINDS[slug], 0, []
        self.removed_here = set()
        self.can_rename = "update" in EXAMPLES[slug].changes
        self.before = ids(emulator, slug)

    @property
    def rows(self):
        return self.kind.model.objects.filter(connection=self.plant.connection(self.kind))

    def next_name(self):
        self.number += 1
        return numbered(self.slug, self.number)

    def live(self):
        """Ids that the platform has, of those that this history made."""
        return sorted(ids(self.emulator, self.slug) - self.before)

    # Steps

    def make_here(self):
        self.plant.perform(self.slug, data={**self.plant.data(self.slug), **self.next_name()})

    def make_elsewhere(self):
        self.plant.made_in_the_console(self.slug, {**self.plant.data(self.slug), **self.next_name()})

    def _a_row(self):
        rows = list(self.rows.filter(remote_id__in=self.live(), gone_at=None).order_by("remote_id"))
        return self.random.choice(rows) if rows else None

    def delete_here(self):
        if row := self._a_row():
            operation = self.plant.perform(self.slug, "delete", {}, target=row)
            if operation.state in HAPPENED:
                self.removed_here.add(row.remote_id)

    def delete_elsewhere(self):
        if live := self.live():
            self.plant.collection(self.slug).delete(self.random.choice(live))

    def rename_here(self):
        if self.can_rename and (row := self._a_row()):
            self.number += 1
            self.plant.perform(
                self.slug, "update", self.plant.theirs(self.slug, f"r{self.number}"), target=row
            )

    def rename_elsewhere(self):
        if self.can_rename and (row := self._a_row()):
            self.number += 1
            collection, shown = self.plant.collection(self.slug), self.plant.shown(self.slug, row)
            changed = EXAMPLES[self.slug].rename(f"e{self.number}")
            collection.update(row.remote_id, collection.to_update(changed, shown))

    def lag(self):
        self.emulator.faults([{"match": match(self.slug, "list"), "fault": "stale_listing"}])

    def change_between_pages(self):
        fault = {"match": match(self.slug, "list"), "fault": "change_between_pages", "body": "remove"}
        self.emulator.faults([fault])

    def fail(self):
        name = self.random.choice(["list", "get"])
        fault = {"match": match(self.slug, name), "fault": "answer", "status": 503, "body": "no"}
        self.emulator.faults([{**fault, "times": self.random.randint(1, 3)}])

    def be_well(self):
        self.emulator.faults([])

    def refresh(self):
        self.plant.refresh(self.slug)

    def refresh_in_part(self):
        connection = self.plant.connection(self.kind)
        asking.mark_asked(self.kind, connection)
        stopping.set()  # after one page
        try:
            refreshing.run(connection.pk, self.slug)
        finally:
            stopping.clear()

    def wait(self):
        long_ago(self.slug)

    def open_page(self):
        if row := self.rows.order_by("?").first():
            self.plant.browser(Role.VIEWER).get(f"/{self.slug}/{row.pk}/")

    STEPS = (
        *(make_here, make_elsewhere, delete_here, delete_elsewhere, rename_here, rename_elsewhere) * 2,
        *(lag, change_between_pages, fail, be_well, open_page),
        *(refresh, refresh_in_part) * 3,
    )

    JUDGED = (refresh, refresh_in_part, open_page, delete_here)

    def play(self, steps):
        for _step in range(steps):
            step = self.random.choice(self.STEPS)
            self.told.append(step.__name__)
            step(self)
            if step in self.JUDGED:
                self.judge()

    def judge(self):
        """No live object is called gone, and none that the portal deleted is called present."""
        live = set(self.live())
        gone = set(self.rows.exclude(gone_at=None).filter(unsure_at=None).values_list("remote_id", flat=True))
        present = set(self.rows.filter(gone_at=None, unsure_at=None).values_list("remote_id", flat=True))
        assert not gone & live, f"called gone: {gone & live}"
        assert not present & self.removed_here, f"called present: {present & self.removed_here}"

    def end(self):
        """All is quiet: the mirror is what the platform has."""
        self.emulator.faults([])
        for _round in range(2):
            self.plant.refresh(self.slug)
        rows = {row.remote_id: row for row in self.rows.filter(gone_at=None)}
        there = ids(self.emulator, self.slug)
        assert there <= set(rows), f"missing: {there - set(rows)}"
        assert not (set(rows) - there) & (self.before | self.removed_here | set(self.live()))
        assert not self.rows.exclude(unsure_at=None).exists()
        for remote_id in self.live():
            assert rows[remote_id].name == self.plant.seen(self.slug, rows[remote_id])["name"]
        if not self.seed % 10:
            assert set(listed(self.plant.browser().get(f"/{self.slug}/"))) == set(rows)
        assert Reading.objects.get(connection=self.plant.connection(self.kind), kind=self.slug).is_complete


def play(plant, emulator, slug, seed, steps=STEPS):
    emulator.reset()
    KINDS[slug].model.objects.all().delete()
    Reading.objects.all().delete()
    # Only those that need it: many histories leave many operations.
    unfinished = Operation.objects.exclude(holds=None, made=None, late_until=None)
    unfinished.update(holds=None, made=None, late_until=None)
    plant._made.clear()
    plant.prepare(slug)
    history = History(plant, emulator, slug, seed)
    try:
        history.play(steps)
        history.end()
    except AssertionError as error:
        pytest.fail(f"history {seed} of {slug}, after {', '.join(history.told)}: {error}")


@pytest.mark.parametrize("slug", creating())
def test_no_page_lies_in_any_history(plant, emulator, slug):
    for seed in range(histories(SHARE if database.vendor == "sqlite" else SHARE // ON_A_SERVER)):
        play(plant, emulator, slug, seed)


@pytest.mark.full
@pytest.mark.parametrize("slug", creating())
def test_no_page_lies_in_many_histories(plant, emulator, slug):
    first = random.SystemRandom().randrange(2**32)
    print("first history:", first)  # noqa: T201
    for seed in range(first, first + histories(FULL)):
        play(plant, emulator, slug, seed, FULL_STEPS)
