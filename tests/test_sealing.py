"""Secrets at rest. Would catch: a ciphertext that opens in another row, a key that is no longer tried."""

import pytest

from portal.connections.models import Connection
from portal.sealing import CannotOpen, seal, unseal
from portal.teams.models import Team


@pytest.fixture
def pair(db):
    """Two connections of one team; only the first has credentials."""
    team = Team.objects.create(name="Plant 3")
    rows = [
        Connection(team=team, name=name, platform="roma", endpoint="https://roma.example") for name in "ab"
    ]
    rows[0].set_credentials({"access_key": "AK-1", "secret_key": "SK-1"})
    for row in rows:
        row.save()
    return rows


def test_credentials_open_in_their_own_row_only(pair):
    first, second = pair
    assert Connection.objects.get(pk=first.pk).credentials() == {"access_key": "AK-1", "secret_key": "SK-1"}
    second.sealed_credentials = first.sealed_credentials
    with pytest.raises(CannotOpen):
        second.credentials()


def test_credentials_do_not_open_after_the_row_moved_to_another_team(pair):
    first, _second = pair
    first.team = Team.objects.create(name="Harbour")
    with pytest.raises(CannotOpen):
        first.credentials()


def test_nothing_of_a_secret_stands_in_the_database(pair):
    assert "SK-1" not in pair[0].sealed_credentials
    assert "secret_key" not in pair[0].sealed_credentials


def test_the_same_secret_is_sealed_differently_each_time():
    assert seal("x", "place") != seal("x", "place")


@pytest.mark.parametrize(
    "change", [lambda text: text[:-8] + "AAAAAAA=", lambda text: "v2" + text[2:], lambda text: ""]
)
def test_a_changed_text_does_not_open(change):
    with pytest.raises(CannotOpen):
        unseal(change(seal("x", "place")), "place")


def test_a_new_key_seals_and_the_old_one_still_opens(settings):
    settings.CREDENTIAL_KEYS = ["old"]
    old = seal("x", "place")
    settings.CREDENTIAL_KEYS = ["new", "old"]
    assert unseal(old, "place") == "x"
    fresh = seal("x", "place")
    settings.CREDENTIAL_KEYS = ["new"]
    assert unseal(fresh, "place") == "x"
    with pytest.raises(CannotOpen):
        unseal(old, "place")
