"""`manage.py emulator_fill`: many new objects in the data of an emulator, which may be running meanwhile."""

import time
from pathlib import Path

from django.core.management import call_command
from django.core.management.base import BaseCommand

from portal.emulator.management.commands.emulator import opened


class Command(BaseCommand):
    help = "Adds many objects to the emulator's own data on this machine."
    requires_system_checks = ()

    def add_arguments(self, parser):
        from portal.emulator import catalogue

        parser.add_argument("--data", default="var/emulator", help="directory that keeps the data")
        for option in catalogue.fillers():
            parser.add_argument(f"--{option}", type=int, default=0, metavar="N", help="how many new ones")

    def handle(self, *, data, **options):
        from portal.emulator import catalogue

        opened(Path(data))
        call_command("migrate", verbosity=0, interactive=False)
        if catalogue.is_empty():
            catalogue.restore()
        for option, functions in catalogue.fillers().items():
            for fill in functions if options[option] > 0 else ():
                started = time.monotonic()
                fill(options[option])
                seconds = time.monotonic() - started
                where = fill.__module__.rpartition("portal.emulator.")[2]
                self.stdout.write(f"{options[option]} new objects in {where}: {seconds:.1f} s")
