"""`manage.py demo`: emulator, portal and worker on this machine, with two demo teams."""

import fcntl
import http.client
import os
import signal
import sys
import time
from contextlib import suppress

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from portal.connections import installation
from portal.home import demo, processes
from portal.home.processes import LOOPBACK, NeverReady, Process
from portal.home.static_files import collect_static_files

USUAL_PORT = 8000
READY_SECONDS = 60
LISTENS = "Listening at: "  # gunicorn says so when it has the port; before, another program may answer there
LOOK_SECONDS = 0.3
MANAGE = settings.BASE_DIR / "manage.py"
GUNICORN_SETTINGS = settings.BASE_DIR / "deploy" / "gunicorn.conf.py"


class Command(BaseCommand):
    help = "Start emulator, portal and worker on this machine and fill two demo teams. Ctrl-C stops all."
    # The database is usually not migrated yet: system checks would report that as an error.
    requires_system_checks = ()

    def add_arguments(self, parser):
        parser.add_argument(
            "--port", type=int, help="port of the portal; default: 8000, or another that is free"
        )

    def handle(self, *args, port, **options):
        if not settings.DEMO:
            raise CommandError("The demo's settings were not chosen: start it with manage.py demo.")
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(
                number, signal.default_int_handler
            )  # some shells start commands with SIGINT ignored
        self.children = []
        try:
            with only_one(settings.DATA_DIR / "demo.lock"):
                portal_port(port)  # report a port that is taken before anything is prepared
                self.start(port)
                self.watch()
        except KeyboardInterrupt:
            self.say("stopping")
        except NeverReady as error:
            raise CommandError(str(error)) from None
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C does not interrupt the stopping
            # The portal stops first: it still calls the emulator while it finishes its requests.
            processes.stop(reversed(self.children))

    def start(self, asked):
        prepare_data()
        emulator = self.start_emulator()
        demo.seed(emulator)
        connections.close_all()
        self.child("worker", [sys.executable, MANAGE, "worker"])
        port = portal_port(asked)  # again: another program may have taken it in the meantime
        portal = self.child(
            "portal",
            [sys.executable, "-m", "gunicorn", "portal.wsgi:application"]
            + ["--config", GUNICORN_SETTINGS, *processes.bindings(port)],
        )
        portal.wait_for(
            lambda: self.all_run() and LISTENS in portal.output() and shows_sign_in(port),
            seconds=READY_SECONDS,
        )
        self.say(f"portal ready on http://localhost:{port}")
        self.say("")
        for email, role in demo.SIGN_INS:
            self.say(f"  {email:<28} {role}")
        self.say(f"\n  password of all: {demo.PASSWORD}")
        self.say(f"  emulator: {emulator}   logs: {logs()}   Ctrl-C stops all")

    def start_emulator(self):
        """Use the port of the last start if it is free; seeding updates the connections in either case."""
        memory = settings.DATA_DIR / "emulator-port"
        last = memory.read_text().strip() if memory.exists() else ""
        port = int(last) if last.isdigit() and processes.is_free(int(last)) else 0
        data = settings.DATA_DIR / "emulator"
        process = self.child("emulator", [sys.executable, MANAGE, "emulator", "--port", port, "--data", data])
        url = process.wait_for_line("emulator ready on ", seconds=READY_SECONDS)
        memory.write_text(url.rpartition(":")[2])
        return url

    def child(self, name, command):
        env = {**os.environ, "PYTHONUNBUFFERED": "1", "PORTAL_DATA_DIR": str(settings.DATA_DIR)}
        log = logs() / f"{name}.log"
        process = Process(name, command, log=log, env=env, cwd=settings.BASE_DIR)
        self.children.append(process)
        return process

    def watch(self):
        """Wait for a signal. No child should end before that; if one does, raise CommandError."""
        while self.all_run():
            time.sleep(LOOK_SECONDS)

    def all_run(self):
        for child in self.children:
            if not child.is_running:
                raise CommandError(
                    f"{child.name} ended with status {child.popen.returncode}, so all were stopped."
                    f" Its last lines (all: {child.log}):\n{child.last_lines()}"
                )
        return True

    def say(self, text):
        # The reader may be gone (a closed pipe); that is no reason to stop.
        with suppress(BrokenPipeError):
            self.stdout.write(text)
            self.stdout.flush()


class only_one:
    """Refuse a second demo on the same data: both would want the emulator's port. Raises CommandError."""

    def __init__(self, path):
        self.path = path

    def __enter__(self):
        self.file = self.path.open("a")
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError(
                f"A demo already runs on the data in {self.path.parent}; stop that one first."
            ) from None

    def __exit__(self, *details):
        self.file.close()


def portal_port(asked):
    """`asked`, or 8000 or any free port when no port was asked for. Raises CommandError if it is taken."""
    for port in [asked] if asked is not None else [USUAL_PORT]:
        if not 0 < port < 65536:
            raise CommandError(f"A port is a number from 1 to 65535, not {port}.")
        if all(processes.is_free(port, host) for host in processes.loopback_hosts()):
            return port
    if asked is not None:
        raise CommandError(
            f"Port {asked} is taken. Choose another, or leave the port out and a free one is found."
        )
    return processes.free_port()


def prepare_data():
    """Raises ImproperlyConfigured for data that are not the demo's."""
    installation.refuse_directory()
    logs().mkdir(exist_ok=True)
    call_command("migrate", interactive=False, verbosity=0)
    call_command("createcachetable", verbosity=0)
    collect_static_files()


def shows_sign_in(port):
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
    try:
        connection.request("GET", "/accounts/login/", headers={"Host": f"localhost:{port}"})
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def logs():
    return settings.DATA_DIR / "logs"
