"""`manage.py emulator`: serves the emulated clouds until it receives SIGTERM or SIGINT."""

import signal
import warnings
from pathlib import Path

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections


def opened(directory):
    """From here on, the emulator's databases are those in this directory. Raises CommandError."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(f"{directory} cannot be used: {error}") from None
    connections.settings["default"]["NAME"] = str(directory / "emulator.sqlite3")
    connections.settings["snapshot"]["NAME"] = str(directory / "snapshot.sqlite3")


class Command(BaseCommand):
    help = "Serves the emulated clouds: Huawei IAM, IoTDA and ROMA Connect, Envision EnOS."
    requires_system_checks = ()

    def add_arguments(self, parser):
        parser.add_argument("--port", type=int, required=True, help="0 picks a free port")
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--data", default="var/emulator", help="directory that keeps the data")
        parser.add_argument(
            "--speed", type=float, default=1.0, help="divides the emulated waits (sync, search lag)"
        )
        parser.add_argument("--limit", action="append", default=[], metavar="NAME=N", help="may be repeated")

    def handle(self, *, port, host, data, speed, limit, **options):
        directory = Path(data)
        opened(directory)
        # Only here, because these modules import models.
        from portal.emulator import catalogue
        from portal.emulator.server import Server

        self._set_knobs(speed, limit, directory)
        call_command("migrate", verbosity=0, interactive=False)
        if catalogue.is_empty():
            catalogue.restore()
        connections.close_all()
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            server = Server(host, port)
        except OSError as error:
            raise CommandError(f"{host}:{port} cannot be used: {error}") from None
        signal.signal(signal.SIGTERM, _stop)
        signal.signal(signal.SIGINT, _stop)
        try:
            self.stdout.write(f"emulator ready on {server.url}")
            self.stdout.flush()
            server.serve_forever(poll_interval=0.2)
        except _Stopped:
            server.server_close()

    def _set_knobs(self, speed, limits, directory):
        from portal.emulator.knobs import knobs

        if not 0 < speed <= 1e6:
            raise CommandError("--speed is a number above 0")
        knobs.speed = speed
        knobs.data = directory
        changes = {}
        for text in limits:
            name, _equals, number = text.partition("=")
            if not number.isdecimal():
                raise CommandError(f"--limit {text}: write NAME=NUMBER")
            changes[name] = int(number)
        try:
            knobs.begin_with({"limits": changes})
        except ValueError as error:
            raise CommandError(str(error)) from None


class _Stopped(BaseException):
    pass


def _stop(_number, _frame):
    raise _Stopped
