"""What a kind offers besides create, update and delete: who may press it, and what a press does.

Would catch: a right given to a role that lacks it, a denial that leaves no entry, a page that acts when it is
opened, a press that is sent twice. What an answer to it looks like: test_codes.py.
"""

import pytest

from portal.kinds.registry import KINDS
from portal.record.models import Entry
from portal.teams.models import Role
from tests.examples import EXAMPLES, other_verbs
from tests.resources.forms import changing, post, script
from tests.support.plant import received

EVERY_OTHER_VERB = pytest.mark.parametrize(
    ("slug", "verb"), other_verbs(), ids=["-".join(each) for each in other_verbs()]
)
# By the least role that may, as the Example says.
MAY = {
    "operator": (Role.OPERATOR, Role.MANAGER, Role.OWNER),
    "manager": (Role.MANAGER, Role.OWNER),
    "owner": (Role.OWNER,),
}


@pytest.mark.parametrize("role", Role)
@EVERY_OTHER_VERB
def test_pressing_by_role(plant, emulator, role, slug, verb):
    row = plant.ready(slug, verb)
    may = role in MAY[EXAMPLES[slug].may[verb]]

    response = post(plant.browser(role), changing(row, verb), script(slug, plant, verb))

    assert response.status_code == (302 if may else 403)
    assert len(received(emulator, slug, verb)) == (1 if may else 0)
    entry = Entry.objects.order_by("-seq").first()
    assert (entry.verb, entry.object_id) == (verb, row.remote_id)
    assert entry.outcome == ("done" if may else "denied")


@EVERY_OTHER_VERB
def test_opening_its_address_does_nothing(plant, emulator, slug, verb):
    row = plant.ready(slug, verb)

    response = plant.browser(Role.OWNER).get(changing(row, verb))

    assert response.status_code == (200 if KINDS[slug].verb(verb).form else 405)
    assert received(emulator, slug, verb) == []


@EVERY_OTHER_VERB
def test_pressed_without_its_key_it_sends_nothing_and_says_so(plant, emulator, slug, verb):
    row, browser = plant.ready(slug, verb), plant.browser(Role.OWNER)

    response = post(browser, changing(row, verb), script(slug, plant, verb, operation_key=""))

    assert received(emulator, slug, verb) == []
    if KINDS[slug].verb(verb).form:
        assert response.status_code == 422
    else:
        assert (
            "so nothing was sent. Press the button again"
            in browser.get(response["Location"]).content.decode()
        )


@EVERY_OTHER_VERB
def test_pressed_twice_with_one_key_it_is_sent_once(plant, emulator, slug, verb):
    row, browser = plant.ready(slug, verb), plant.browser(Role.OWNER)
    posted = script(slug, plant, verb)

    for _press in range(2):
        post(browser, changing(row, verb), posted)

    assert len(received(emulator, slug, verb)) == 1
