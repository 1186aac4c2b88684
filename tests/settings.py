"""The portal's own settings, on data that is thrown away. Not for running anything but tests.

The variables are set for real, so that every child process (emulator, portal, worker) gets the same.
"""

import os
import tempfile
from pathlib import Path

# One directory per test process; tests/support/plugin.py removes it.
data = tempfile.mkdtemp(prefix="portal-tests-")
Path(data, "static").mkdir()  # WhiteNoise warns when it is missing
os.environ["PORTAL_DATA_DIR"] = data
os.environ["PORTAL_DEMO"] = "true"
# A list is refreshed whenever it is opened, within the request, and never by itself: so a test sees at once
# what the platform has, and counts only its own calls.
os.environ |= {"PORTAL_QUEUE_URL": "now:", "PORTAL_FRESH_SECONDS": "0", "PORTAL_REFRESH_SECONDS": "0"}
# Browser tests share sessions that began with the run; tests/teams sets what people have.
os.environ |= dict.fromkeys(
    ["PORTAL_IDLE_MINUTES", "PORTAL_IDLE_MINUTES_POWERFUL", "PORTAL_CONFIRM_MINUTES"], "720"
)

from portal.settings import *  # noqa: E402, F403

# Pages made inside the test process need no compressed files; browser tests meet the real ones.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

# Playwright keeps an event loop in the test's thread; Django would take every query there for a mistake.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
