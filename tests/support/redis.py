"""A throw-away Redis server with the settings that docs/background-work.md asks for."""

import shutil
import tempfile

from redis import ConnectionError, Redis

from portal.home.processes import LOOPBACK, Process, stop
from tests.support.ports import ReservedPort

READY_SECONDS = 30


class RedisServer:
    """Runs from start() to stop(), can be killed and resumed with its data; `url` is its address."""

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="portal-redis-")
        self._reserved = ReservedPort()
        self.url = f"redis://{LOOPBACK}:{self._reserved.number}/0"
        self.client = Redis.from_url(self.url)

    def start(self):
        command = ["redis-server", "--port", self._reserved.number, "--bind", LOOPBACK]
        command += ["--appendonly", "yes", "--save", "", "--dir", self.directory]
        self.process = Process("redis", command, log=f"{self.directory}/log")
        self.process.wait_for(self._answers, seconds=READY_SECONDS)
        return self

    def kill(self):
        self.process.kill()

    def _answers(self):
        try:
            return self.client.ping()
        except ConnectionError:  # also while it loads its data
            return False

    def stop(self):
        stop([self.process])
        self.client.close()
        self._reserved.close()
        shutil.rmtree(self.directory, ignore_errors=True)
