"""No link leads to a page that the person may not see.

Would catch: a button that is drawn for who may not press it, a name that links into another space.
"""

import re
from html import unescape

import pytest

from portal.teams.models import Role
from tests.support.account import SECOND_SPACE
from tests.teams.narrowed import DEVICES, GROUPS, POLICIES, mirrored, narrow, sides

LINK = re.compile(r'<a [^>]*?href="([^"#?]+)(\?[^"#]*)?[^"]*"')
LEFT_OUT = re.compile(r"^(https?:|mailto:|/static/|/accounts/|/demo/)|/export\.|\.csv|\.jsonl")
PAGES_MAX = 120
BEGINNINGS = (
    "/",
    f"/{GROUPS}/",
    f"/{POLICIES}/",
    f"/{DEVICES}/",
    "/operations/",
    "/jobs/",
    "/audit/",
    "/teams/",
)


def walk(browser):
    """Yield (page, link, status) of each link that is refused. A shape of address is followed a few times."""
    waiting, seen, shapes = [("", path) for path in BEGINNINGS], set(), {}
    while waiting and len(seen) < PAGES_MAX:
        page, link = waiting.pop(0)
        shape = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d+", "*", link.partition("?")[0])
        if link in seen or shapes.get(shape, 0) >= 3:
            continue
        seen.add(link)
        shapes[shape] = shapes.get(shape, 0) + 1
        answer = browser.get(link, follow=True)
        if answer.status_code in (403, 404):
            yield page, link, answer.status_code
        if not answer.streaming:
            found = ["".join(each) for each in LINK.findall(answer.text)]
            waiting += [(link, unescape(each)) for each in found if not LEFT_OUT.search(each)]


WHO = {
    "viewer": (Role.VIEWER, ()),
    "narrowed viewer": (Role.VIEWER, (("iotda", SECOND_SPACE),)),
    "narrowed owner": (Role.OWNER, (("iotda", SECOND_SPACE), ("roma", ""))),
    "operator": (Role.OPERATOR, ()),
    "auditor": (Role.AUDITOR, ()),
}


@pytest.mark.parametrize("who", WHO)
def test_no_link_leads_to_what_the_person_may_not_see(plant, who):
    role, pairs = WHO[who]
    sides(plant)
    for slug in (GROUPS, POLICIES, DEVICES):
        mirrored(plant, slug)
    if pairs:
        narrow(plant, role, *pairs)
    assert list(walk(plant.browser(role))) == []
