"""The emulator of the tests: a real process, controlled over its control plane."""

import requests

from portal.home.processes import stop
from tests.support.processes import start_manage

READY_SECONDS = 60
# Soft-bus sync, search lag and late commits twenty times faster than real.
SPEED = "20"


class Emulator:
    """`url` has no slash at its end. `has_faults`: were any set since the last reset?"""

    def __init__(self, process, url):
        self.process = process
        self.url = url
        self.has_faults = False
        self._http = requests.Session()
        self._http.trust_env = False

    @classmethod
    def start(cls, directory, *arguments):
        process = start_manage(
            "emulator", "--port", "0", "--data", directory / "data", "--speed", SPEED, *arguments,
            log=directory / "log",
        )  # fmt: skip
        return cls(process, process.wait_for_line("emulator ready on ", seconds=READY_SECONDS).rstrip("/"))

    def stop(self):
        self._http.close()
        stop([self.process])

    def _control(self, method, what, **options):
        answer = self._http.request(method, f"{self.url}/_emulator/{what}", timeout=30, **options)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def reset(self):
        """Back to the demo account; faults, settings and the list of requests are cleared."""
        self._control("POST", "reset")
        self.has_faults = False

    def settings(self, values):
        self._control("PUT", "settings", json=values)

    def faults(self, rules):
        """Replace the rules; portal/emulator/README.md lists their members."""
        self._control("PUT", "faults", json=rules)
        self.has_faults = bool(rules) or self.has_faults

    def requests(self, since=0):
        """Requests after number `since`, oldest first, without those to the control plane."""
        return self._control("GET", "requests", params={"since": since})

    def writes(self, since=0):
        """What was made, changed and removed after write number `since`, in order of the commits."""
        return self._control("GET", "writes", params={"since": since})

    def state(self):
        return self._control("GET", "state")
