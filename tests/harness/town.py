"""The town: several teams with connections to one account, the portal and its workers as processes.

Watch collects the emulator's logs while they fill, because the emulator forgets the oldest requests.
"""

import contextlib
import os
import random
import signal
import sys
import threading
from collections import Counter

import psutil
from django.conf import settings

from portal.connections.models import SignIn
from portal.home.processes import Process
from tests.examples import EXAMPLES
from tests.harness import nursery
from tests.harness.judging import Judge, all_told, check_promises, check_record, deed_of, sent_by
from tests.support.plant import make_plant
from tests.support.processes import Portal, environment, run_manage

TEAMS = ("Anchor", "Beacon", "Compass")
PASSWORD = {"user": "demo-user", "password": "Demo-pass-1", "domain": "demo-account"}
WORKERS, WEB_PROCESSES = 2, 2
READY_SECONDS = 60
# More objects than an account holds: otherwise the limits would refuse most of what comes later.
MANY = 100_000
LIMITS = dict.fromkeys(("policies", "groups", "devices_per_product", "spaces", "products"), MANY)


class Watch:
    """What the emulator's logs have shown so far: `deeds` and `sent` as judging.py takes them; faults met."""

    def __init__(self, emulator):
        self.emulator = emulator
        self._lock = threading.Lock()
        self._requests, self._last_request, self._last_write = {}, 0, 0
        self.deeds, self.sent, self.faults = [], [], Counter()

    def look(self):
        with self._lock:
            # Writes first: each write's request is in the log of requests by then.
            writes = self.emulator.writes(self._last_write)
            for request in self.emulator.requests(self._last_request):
                self._last_request = request["number"]
                self._requests[request["number"]] = request
                self.faults += Counter([request["fault"]] if request["fault"] else [])
                if found := sent_by(request):
                    self.sent.append(found)
            for write in writes:
                self._last_write = write["number"]
                self.deeds.append(deed_of(write, self._requests[write["request"]]))

    def made_by(self, operation):
        return [deed for deed in list(self.deeds) if deed.by == str(operation.pk)]


class Town:
    def __init__(self, database, emulator, logs, *, seed, settle_seconds):
        self.database, self.emulator, self.logs, self.seed = database, emulator, logs, seed
        # A sync that finds another one running changes nothing, so the log of writes would not show it.
        emulator.settings({"limits": LIMITS, "sync_s": 0})
        self.plants = [make_plant(emulator.url, name=name) for name in TEAMS]
        for plant in self.plants[1:]:
            for platform in ("iotda", "roma"):
                connection = plant.connections[platform]
                connection.sign_in = SignIn.PASSWORD
                connection.set_credentials(PASSWORD)
                connection.save()
        # What the account holds from the first day stays as it is: other objects need it.
        state = emulator.state()
        self.untouchable = {slug: set(map(str, state[slug]["ids"])) for slug in EXAMPLES if slug in state}
        self.variables = {
            "DJANGO_SETTINGS_MODULE": "tests.harness.settings",
            "PORTAL_SETTLE_SECONDS": str(settle_seconds),
        }
        self.watch = Watch(emulator)
        self.portal = self.nursery = None
        self.begun = self.killed = 0
        self.misled, self.rivals = set(), 0
        self.promised = []  # (team, operation key) of each change that the portal said to have taken
        self.stopping = threading.Event()
        self.problems = []

    def chance(self, name):
        """Random numbers of one thread: with the same seed each thread throws the same dice."""
        return random.Random(f"{self.seed} {name}")

    def start(self):
        if not (settings.STATIC_ROOT / "staticfiles.json").exists():
            made = run_manage("collectstatic", "--no-input")
            assert made.returncode == 0, made.stderr
        command = [sys.executable, "-m", nursery.__name__, WORKERS]
        env = environment(self.database, **self.variables)
        log = self.logs / "worker"
        self.nursery = Process("workers", command, log=log, env=env, cwd=settings.BASE_DIR)
        self.portal = Portal(
            self.database,
            log=self.logs / "portal",
            workers=WEB_PROCESSES,
            application="tests.harness.served:application",
            **self.variables,
        ).start()
        self.nursery.wait_for_line(nursery.READY, seconds=READY_SECONDS)

    def stop(self):
        for process in (self.portal, self.nursery):
            if process:
                process.kill()
        if self.portal:
            self.portal.stop()

    def kill_one(self, chance):
        """SIGKILL a web process or a worker."""
        roots = (self.portal.process, self.nursery)
        found = [child.pid for root in roots for child in psutil.Process(root.pid).children()]
        if found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(chance.choice(found), signal.SIGKILL)
                self.killed += 1

    def judge(self):
        """The Verdict on all that was done so far."""
        self.watch.look()
        told = all_told()
        verdict = Judge(told, self.watch.deeds, self.watch.sent, self.misled).judge()
        verdict.wrong += [*check_record(told), *check_promises(self.promised)]
        return verdict
