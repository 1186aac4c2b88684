"""The log of writes, oldest first: which request made, changed or removed which object, in order of commits.

The log of requests (log.py) cannot tell this: an answer that was lost or came late says nothing of what was
done. Kept in memory like it; the oldest writes are forgotten.
"""

import threading
import time
from collections import deque
from operator import attrgetter

from django.db import transaction
from django.db.models.signals import post_delete, post_save

KEPT = 50_000
MADE, CHANGED, REMOVED = "made", "changed", "removed"


class Writes:
    def __init__(self):
        self._thread = threading.local()
        self.clear()

    def clear(self):
        """Forget all writes. The next one has number 1."""
        self._kept = deque(maxlen=KEPT)
        self.count = 0

    def begin(self, request):
        """What this thread writes from now on, the request with this number has caused."""
        self._thread.request = request

    def watch(self, resources):
        """Note each write of an object that `GET state` knows. Of two names of one table the slug counts."""
        for resource in resources:
            names = sorted(resource.state, key=lambda name, slug=resource.slug: name != slug)
            tables = set()
            for name in names:
                objects = resource.state[name]
                if objects.rows.model not in tables:
                    tables.add(objects.rows.model)
                    self._watch(name, objects)

    def _watch(self, name, objects):
        def saved(instance, created, **_):
            self._note_later(name, objects, instance, MADE if created else CHANGED)

        def deleted(instance, **_):
            self._note_later(name, objects, instance, REMOVED)

        post_save.connect(saved, sender=objects.rows.model, weak=False)
        post_delete.connect(deleted, sender=objects.rows.model, weak=False)

    def _note_later(self, name, objects, instance, change):
        """With the commit: until then models.writing() lets nobody else write, so numbers have its order."""
        if request := getattr(self._thread, "request", None):
            scope = attrgetter(objects.scope)(instance) if objects.scope else ""
            about = {"resource": name, "id": getattr(instance, objects.id), "scope": scope}
            transaction.on_commit(lambda: self._note({"request": request, **about, "change": change}))

    def _note(self, write):
        self.count += 1
        self._kept.append({"number": self.count, "time": time.time(), **write})

    def since(self, number):
        return [write for write in list(self._kept) if write["number"] > number]


writes = Writes()
