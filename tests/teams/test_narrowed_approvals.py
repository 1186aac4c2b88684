"""Who is narrowed to a space sees and approves only what is wholly in it.

Would catch: an approval of another space in a list, by its address or in the menu's number, one of several
spaces that a part of them is enough for, an author who was narrowed meanwhile.
"""

import pytest

from portal.errors import NotAllowed, NotVisible, Waits
from portal.kinds.registry import KINDS
from portal.operations import together
from portal.operations.approval import Approval
from portal.operations.change import Change
from portal.operations.job import Purpose
from portal.teams.models import Role
from tests.operations.ruled import APPROVED, approve, asked, person, rule
from tests.support.account import SECOND_SPACE
from tests.teams.narrowed import GROUPS, narrow, sides


@pytest.fixture
def there(plant):
    """Objects on both sides, where deleting takes approval and managers are narrowed to one side."""
    found = sides(plant)
    rule(plant, delete=APPROVED)
    narrow(plant, Role.MANAGER, ("iotda", SECOND_SPACE))
    return found


def both(plant, there):
    kind = KINDS[GROUPS]
    changes = [Change(kind, kind.verb("delete"), row.connection, row) for row in (there.own, there.foreign)]
    owner = person(plant, Role.OWNER)
    with pytest.raises(Waits) as waits:
        together.request(changes, actor=owner, key="both", purpose=Purpose.EACH)
    return waits.value.approval


def test_only_what_is_wholly_theirs_is_seen_and_approved(plant, there):
    own = asked(plant, GROUPS, "delete", data={}, target=there.own, role=Role.OWNER)
    foreign = asked(plant, GROUPS, "delete", data={}, target=there.foreign, role=Role.OWNER)
    of_both = both(plant, there)
    browser = plant.browser(Role.MANAGER)
    listed = browser.get("/approvals/").text
    assert [str(each.pk) in listed for each in (own, foreign, of_both)] == [True, False, False]
    assert "1 waits for you" in listed
    for each in (foreign, of_both):
        assert browser.get(f"/approvals/{each.pk}/").status_code == 404
        assert browser.get(f"/api/v1/approvals/{each.pk}/").status_code == 404
        with pytest.raises((NotVisible, NotAllowed)):
            approve(plant, each, Role.MANAGER)
    assert approve(plant, own, Role.MANAGER)[0].state == "done"
    assert set(Approval.objects.waiting()) == {foreign, of_both}


def test_an_author_who_was_narrowed_meanwhile_sends_nothing(plant, there):
    narrow(plant, Role.MANAGER, ("iotda", there.foreign_space))
    approval = asked(plant, GROUPS, "delete", data={}, target=there.foreign, role=Role.MANAGER)
    narrow(plant, Role.MANAGER, ("iotda", SECOND_SPACE))
    assert approve(plant, approval) is None
    assert "may not do this any more" in str(approval.said)
