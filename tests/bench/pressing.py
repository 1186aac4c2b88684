"""Presses of a form as browsers make them, many at once, and what each process spends on them.

A real portal, served as the demo serves it, and the emulator with the latency of a cloud. Knows the portal
only by its addresses and fields, so the same figures can be taken of any release.
"""

import atexit
import http.client
import json
import re
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import urlencode, urlsplit

import psutil
import requests
from django.conf import settings

from portal.teams.models import Role
from tests.bench.signed import Signed
from tests.bench.workshop import KEYS, PROJECT, ROMA_APP, emulator, plant
from tests.support.processes import Portal, run_manage
from tests.support.visitor import FormReader

LATENCY_SECONDS = 0.05  # of every call to the emulator
WEB_PROCESSES = 2  # as the demo starts it; eight threads each
IDLE_SECONDS = 10  # the portal closes connections that are idle for 15
STATEMENT = [
    {"effect": "ALLOW", "actions": ["iotda:devices:publish"], "resources": ["topic:/v1/bench/hello"]}
]

# What a person types into each form, by field. The first field is the name: each press adds its own ending.
TYPED = {
    "iotda/device-groups": {"name": "bench-", "description": "pressed by a benchmark"},
    "iotda/soft-buses": {"bus_name": "Bench_", "group_id": "04ed32dc1b0025b52fe3c01a27c2b0a8"},
    "iotda/policies": {"policy_name": "bench-", "statement": STATEMENT},
    "roma/device-groups": {"name": "bench-", "parent_id": "10001", "app_id": ROMA_APP},
    "enos/devices": {
        "device_key": "bench-",
        "product_key": "prodKey1",
        "device_name": {"defaultValue": "Bench", "i18nValue": {}},
        "timezone": "+08:00",
        "device_attributes": {"serial": 1},
    },
}
# The bare call beside it: address and body.
BARE = {
    "iotda/device-groups": (f"/v5/iot/{PROJECT}/device-group", {"description": "pressed by a benchmark"}),
    "roma/device-groups": (
        f"/v2/{PROJECT}/link/instances/demo-roma-instance/device-groups",
        {"parent_id": 10001, "app_id": ROMA_APP},
    ),
}


def typed(slug):
    """Values of an object that nobody has made yet, as `perform` takes them."""
    values = dict(TYPED[slug])
    name = next(iter(values))
    return {**values, name: f"{values[name]}{uuid.uuid4().hex[:12]}"}


def as_texts(values):
    return {
        name: json.dumps(value) if isinstance(value, dict | list) else value for name, value in values.items()
    }


@cache
def portal():
    plant()
    made = run_manage("collectstatic", "--no-input")
    assert made.returncode == 0, made.stderr
    started = Portal(None, log=settings.DATA_DIR / "portal-log", workers=WEB_PROCESSES).start()
    atexit.register(started.stop)
    return started


def renew_emulator(*, latency=LATENCY_SECONDS):
    """Back to the demo account, with room for many groups; every call then takes so many seconds longer."""
    emulator().reset()
    emulator().settings({"limits": {"groups": 1_000_000}})
    emulator().faults([{"match": {}, "fault": "latency", "seconds": latency}] if latency else [])


class Browser:
    """One person, signed in with a session of their own, who fills in the form of one kind."""

    def __init__(self, slug):
        self.slug, self.path = slug, f"/{slug}/new/"
        self.cookies = {
            settings.SESSION_COOKIE_NAME: plant().browser(Role.OPERATOR).cookies["sessionid"].value
        }
        self.http = http.client.HTTPConnection("localhost", portal().port, timeout=60)
        self.asked = time.monotonic()
        self.fields = self._read(self._ask("GET")[1])

    def _ask(self, method, data=None):
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if data:
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": portal().url}
        if time.monotonic() - self.asked > IDLE_SECONDS:
            self.http.close()  # the next request opens a new connection
        self.asked = time.monotonic()
        self.http.request(method, self.path, urlencode(data) if data else None, headers)
        answer = self.http.getresponse()
        if found := re.search(r"csrftoken=(\w+)", answer.headers.get("Set-Cookie", "")):
            self.cookies["csrftoken"] = found[1]
        return answer, answer.read().decode()

    @staticmethod
    def _read(html):
        reader = FormReader("form")
        reader.feed(html)
        reader.close()
        return reader.fields

    def open(self):
        """The form, filled in. Its other fields are those of the first time: reading them takes long here."""
        answer, html = self._ask("GET")
        assert answer.status == 200, html
        hidden = {
            name: re.search(f'name="{name}" value="([^"]+)"', html)[1]
            for name in ("csrfmiddlewaretoken", "operation_key")
        }
        return {**self.fields, **as_texts(typed(self.slug)), **hidden}

    def send(self, data):
        answer, html = self._ask("POST", data)
        done = answer.status == 302 and answer.headers["Location"].startswith(f"/{self.slug}/")
        assert done, (answer.status, answer.headers.get("Location"), html)

    def press(self):
        self.send(self.open())

    def press_again(self):
        """The press alone, of the form that was opened at the beginning; each is a new operation."""
        self.send({**self.fields, **as_texts(typed(self.slug)), "operation_key": str(uuid.uuid4())})


class Loop:
    """One script that creates objects of one kind, each with one signed call."""

    def __init__(self, slug):
        path, self.body = BARE[slug]
        self.url = emulator().url + path
        self.auth = Signed(*KEYS)
        self.http = requests.Session()
        self.http.trust_env = False

    def press(self):
        body = {**self.body, "name": f"bench-{uuid.uuid4().hex[:12]}"}
        answer = self.http.post(self.url, json=body, auth=self.auth, timeout=60)
        assert answer.ok, answer.text


@dataclass
class Spent:
    """Seconds: `wall`, and of CPU by `web`, `emulator`, these `clients` and whatever `else` there is."""

    wall: float = 0
    cpu: dict = field(default_factory=dict)


@contextmanager
def spending():
    before, began, spent = _cpu(), time.perf_counter(), Spent()
    yield spent
    spent.wall = time.perf_counter() - began
    spent.cpu = {name: value - before[name] for name, value in _cpu().items()}
    spent.cpu["else"] = max(0.0, spent.cpu.pop("machine") - sum(spent.cpu.values()))


def _cpu():
    web = psutil.Process(portal().process.pid)
    machine = psutil.cpu_times()
    return {
        "web": sum(map(_seconds, [web, *web.children(recursive=True)])),
        "emulator": _seconds(psutil.Process(emulator().process.pid)),
        "clients": time.process_time(),
        "machine": sum(machine) - machine.idle - machine.iowait - machine.guest - machine.guest_nice,
    }


def _seconds(process):
    times = process.cpu_times()
    return times.user + times.system


def many(calls, count):
    """Call `count` times: each of `calls` in a thread of its own, again and again; returns a Spent."""
    left, lock = iter(range(count)), threading.Lock()

    def repeat(call):
        while True:
            with lock:
                if next(left, None) is None:
                    return
            call()

    with spending() as spent, ThreadPoolExecutor(len(calls)) as pool:
        for running in [pool.submit(repeat, call) for call in calls]:
            running.result()
    return spent


def received(since=0):
    """Calls that the emulator received after that number, signing in aside."""
    return [each for each in emulator().requests(since) if "token" not in urlsplit(each["path"]).path]
