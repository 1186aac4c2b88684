"""Starting the project's own commands as children of a test; they end when the test process does."""

import http.client
import os
import subprocess
import sys

from django.conf import settings

from portal.home.processes import LOOPBACK, Process, bindings, stop
from tests.support.databases import VARIABLE
from tests.support.ports import ReservedPort

READY_SECONDS = 60
MANAGE = settings.BASE_DIR / "manage.py"
GUNICORN_SETTINGS = settings.BASE_DIR / "deploy" / "gunicorn.conf.py"


def environment(database=None, **variables):
    """What a child gets: the PORTAL_* variables of the tests, but the settings it would have anywhere."""
    env = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    if database:
        env[VARIABLE] = database.url
    return {**env, "PYTHONUNBUFFERED": "1", **variables}


def run_manage(*arguments, database=None, **variables):
    """`manage.py ...` to its end: CompletedProcess with text."""
    return subprocess.run(
        [sys.executable, MANAGE, *arguments],
        env=environment(database, **variables),
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )


def start_manage(*arguments, log, database=None, before=(), **variables):
    """`manage.py ...` in the background; `log` is the file for all it prints, `before` words before it."""
    command = [*before, sys.executable, MANAGE, *arguments]
    env = environment(database, **variables)
    return Process(f"manage.py {arguments[0]}", command, log=log, env=env, cwd=settings.BASE_DIR)


class Portal:
    """The portal as `manage.py demo` serves it, on a port of its own; `url` ends without a slash."""

    def __init__(self, database, *, log, workers=1, before=(), **variables):
        self.database = database
        self.before = before  # words before the command
        self.log = log
        self._reserved = ReservedPort()
        self.port = self._reserved.number
        self.url = f"http://localhost:{self.port}"
        self.env = environment(database, WEB_CONCURRENCY=str(workers), **variables)
        self.process = None
        self.expected_to_run = False

    def start(self):
        """Does nothing while it runs."""
        if not (self.process and self.process.is_running):
            command = [
                *self.before,
                sys.executable,
                "-m",
                "gunicorn",
                "portal.wsgi:application",
                "--config",
                GUNICORN_SETTINGS,
            ]
            command += bindings(self.port)
            self.process = Process("portal", command, log=self.log, env=self.env, cwd=settings.BASE_DIR)
            self.expected_to_run = True
            self.process.wait_for(self.answers, seconds=READY_SECONDS)
        return self

    def answers(self):
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=10)
        try:
            connection.request("GET", "/accounts/login/", headers={"Host": f"localhost:{self.port}"})
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def stop(self):
        if self.process:
            stop([self.process])
        self._reserved.close()

    def kill(self):
        """As the power cut would: kill -9, nothing gets to tidy up."""
        if self.process:
            self.process.kill()
            self.expected_to_run = False

    def assert_not_ended(self):
        """It must not have ended by itself; the message shows its last words."""
        if self.expected_to_run:
            assert self.process.is_running, f"{self.process.popen.returncode}:\n{self.process.last_lines()}"
