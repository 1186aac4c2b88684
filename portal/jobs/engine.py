"""The task engine: Huey, behind the tasks interface of Django. No other room names it.

It only wakes workers up, at most once for each call: a worker that is killed takes its tasks with it. The
truth is in rows with leases, from which the schedule asks again. So there are no results here: a task says in
its row what became of it. `takes_context` is the one thing of the interface that needs them.
"""

import logging
import time
from pathlib import Path

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from huey.api import Huey
from huey.serializer import SignedSerializer
from huey.storage import PostgresStorage, PriorityRedisExpireStorage, SqliteStorage
from redis import ConnectionPool
from redis.backoff import NoBackoff
from redis.retry import Retry

log = logging.getLogger(__name__)
ANSWER_SECONDS = 5  # more than the second that a worker waits in one call for a task
CONNECT_SECONDS = 2
AWAY_SECONDS = 5  # how long nobody waits again for a queue that could not be reached
QUEUE_MAX = 200  # tasks that wait
TRIES = 2  # the first may meet a connection that died long ago


class Engine(Huey):
    """Asking for work never raises: a page must not fail for it, and the schedule asks again.

    With `immediate` (PORTAL_QUEUE_URL=now:) the work is done by then, in the caller.
    """

    def __init__(self, name, **options):
        # Messages are pickled: whoever can write to the queue could otherwise run code here.
        serializer = SignedSerializer(settings.SECRET_KEY, salt="portal.jobs")
        super().__init__(name, results=False, serializer=serializer, **options)
        self._away_until = 0.0

    def get_storage(self):
        return storage(settings.QUEUE_URL, self.name)

    def put_result(self, key, data):
        """Kept nowhere; on SQLite and PostgreSQL the rows would stay for ever."""

    @property
    def is_away(self):
        return time.monotonic() < self._away_until

    @property
    def is_full(self):
        """Whether workers are so far behind that the schedule asks for nothing more."""
        try:
            return self.storage.queue_size() > QUEUE_MAX
        except Exception:  # noqa: BLE001 - it differs by storage; `enqueue` finds out as well
            self.storage.close()
            return False

    def enqueue(self, task):
        if self.is_away:
            return
        for rest in reversed(range(TRIES)):
            try:
                super().enqueue(task)
                return
            except Exception as error:  # noqa: BLE001 - it differs by storage
                self.storage.close()
                if not rest:
                    log.warning("nothing can be queued; the schedule asks again: %s", error)
        self._away_until = time.monotonic() + AWAY_SECONDS


def storage(url, name):
    """Where tasks wait. Nothing connects before the first of them."""
    if url.startswith("redis"):
        pool = ConnectionPool.from_url(
            url,
            socket_connect_timeout=CONNECT_SECONDS,
            socket_timeout=ANSWER_SECONDS,
            retry=Retry(NoBackoff(), 0),  # the usual one lets a page wait for many seconds
        )
        return PriorityRedisExpireStorage(name, connection_pool=pool)
    if connections[DEFAULT_DB_ALIAS].vendor == "postgresql":
        return InDatabase(name)
    return InFile(name)


class InFile(SqliteStorage):
    """A file beside the SQLite database."""

    def __init__(self, name):
        super().__init__(name, create_tables=False, timeout=CONNECT_SECONDS)

    def _create_connection(self):
        database = Path(connections[DEFAULT_DB_ALIAS].settings_dict["NAME"])
        self.filename = str(database.with_name(f"{database.stem}-queue{database.suffix}"))
        connection = super()._create_connection()
        connection.execute("pragma synchronous=normal")  # a power cut may take tasks, but not the file
        for statement in self.ddl:
            connection.execute(statement)
        return connection


class InDatabase(PostgresStorage):
    """Tables of the portal's own PostgreSQL database, reached with connections beside Django's."""

    def __init__(self, name):
        super().__init__(
            name, table_prefix="jobs_queue", create_tables=False, connection=self._connect_as_portal
        )

    def _connect_as_portal(self):
        import psycopg

        given = connections[DEFAULT_DB_ALIAS].settings_dict
        address = {"dbname": given["NAME"], "user": given["USER"], "password": given["PASSWORD"]}
        address |= {"host": given["HOST"], "port": given["PORT"]}
        known = {name: value for name, value in address.items() if value}
        return psycopg.connect(**known, **given["OPTIONS"])


def make_tables(using, **_signal):
    """Receives post_migrate: the tables of the queue, as this version of the engine wants them."""
    connection = connections[using]
    if using == DEFAULT_DB_ALIAS and connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            for statement in InDatabase("").ddl:
                cursor.execute(statement)
