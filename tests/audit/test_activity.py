"""The activity of the audit log: how much happened when.

Would catch: a bar that counts other rows than it leads to, somebody else's acts, a day cut by the wrong zone.
"""

import html
import re
from datetime import timedelta

import pytest

from portal.audit import activity, finding
from portal.audit.filters import Filters
from portal.teams.models import Role
from tests.audit.records import Oracle, fill
from tests.audit.test_filters import auditor, everything
from tests.audit.test_pages import NOWHERE, shown, write
from tests.support.plant import make_plant

pytestmark = pytest.mark.database


@pytest.fixture
def plants(db):
    return make_plant(NOWHERE), make_plant(NOWHERE, name="Harbour")


@pytest.mark.parametrize("facets_max", [300, 0])
def test_bars_count_what_the_filters_find(plants, monkeypatch, facets_max):
    monkeypatch.setattr(finding, "FACETS_MAX", facets_max)
    fill(plants, 120, clock_jumps=False)
    oracle, user = Oracle(), auditor()

    for values in (
        {},
        {"verb": "create"},
        {"q": "night shift"},
        {"since": "2026-03-02", "until": "2026-03-04"},
    ):
        step, bars = activity.bars(Filters.of(values, user))
        found = [oracle.stories[number]["first"].at for number in oracle.expected(values, everything)]
        assert step == ("hour" if "since" in values else "day")
        for bar in bars:
            assert bar.count == sum(bar.begins <= at < bar.ends for at in found)
        assert sum(bar.count for bar in bars) == len(found)


def test_a_bar_leads_to_the_rows_that_it_counts(plants):
    team, harbour = plants
    fill([team, harbour], 60, clock_jumps=False)
    browser = team.browser(Role.AUDITOR)

    page = browser.get("/audit/activity/?verb=create").content.decode()
    links = re.findall(r'<a href="(/audit/\?[^"]+)">(\d+)</a>', page)
    assert sum(int(count) for _link, count in links) > 3
    for link, count in links:
        assert len(shown(browser.get(html.unescape(link)))) == int(count)


def test_the_step_grows_with_the_time(plants):
    team, _harbour = plants
    user = auditor()
    (entry,) = write(team)
    for days, step in ((1, "hour"), (30, "day"), (300, "week"), (3000, "month")):
        since = (entry.at - timedelta(days=days)).strftime("%Y-%m-%d")
        found, bars = activity.bars(Filters.of({"since": since}, user))
        assert found == step
        assert sum(bar.count for bar in bars) == 1
        assert len(bars) <= 110


def test_nothing_found_is_said(plants):
    team, _harbour = plants
    page = team.browser(Role.AUDITOR).get("/audit/activity/?ticket=none").content.decode()
    assert "No matching entries" in page
