"""HEAD is answered like GET, without the body: monitors, link checkers and proxies ask that way.

Walks every address of the portal, so a page that comes later is asked, too. Would catch: a page that knows
GET alone, a HEAD that is taken for a submitted form, a body behind the answer.
"""

import pytest

from portal.record.models import Entry
from portal.teams import invitations
from portal.teams.models import Repeated, Role
from tests.examples import EVERY_KIND, EXAMPLES
from tests.operations.ruled import asked, rule
from tests.support.tokens import make
from tests.test_doors import addresses

pytestmark = pytest.mark.anywhere

BUS = "iotda/soft-buses"
STATIC = ["/static/css/portal.css", "/static/no-such-file.css"]


@pytest.fixture
def of(plant):
    """of(address): the address of something that exists."""
    row = plant.make(BUS)
    operation = plant.perform(BUS, data={**plant.data(BUS), "bus_name": "second"})
    rule(plant, any=["approval"])
    approval = asked(plant, BUS, "create")
    member = plant.team.memberships.get(user=plant.people[Role.VIEWER])
    tokens, owner = [], plant.people[Role.OWNER]
    invitation = invitations.invite(
        plant.team,
        actor=owner,
        email="new@example.test",
        role="viewer",
        link=lambda token: tokens.append(token),
    )
    token, _text = make(plant, Role.OWNER)
    things = {
        "operations": operation.pk,
        "approvals": approval.pk,
        "connections": row.connection_id,
        "teams": plant.team.pk,
        "people": owner.pk,
        "profile": token.pk,
    }

    def fill(address):
        thing = things.get(address.split("/")[0], row.pk)
        values = {
            "kind:kind": BUS,
            "str:id": thing,
            "uuid:id": thing,
            "slug:verb": "sync",
            "slug:other": "device-groups",
            "slug:name": "targets",
            "int:member": member.pk,
            "uuid:invitation": invitation.pk,
            "uuid:token": token.pk,
            "str:token": tokens[-1],
            "str:uidb36": member.user_id.hex,
            "str:key": "made-up",
            "int:pk": 1,
        }
        values["int:seq"] = Entry.objects.latest("seq").seq
        for part, value in values.items():
            address = address.replace(f"<{part}>", str(value))
        assert "<" not in address, f"say what {address} stands for"
        return "/" + address

    return fill


def same(browser, address):
    before = Entry.objects.count()
    got = browser.get(address)
    recorded = Entry.objects.count() - before
    Repeated.objects.all().delete()  # else the second reading of the record is counted, not written
    asked = browser.head(address)
    assert Entry.objects.count() == before + 2 * recorded, address  # who read is recorded alike
    assert (asked.status_code, asked.getvalue()) == (got.status_code, b""), address
    for name in ("Content-Type", "Location", "Allow", "Cache-Control"):
        assert asked.get(name) == got.get(name), (address, name)
    return got.status_code


@pytest.mark.parametrize("address", sorted(set(addresses())))
def test_every_address_answers_head_like_get(plant, of, address):
    status = same(plant.browser(Role.OWNER), of(address))

    assert status < 500 or address == "readyz"  # no worker runs here


@EVERY_KIND
def test_every_page_of_a_kind_answers_head_like_get(plant, slug):
    paths = [f"/{slug}/"]
    if EXAMPLES[slug].changes:
        row = plant.make(slug)
        paths += [
            f"/{slug}/new/",
            f"/{slug}/{row.pk}/",
            *(f"/{slug}/{row.pk}/{verb}/" for verb in ("update", "delete")),
        ]
    browser = plant.browser(Role.OWNER)

    for path in paths:
        same(browser, path)


@pytest.mark.parametrize("address", [*STATIC, "/nowhere/", "/healthz", "/readyz", "/accounts/login/", "/"])
def test_who_is_not_signed_in_gets_the_same_too(db, client, address):
    same(client, address)
