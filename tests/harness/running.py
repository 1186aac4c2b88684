"""One run of the harness: people, colleagues, faults and kills at once; then all is settled and judged."""

import time
from datetime import timedelta
from threading import Thread

from django.db.models.functions import Now
from django.utils import timezone

from portal.operations.models import RUNNING, Operation, State
from portal.teams.models import Role
from tests.harness.owners import Owners
from tests.harness.people import Person
from tests.harness.weather import Colleague, Weather

ROLES = (Role.OPERATOR, Role.MANAGER)


class Run:
    """`amount` operations and `kills` within `seconds`, then up to `settle_seconds` until all is settled.

    `latest`: the seconds after which a request that was sent may still be carried out.
    """

    def __init__(self, town, amount, kills, *, latest, seconds, settle_seconds):
        self.town, self.amount, self.kills = town, amount, kills
        self.latest, self.seconds, self.settle_seconds = latest, seconds, settle_seconds
        self.weather, self.colleague = Weather(town, latest), Colleague(town)
        self.owners = Owners(town, patience=latest + 1)
        self.people = [
            Person(town, plant, role, f"{role} of {plant.team.name}")
            for plant in town.plants
            for role in ROLES
        ]

    def live(self):
        """Let all of them work until there are enough operations and kills."""
        chance = self.town.chance("kills")
        workers = [self.weather, self.colleague, self.owners, *self.people]
        threads = [Thread(target=each.work, daemon=True) for each in workers]
        for thread in threads:
            thread.start()
        end = time.monotonic() + self.seconds
        try:
            while self.town.begun < self.amount or self.town.killed < self.kills:
                assert not self.town.problems, self.town.problems
                assert time.monotonic() < end, f"only {self.town.begun} operations, {self.town.killed} kills"
                if self.town.killed * self.amount < self.town.begun * self.kills:
                    self.town.kill_one(chance)
                time.sleep(chance.uniform(0.02, 0.1))
                self.town.begun = Operation.objects.count()
        finally:
            self.town.stopping.set()
            for thread in threads:
                thread.join(timeout=90)
        assert not self.town.problems, self.town.problems

    def settle(self):
        """The platforms are well again and everybody waits until nothing is open that somebody will end."""
        self.weather.clear()
        time.sleep(self.latest)
        end = time.monotonic() + self.settle_seconds
        while True:
            self._hurry()
            left = self.owners.once()
            if not left and not self._open().exists():
                break
            if time.monotonic() > end:
                break  # the judge names them
            time.sleep(0.3)
        self._last_looks()

    def _open(self):
        """Operations that run, and those that the workers look at; but not yet the absent creates."""
        looked_at = Operation.objects.exclude(next_look_at=None)
        looked_at = looked_at.exclude(verb_name="create", state=State.ABSENT)
        return looked_at | Operation.objects.filter(state__in=(*RUNNING, State.IN_DOUBT))

    def _hurry(self):
        """A look that a killed worker had begun is due in two minutes; here it is due at once."""
        soon = Now() + timedelta(seconds=20)
        Operation.objects.filter(state=State.IN_DOUBT, next_look_at__gt=soon).update(next_look_at=Now())

    def _last_looks(self):
        """Let the workers look once more for absent creates, which are watched for late commits."""
        began = timezone.now().isoformat()
        watched = Operation.objects.filter(state=State.ABSENT).exclude(watch_until=None)
        watched.update(next_look_at=Now())
        end = time.monotonic() + self.settle_seconds
        while time.monotonic() < end:
            looks = watched.values_list("looks", flat=True)
            if all(each and each[-1]["at"] > began for each in looks):
                return
            time.sleep(0.3)
