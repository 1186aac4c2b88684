#!/usr/bin/env python
"""The project's command line. The emulator stands beside the portal: it has settings of its own."""

import os
import sys

if __name__ == "__main__":
    os.umask(0o077)  # databases, keys and logs are for their own user
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    is_emulator = command in ("emulator", "emulator_fill")
    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.emulator.settings" if is_emulator else "portal.settings"
    if command == "demo":
        os.environ["PORTAL_DEMO"] = "true"  # settings are read once, before any command is
    from django.core.management import execute_from_command_line

    if is_emulator:
        execute_from_command_line(sys.argv)
    else:
        from portal.record import correlation

        with correlation.begin():
            execute_from_command_line(sys.argv)
