"""`manage.py refresh`: what it refreshes, says and ends with."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from portal.kinds.registry import KINDS
from tests.examples import match
from tests.support.plant import mirrored

POLICIES = "iotda/policies"


def refresh(**options):
    out = StringIO()
    call_command("refresh", stdout=out, **options)
    return out.getvalue().splitlines()


def test_all_connections_and_kinds_are_refreshed(plant):
    lines = refresh()

    assert sorted(line.split()[1].rstrip(":") for line in lines) == sorted(KINDS)
    assert all("all that the platform has" in line for line in lines)
    assert mirrored("iotda/spaces")


def test_one_kind_of_one_connection(plant):
    plant.make(POLICIES)
    connection = plant.connections["iotda"]

    (line,) = refresh(connection=str(connection.pk), kind=POLICIES)

    assert line.startswith(f"iotda {POLICIES}: ")
    assert not mirrored("iotda/spaces")


def test_what_fails_is_said_and_the_others_are_refreshed(plant, emulator):
    emulator.faults([{"match": match(POLICIES, "list"), "fault": "answer", "status": 503, "body": "no"}])
    out = StringIO()

    with pytest.raises(CommandError, match="1 could not be refreshed"):
        call_command("refresh", stdout=out)

    failed = [line for line in out.getvalue().splitlines() if "all that the platform has" not in line]
    assert [line.split()[1] for line in failed] == [f"{POLICIES}:"]
    assert mirrored("iotda/spaces")


@pytest.mark.parametrize("id", ["nonsense", "11111111-2222-4333-8444-555555555555"])
def test_an_unknown_connection_is_an_error(plant, id):
    with pytest.raises(CommandError, match=id):
        refresh(connection=id)
