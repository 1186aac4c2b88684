"""The portal's own settings with short waits, for the processes that the harness kills by the hundred."""

from portal.settings import *  # noqa: F403

LEASE_SECONDS = 8
BEAT_SECONDS = 2
