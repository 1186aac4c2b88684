"""Whatever is sent to an address of the portal is in the record: that it happened, or was denied, or failed.

Walks every address that takes more than reading, so one that comes later is asked for, too. Denials are
walked in tests/proofs/test_matrix.py. Would catch: a change that nobody finds out about, entries of one
request that cannot be found together.
"""

import pytest

from portal.record.correlation import HEADER
from tests.audit.acts import SUCCESSES, Walk, account
from tests.proofs.table import read
from tests.test_doors import addresses, example

# What these change is the person's own browser or session, and nothing of the portal's.
NOT_RECORDED = {"web/theme/", "teams/switch/"}
# Their POST asks for no right and changes nothing: it leads to a page that does, or there is nothing to do.
READ_ONLY = {"accounts/inactive/", "accounts/sso/cancelled/", "accounts/2fa/", "accounts/2fa/webauthn/"}
ABSENT = {address for (_method, address), row in read().items() if set(row[0].values()) == {"."}}


@pytest.fixture
def walk(plant, emulator):
    return Walk(plant, emulator)


def check(walk):
    entries = list(walk.entries())
    assert entries, (walk.answer.status_code, walk.answer.content[:1500])
    assert {each.correlation for each in entries} == {walk.answer[HEADER]}


@pytest.mark.parametrize("address", SUCCESSES)
def test_what_succeeds_is_recorded(walk, address):
    assert SUCCESSES[address](walk).status_code < 400, walk.answer.content[:2000]
    check(walk)


# Walked elsewhere: tests/resources/test_bulk.py, test_delete_everything.py, tests/enos/test_several.py and
# tests/connections/test_pauses.py send these, and ask what is recorded of the operations that they make.
ELSEWHERE = {
    "accounts/2fa/authenticate/",  # tests/teams/test_second_factors.py
    "accounts/2fa/webauthn/login/",  # and the other ceremonies of passkeys: tests/browser/test_passkeys.py
    "accounts/2fa/webauthn/reauthenticate/",
    "accounts/2fa/webauthn/add/",
    "accounts/2fa/webauthn/keys/<int:pk>/remove/",
    "accounts/2fa/webauthn/keys/<int:pk>/edit/",
    "connections/<uuid:id>/try-again/",
    "<kind:kind>/bulk/<slug:verb>/",
    "<kind:kind>/bulk/<slug:other>/<slug:verb>/",
    "<kind:kind>/new/several/",
    "<kind:kind>/<str:id>/delete-everything/",
}


@pytest.mark.parametrize("address", sorted(set(addresses())))
def test_no_address_is_forgotten(walk, address):
    """An address that takes a POST is walked here, or it is said above why not."""
    takes = walk.send(example(address)).status_code != 405
    known = SUCCESSES.keys() | NOT_RECORDED | READ_ONLY | ABSENT | ELSEWHERE
    assert not takes or address in known, walk.answer.status_code


@pytest.mark.parametrize("address", [each for each in SUCCESSES if each.startswith(("<", "api/"))])
def test_what_the_platform_refuses_or_does_not_answer_is_recorded(walk, address, emulator):
    def broken(path, data=None, **options):
        emulator.faults([{"match": {}, "fault": "answer", "status": 500, "body": {}}])
        return Walk.send(walk, path, data, **options)

    walk.send = broken
    SUCCESSES[address](walk)
    check(walk)


@pytest.mark.parametrize("address", ["accounts/login/", "accounts/reauthenticate/"])
def test_a_wrong_password_is_recorded(walk, address):
    account(f"/{address}", {"password": "wrong-horse"}, signs_in="login" not in address)(walk)
    check(walk)
    assert list(walk.entries())[0].verb == "sign_in_failed"
