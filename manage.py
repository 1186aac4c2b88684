#!/usr/bin/env python
"""The project's command line. The emulator stands beside the portal: it has settings of its own."""

import os
import sys

if __name__ == "__main__":
    emulator = len(sys.argv) > 1 and sys.argv[1] == "emulator"
    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.emulator.settings" if emulator else "portal.settings"
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
