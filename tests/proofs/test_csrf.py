"""Every address that takes a POST, without the token of a form: refused, and nothing is changed.

Would catch: an address that is exempt, a token that is not compared, a form that another site sends.
"""

import json
import re

import pytest

from tests.proofs import table
from tests.proofs.test_matrix import KIND, post_of, prepare, row_of
from tests.proofs.town import Writes, every_address, undone

pytestmark = pytest.mark.anywhere

WRONG = {
    "no token": {},
    "a wrong token": {"HTTP_X_CSRFTOKEN": "x" * 64},
    "another site": {"HTTP_ORIGIN": "https://evil.example", "own": True},
}


def refusals(town, address, who, tried):
    """What is wrong with the answers to one person's POST."""
    town.browsers[who].handler.enforce_csrf_checks = True
    for name in tried:
        options, token = dict(WRONG[name]), {}
        if options.pop("own", False):
            page = town.ask(who, "GET", "/web/theme/" if who == "nobody" else "/profile/").content.decode()
            found = re.search(r'"X-CSRFToken": "(\w+)"', page)
            token = {"HTTP_X_CSRFTOKEN": found[1]} if found else {}
        with undone():
            prepare(address, town.own)
            data, more = post_of(address, town.own)
            with Writes() as writes:
                answer = town.ask(who, "POST", town.path(address), data, **more, **options, **token)
        if answer.status_code != 403:
            yield f"{who} {address} with {name}: {answer.status_code}"
        elif address.startswith("api/") and json.loads(answer.content)["type"].rpartition(":")[2] != "csrf":
            yield f"{who} {address} with {name}: refused for another reason"
        elif writes.tables - {"django_session"}:
            yield f"{who} {address} with {name} writes to {sorted(writes.tables)}"


def walked(town, slugs, tried):
    for address in every_address(slugs):
        if row := row_of("POST", address):
            people = row[0]
            who = next((each for each in ("owner", "admin", "nobody") if people[each] in "x>"), "owner")
            yield from refusals(town, address, "nobody" if people["nobody"] == "x" else who, tried)


def test_nothing_is_sent_without_the_token_of_a_form(town):
    assert "\n".join(walked(town, [KIND], ["no token"])) == ""


@pytest.mark.full
def test_nor_of_any_kind_with_a_wrong_one_or_from_another_site(town):
    assert "\n".join(walked(town, None, WRONG)) == ""


def test_the_table_has_what_takes_a_post():
    assert sum(method == "POST" for method, _address in table.read()) > 80
