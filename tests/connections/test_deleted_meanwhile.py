"""A connection that somebody deletes while others use it: they are told, and nothing breaks.

Would catch: a row of a connection that is written although there is none any more, and ends in a 500.
"""

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.db import connections
from django.urls import reverse

from portal.connections import service
from portal.connections.models import Connection
from portal.errors import NotVisible
from portal.kinds.registry import KINDS
from portal.record.models import Entry
from portal.teams.models import Role
from tests.examples import EXAMPLES
from tests.operations.endings import someone
from tests.resources.listings import EMPTY_TEXT, listed
from tests.support.site import until

GONE = "The connection was deleted meanwhile."


@contextmanager
def deleted_during(plant, emulator, platform, call):
    """The platform keeps its answer to that call until the connection is gone."""
    method, path = call
    emulator.faults([{"match": {"method": method, "path": path}, "fault": "latency", "seconds": 18}])

    def has_arrived():
        return any(each["method"] == method and re.search(path, each["path"]) for each in emulator.requests())

    def delete():
        try:
            until(has_arrived)
            service.delete(plant.connections[platform], actor=someone(plant, Role.OWNER))
        finally:
            emulator.faults([])
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        deleting = pool.submit(delete)
        yield
        deleting.result()


# With and without objects that are new to the mirror, with and without a token.
@pytest.mark.parametrize("slug", ["roma/device-groups", "iotda/soft-buses", "enos/products"])
def test_a_list_claims_nothing_of_it(committed_plant, emulator, slug):
    plant = committed_plant
    browser = plant.browser(raise_request_exception=False)

    with deleted_during(plant, emulator, KINDS[slug].platform, EXAMPLES[slug].calls["list"].place):
        response = browser.get(f"/{slug}/")

    assert response.status_code == 200
    assert EMPTY_TEXT not in response.text
    assert listed(response) == []


def test_a_test_of_it_is_answered(committed_plant, emulator):
    plant = committed_plant
    address = reverse("connections:test", args=[plant.connections["roma"].pk])
    browser = plant.browser(Role.OWNER, raise_request_exception=False)

    with deleted_during(plant, emulator, "roma", ("GET", "/")):
        response = browser.post(address)

    assert response.status_code == 404
    assert Entry.objects.filter(verb="connection_test").count() == 1  # the platform was called


VERBS = {
    "test": service.probe,
    "try": service.try_again,
    "delete": service.delete,
    "update": lambda connection, actor: service.change(connection, actor=actor, values={}, credentials={}),
}


@pytest.mark.parametrize("verb", VERBS)
def test_what_comes_too_late_is_told_so(committed_plant, verb):
    """It was there when the page looked for it, and is gone a moment later."""
    connection, owner = committed_plant.connections["iotda"], someone(committed_plant, Role.OWNER)
    Connection.objects.get(pk=connection.pk).delete()

    with pytest.raises(NotVisible, match=GONE):
        VERBS[verb](connection, actor=owner)

    assert Entry.objects.exists() == (verb == "test")  # only that had called the platform by then
