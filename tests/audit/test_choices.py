"""What the record can be narrowed to: every verb that an entry may have.

Would catch: a verb that is written but cannot be asked for.
"""

import html
import re

import pytest

from portal.connections import service as connections
from portal.errors import NotAllowed
from portal.kinds.registry import KINDS
from portal.record.models import Entry
from portal.teams import service as teams
from portal.teams.models import Membership, Role, User

GROUP = "iotda/device-groups"


def choices(plant):
    page = plant.browser(Role.OWNER).get("/audit/").content.decode()
    select = re.search(r'<select [^>]*id="verb".*?</select>', page, flags=re.DOTALL)[0]
    return [html.unescape(each) for each in re.findall(r"<option(?: selected)?>([^<]*)</option>", select)]


def test_the_verbs_of_every_kind_can_be_asked_for_once_each(plant):
    verbs = {verb.name for kind in KINDS.values() for verb in kind.verbs}

    assert verbs <= set(choices(plant))
    assert {"create", "update", "delete", "sync"} <= verbs
    assert len(choices(plant)) == len(set(choices(plant)))


def test_whatever_is_written_can_be_asked_for(plant):
    row = plant.make(GROUP)
    plant.perform(GROUP, "update", target=row)
    plant.perform(GROUP, "delete", target=row)
    viewer = User.objects.get(pk=plant.people[Role.VIEWER].pk)
    owner = User.objects.get(pk=plant.people[Role.OWNER].pk)
    iotda, member = plant.connections["iotda"], Membership.objects.get(user=plant.people[Role.AUDITOR])
    for denied in (connections.try_again, connections.probe, connections.delete):
        with pytest.raises(NotAllowed):
            denied(iotda, actor=viewer)
    teams.change_role(member, actor=owner, role=Role.OPERATOR)
    teams.remove_member(member, actor=owner)

    written = set(Entry.objects.values_list("verb", flat=True))
    assert {"update", "delete", "connection_try", "connection_delete", "member_remove"} <= written
    assert written <= set(choices(plant))


@pytest.mark.parametrize("verb", ["update", "delete"])
def test_entries_of_a_later_verb_are_found_by_it(plant, verb):
    row = plant.make(GROUP)
    plant.perform(GROUP, verb, target=row)

    page = plant.browser(Role.OWNER).get("/audit/", {"verb": verb}).content.decode()

    assert page.count("<tr data-seq=") == 2
    assert f"<option selected>{verb}</option>" in page
