"""The project's own commands as child processes of a test; they end when the test process does."""

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
    """The child's environment: the PORTAL_* variables of the tests, but not their settings module."""
    env = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    if database:
        env[VARIABLE] = database.url
    return {**env, "PYTHONUNBUFFERED": "1", **variables}


def run_manage(*arguments, database=None, **variables):
    """Run `manage.py ...` to its end; a CompletedProcess with its output as text."""
    return subprocess.run(
        [sys.executable, MANAGE, *arguments],
        env=environment(database, **variables),
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )


def start_manage(*arguments, log, database=None, before=(), **variables):
    """Start `manage.py ...` in the background; its output goes to the file `log`, `before` is a prefix."""
    command = [*before, sys.executable, MANAGE, *arguments]
    env = environment(database, **variables)
    return Process(f"manage.py {arguments[0]}", command, log=log, env=env, cwd=settings.BASE_DIR)


class Portal:
    """The portal as `manage.py demo` serves it, on its own port; `url` has no slash at its end."""

    def __init__(
        self, database, *, log, workers=1, before=(), application="portal.wsgi:application", **variables
    ):
        self.database = database
        self.application = application
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
                self.application,
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
        """Like a power cut: kill -9, without any clean-up."""
        if self.process:
            self.process.kill()
            self.expected_to_run = False

    def assert_not_ended(self):
        """Fail, with the last lines of its log, when it ended by itself."""
        if self.expected_to_run:
            assert self.process.is_running, f"{self.process.popen.returncode}:\n{self.process.last_lines()}"
