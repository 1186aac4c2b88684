"""Owners: they decide what needs a human, and let a paused connection try again."""

import time
from concurrent.futures import ThreadPoolExecutor

from django.db import connections
from django.utils import timezone

from portal.connections.models import Condition
from portal.operations.models import Decision, Operation, State
from portal.teams.models import Role
from tests.harness.people import Person

REASON = "I looked at the platform's console"
UNDECIDED = 0.15  # of all that needs a human, nobody finds the time for
BOTH_CLAIM = 0.7  # of two that may have made one object, both are claimed at once
MISTAKEN = 0.1  # of those who decide about a create, so many take an object that they see for theirs


def _candidates(operation):
    """Ids of the objects that the last look shows to who decides about a create."""
    looks = [look for look in operation.looks or [] if look["verdict"] != "failed"]
    if operation.verb_name != "create" or not looks:
        return []
    return [each["object"]["id"] for each in looks[-1]["candidates"]]


def _shared(one, other):
    same_kind = one.kind_slug == other.kind_slug
    return sorted(set(_candidates(one)) & set(_candidates(other))) if same_kind else []


class Owners:
    """One owner for each team, in one thread. `patience`: seconds until a late request must have come in."""

    def __init__(self, town, patience):
        self.town, self.patience = town, patience
        self.chance = town.chance("owners")
        self.people = {
            plant.team.pk: Person(town, plant, Role.OWNER, f"owner of {plant.team.name}")
            for plant in town.plants
        }
        self._dice = {}

    def work(self):
        try:
            while not self.town.stopping.is_set():
                self.once()
                time.sleep(0.3)
        except Exception as error:  # noqa: BLE001 - told by the test's own thread
            self.town.problems.append(error)
        finally:
            connections.close_all()

    def once(self):
        """Decide what can be decided now. Returns how many are left that somebody will decide."""
        self.resume()
        open_ = self._open()
        waiting = [each for each in open_ if not self._is_left(each)]
        old = timezone.now() - timezone.timedelta(seconds=self.patience)
        ripe = [each for each in waiting if each.sent_at is None or each.sent_at < old]
        self.town.watch.look()
        done = set()
        for each in ripe:
            if each.pk not in done:
                done |= self._decide(each, [other for other in open_ if other.pk not in done])
        return len(waiting)

    def _decide(self, operation, others):
        """Decide one operation, or two that may have made the same object. Returns their ids."""
        rivals = [
            (other, id) for other in others if other.pk != operation.pk for id in _shared(operation, other)
        ]
        ids = _candidates(operation)
        if rivals and self.chance.random() < BOTH_CLAIM:
            other, id = self.chance.choice(rivals)
            self._both(operation, other, id)
            return {operation.pk, other.pk}
        if ids and self.chance.random() < MISTAKEN:
            self._mislead(operation, id := self.chance.choice(ids))
            self._press(operation, Decision.OURS, id)
        else:
            self._decide_rightly(operation)
        return {operation.pk}

    def _open(self):
        return list(Operation.objects.filter(state=State.NEEDS_HUMAN).select_related("team"))

    def _is_left(self, operation):
        """Whether nobody ever decides this one; an owner tries three times at most."""
        dice = self._dice.setdefault(operation.pk, [self.chance.random(), 0])
        return dice[0] < UNDECIDED or dice[1] >= 3

    def _press(self, operation, decision, candidate=""):
        self._dice[operation.pk][1] += 1
        person = self.people[operation.team_id]
        if data := person.button():
            data["decision"], data["candidate"], data["reason"] = decision, candidate, REASON
            data["sure"] = "on"
            person.press(f"/operations/{operation.pk}/decide/", data)

    def _decide_rightly(self, operation):
        own = self.town.watch.made_by(operation)
        if operation.verb_name == "create" and own:
            self._press(operation, Decision.OURS, own[0].id)
        elif own:
            self._press(operation, Decision.OURS)
        else:
            wished = Decision.SEND_AGAIN if self.chance.random() < 0.2 else Decision.NOT_OURS
            self._press(operation, wished)

    def _mislead(self, operation, candidate):
        if candidate not in [deed.id for deed in self.town.watch.made_by(operation)]:
            self.town.misled.add(str(operation.pk))

    def _both(self, first, second, candidate):
        """Both owners press "it is ours" at once. One of them at least is mistaken."""
        self.town.rivals += 1
        self._dice.setdefault(second.pk, [1, 0])
        for each in (first, second):
            self._mislead(each, candidate)
        with ThreadPoolExecutor(2) as pool:
            presses = [
                pool.submit(self._press_in_thread, each, Decision.OURS, candidate) for each in (first, second)
            ]
        for press in presses:
            press.result()

    def _press_in_thread(self, *what):
        try:
            self._press(*what)
        finally:
            connections.close_all()

    def resume(self):
        """Press "Try again now" on the page of each paused connection."""
        for paused in Condition.objects.exclude(paused_at=None).select_related("connection"):
            person = self.people[paused.connection.team_id]
            if data := person.button():
                person.press(f"/connections/{paused.connection_id}/try-again/", data)
