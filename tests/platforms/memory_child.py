"""A process of its own that calls servers which answer too much, and prints by how many MB it grew.

Arguments: `few` or `all` calls, the address of a server that answers little, those of the others.
"""

import re
import sys
from contextlib import suppress
from pathlib import Path

from portal.errors import PlatformError
from portal.platforms.retrying import Waits
from tests.platforms.every_call import SPECS, client_of, one_of_each


def call_all(specs, url):
    for spec in specs:
        client = client_of(spec, url, waits=Waits(sleep=lambda seconds: None))
        with suppress(PlatformError):
            spec.run(client)
        client.transport.close()


def peak_kb():
    """Not ru_maxrss, which a process inherits from the one that started it."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1])


def main(how_many, little, *much):
    specs = SPECS if how_many == "all" else one_of_each()[:4]
    call_all(SPECS, little)
    before = peak_kb()
    for url in much:
        call_all(specs, url)
    sys.stdout.write(str((peak_kb() - before) / 1024))


main(*sys.argv[1:])
