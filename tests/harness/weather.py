"""The weather: faults of the platforms, others every second or so; and a colleague in their consoles."""

import time
from urllib.parse import urlencode

import requests
from django.db import connections

from tests.emulator.clouds import ORG, PROJECT, ROMA_INSTANCE, EnosCaller, TokenCaller
from tests.examples import EXAMPLES, creating, every_change, match
from tests.harness.judging import OUTSIDE, TAG
from tests.support.emulator import SPEED

LOST = (
    {"fault": "reset"},
    {"fault": "reset_mid_body"},
    {"fault": "timeout_before_commit", "seconds": 0.3},
    {"fault": "timeout_after_commit", "seconds": 0.3},
    {"fault": "empty_200"},
    {"fault": "invalid_json"},
    {"fault": "drip", "seconds": 0.3},
    {"fault": "html_502"},
    {"fault": "answer_after_commit", "status": 500, "body": {"error_code": "APIGW.0500"}},
)
EXPIRED = {"error_code": "APIGW.0307", "error_msg": "The token must be updated.", "request_id": "r"}
ENOS_EXPIRED = {"apim_status": 4011, "apim_refreshtoken": None, "msg": "token expired"}
SLOW_DOWN = {"status": 429, "headers": {"Retry-After": "1"}, "body": {"error_code": "APIGW.0308"}}
SIGNED_CALLS = "^/v5/|^/v2/"


def of_changes(chance, probability, faults):
    """Rules by which some of all changes meet one of the faults."""
    return [
        {"match": match(slug, verb), "probability": probability, **chance.choice(faults)}
        for slug, verb in every_change()
    ]


def of_lists(fault, probability=1.0):
    return [{"match": match(slug, "list"), "fault": fault, "probability": probability} for slug in creating()]


def late_changes(chance, probability, latest):
    """Rules by which some changes are carried out later, up to `latest` seconds."""
    seconds = [chance.uniform(0.1, 1) * latest * float(SPEED) for _each in range(4)]
    return of_changes(chance, probability, [{"fault": "late_commit", "seconds": each} for each in seconds])


def calm(chance, latest):
    return []


def lost(chance, latest):
    return of_changes(chance, 0.4, LOST)


def late_commits(chance, latest):
    return [*late_changes(chance, 0.2, latest), *late_changes(chance, 0.2, latest)]


def lagging(chance, latest):
    """Lists lag, and answers to creates are lost (also refusals: the name is taken already)."""
    return [*of_changes(chance, 0.5, LOST[1:4]), *of_lists("stale_listing")]


def lagging_and_late(chance, latest):
    return [*late_changes(chance, 0.3, latest), *of_lists("stale_listing")]


def changing(chance, latest):
    return [*of_changes(chance, 0.4, LOST[1:4]), *of_lists("change_between_pages", 0.4)]


def throttled(chance, latest):
    return [{"match": {}, "probability": 0.25, "fault": "answer", **SLOW_DOWN}]


def signed_out(chance, latest):
    storm = {"fault": "answer", "probability": 0.5}
    return [
        {"match": {"path": SIGNED_CALLS}, "status": 401, "body": EXPIRED, **storm},
        {"match": {"path": "^/connect-service/"}, "status": 200, "body": ENOS_EXPIRED, **storm},
    ]


WEATHERS = {
    calm: 3, lost: 4, late_commits: 4, lagging: 5, lagging_and_late: 4, changing: 2, throttled: 1,
    signed_out: 1,
}  # fmt: skip


class Weather:
    """`latest`: the seconds after which a request that was sent may still be carried out."""

    def __init__(self, town, latest):
        self.town, self.latest = town, latest
        self.chance = town.chance("weather")

    def change(self):
        kind = self.chance.choices(list(WEATHERS), weights=WEATHERS.values())[0]
        self.town.emulator.faults(kind(self.chance, self.latest))

    def clear(self):
        self.town.emulator.faults([])

    def work(self):
        try:
            while not self.town.stopping.is_set():
                self.change()
                self.town.stopping.wait(self.chance.uniform(0.4, 1.6))
                self.town.watch.look()
        except Exception as error:  # noqa: BLE001 - told by the test's own thread
            self.town.problems.append(error)
        finally:
            connections.close_all()


class Colleague:
    """Somebody who renames and deletes objects in the platforms' own consoles, under names of their own."""

    def __init__(self, town):
        self.town = town
        self.chance = town.chance("colleague")
        self.huawei, self.enos = TokenCaller(town.emulator.url), EnosCaller(town.emulator.url)
        self.done = 0

    def once(self):
        slug = self.chance.choice(creating())
        there = set(map(str, self.town.emulator.state()[slug]["ids"])) - self.town.untouchable[slug]
        if not there:
            return
        self.done += 1
        id, name = self.chance.choice(sorted(there)), f"outside_{self.done}"
        options = {"headers": {TAG: OUTSIDE}}
        removes = self.chance.random() < 0.4
        if slug == "enos/devices":
            query = {"action": "delete" if removes else "update", "orgId": ORG, "assetId": id}
            body = None if removes else {"deviceName": {"defaultValue": name}}
            self.enos.send("POST", f"/connect-service/v2.1/devices?{urlencode(query)}", body, **options)
            return
        example = EXAMPLES[slug]
        call = example.calls["delete" if removes or not example.update else "update"]
        path = call.path.format(project_id=PROJECT, instance_id=ROMA_INSTANCE, id=id)
        body = example.on_the_wire(example.rename(name)) if call is example.calls.get("update") else None
        self.huawei.send(call.method, path, body, **options)

    def work(self):
        try:
            while not self.town.stopping.is_set():
                try:
                    self.once()
                except (requests.RequestException, KeyError):  # the weather is theirs, too
                    self.huawei.token = self.enos.token = ""
                time.sleep(self.chance.uniform(0.3, 1.2))
        except Exception as error:  # noqa: BLE001 - told by the test's own thread
            self.town.problems.append(error)
