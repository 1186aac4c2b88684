"""Reviewers at work in the audit log.

Would catch: a filter that needs the mouse in three places, an answer that does not say what changed, a filter
lost on the way back, a page that breaks on a phone or in dark.
"""

import json
import subprocess
import sys
import uuid
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from portal.record import sinks
from portal.record.models import Entry
from portal.record.store import append
from tests.browser.pages import looks_right
from tests.examples import creating
from tests.examples.iotda_policies import STATEMENT
from tests.record.tampering import anchor
from tests.support.plant import demo_plant

REVIEWER = "reviewer@example.test"
POLICY = "iotda/policies"


@pytest.fixture
def busy(portal_server):
    """A day of the demo team: one of each kind, a policy that somebody changed, and one more refused."""
    demo = demo_plant()
    for slug in creating():
        demo.perform(slug)
    row = demo.make(POLICY, policy_name="north-gate")
    statement = [STATEMENT[0] | {"effect": "DENY"}]
    data = {"policy_name": "north-gate-denied", "statement": statement}
    demo.perform(POLICY, "update", target=row, data=data, expected=None, reason="CVE found in the pumps")
    demo.perform("iotda/soft-buses")
    return demo


class Interactions:
    """Counts what a person does: each click, each field that is filled, each choice, each command."""

    def __init__(self, page):
        self.page, self.count = page, 0

    def click(self, locator):
        self.count += 1
        locator.click()

    def fill(self, locator, text):
        self.count += 1
        locator.fill(text)

    def choose(self, locator, value):
        self.count += 1
        locator.select_option(value)

    def download(self, locator, path):
        with self.page.expect_download() as started:
            self.click(locator)
        started.value.save_as(path)

    def unzip(self, path, directory):
        self.count += 1
        with zipfile.ZipFile(path) as archive:
            archive.extractall(directory)

    def run(self, directory, *arguments):
        """(exit code, what it says) of a program, with nothing of the portal around it."""
        self.count += 1
        command = [sys.executable, "-I", *arguments]
        done = subprocess.run(command, cwd=directory, env={}, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr


def test_who_changed_a_policy_last_week_and_what(open_page, busy):
    """By its first name, which it does not have any more; at most six interactions."""
    page = open_page(email=REVIEWER)
    page.goto("/")
    does = Interactions(page)

    does.click(page.get_by_role("link", name="Audit log").first)
    does.fill(page.locator("#q"), "north-gate")
    expect(page.locator("tr[data-seq]")).to_have_count(2)
    row = page.locator("tr[data-seq]").first
    expect(row).to_contain_text("operator@example.test changed device policy north-gate-denied")
    does.click(row.get_by_role("link").first)

    changes = page.locator("#changes")
    expect(changes).to_contain_text("north-gate-denied")
    expect(changes).to_contain_text("Denies publishing")
    expect(page.locator("#proof")).to_have_attribute("data-right", "true")
    assert does.count <= 6


def changed_policy(demo, at, effect, verb="update"):
    """What the services write of a change of a policy; the numbers of its entries."""
    person, connection = demo.people["operator"], demo.connections["iotda"]
    body = {"after": {"statement": [STATEMENT[0] | {"effect": effect}]}}
    about = {
        **{
            "kind": POLICY,
            "verb": verb,
            "platform": "iotda",
            "object_id": "p-1",
            "object_name": "north-gate",
        },
        **{"actor": person.email, "actor_id": str(person.pk), "at": at, "operation": str(uuid.uuid4())},
        **{"team": demo.team.name, "team_id": str(demo.team.pk)},
        **{"connection": connection.name, "connection_id": str(connection.pk)},
    }
    asked = {**about, "stage": "intent", "outcome": "asked", "body": body}
    return [
        each.seq for each in append(asked, {**about, "stage": "outcome", "outcome": "done", "body": body})
    ]


def test_the_deny_changes_of_last_march_are_exported_and_verified_offline(open_page, busy, tmp_path):
    """At most twelve interactions; the key is taken from the portal's page, not from the export."""
    today = timezone.now()
    year = today.year if today.month > 3 else today.year - 1
    march = [datetime(year, 3, day, 23, 30, tzinfo=UTC) for day in (1, 31)]
    wanted = [seq for at in march for seq in changed_policy(busy, at, "DENY")]
    changed_policy(busy, march[0], "ALLOW")
    changed_policy(busy, march[0], "DENY", verb="create")
    for month, day in ((2, 28), (4, 1)):
        changed_policy(busy, datetime(year, month, day, tzinfo=UTC), "DENY")
    page = open_page(email=REVIEWER)
    page.goto("/")
    does = Interactions(page)

    does.click(page.get_by_role("link", name="Audit log").first)
    does.click(page.get_by_role("link", name="Is it intact?"))
    key = page.locator("dt:text-is('Public key') + dd code").inner_text()
    does.click(page.get_by_role("link", name="Audit log").first)
    does.fill(page.locator("#q"), "DENY")
    does.choose(page.get_by_label("Action"), "update")
    does.click(page.get_by_text("Dates and more filters"))
    does.fill(page.locator("#since"), f"{year}-03-01")
    does.fill(page.locator("#until"), f"{year}-03-31")
    expect(page.locator("tr[data-seq]")).to_have_count(2)
    does.click(page.get_by_role("link", name="Export"))
    does.download(page.get_by_role("button", name="Download evidence (ZIP)"), tmp_path / "evidence.zip")
    does.unzip(tmp_path / "evidence.zip", tmp_path / "evidence")
    code, said = does.run(tmp_path / "evidence", "verify.py", ".", "--key", key)

    assert (code, does.count) == (0, 12), said
    assert "the key that you named" in said
    lines = (tmp_path / "evidence" / "entries.jsonl").read_text().splitlines()
    assert [json.loads(line)["seq"] for line in lines] == wanted
    # What proves it: a line that is not what was written.
    forged = [lines[0].replace("north-gate", "south-gate"), *lines[1:], ""]
    (tmp_path / "evidence" / "entries.jsonl").write_text("\n".join(forged))
    assert does.run(tmp_path / "evidence", "verify.py", ".", "--key", key)[0] == 1


@pytest.fixture
def own_file(portal_server):
    """The file of checkpoints is that of this test's record alone, as in an installation of its own."""
    for path in map(Path, sinks.files().values()):
        path.unlink(missing_ok=True)
    anchor()


def test_is_the_record_intact(open_page, busy, own_file):
    """At most three interactions: with time, number of entries and the last checkpoint."""
    page = open_page(email=REVIEWER)
    page.goto("/")
    does = Interactions(page)

    does.click(page.get_by_role("link", name="Audit log").first)
    does.click(page.get_by_role("link", name="Is it intact?"))
    does.click(page.get_by_role("button", name="Check the whole audit log"))

    answer = page.locator("#intact[data-result=good]")
    expect(answer).to_contain_text("The record is intact.")
    expect(answer).to_contain_text(f"{timezone.now():%Y-%m-%d}")
    expect(answer).to_contain_text("entries")
    expect(answer).to_contain_text("Last checkpoint")
    assert does.count <= 3
    # From then on the list itself says so.
    page.goto("/audit/")
    expect(page.locator(".intact[data-result=good]")).to_contain_text("The record is intact.")


def test_a_reviewer_can_follow_every_link(open_page, busy, problems):
    page = open_page(email=REVIEWER)
    entry = Entry.objects.filter(verb="update", stage="outcome").latest("seq")
    page.goto(f"/audit/{entry.seq}/")
    links = page.locator("main a").evaluate_all("links => links.map(each => each.href)")

    assert len(links) > 3
    for link in set(links):
        assert page.goto(link).status == 200, link


def test_filters_narrow_at_once_and_the_address_is_the_query(open_page, busy):
    page = open_page(email=REVIEWER)
    page.goto("/audit/")
    everything = page.locator("tr[data-seq]").count()  # reading adds one
    page.get_by_label("Outcome").select_option("rejected")
    expect(page.locator("tr[data-seq]")).to_have_count(1)
    assert "outcome=rejected" in page.url
    page.reload()
    expect(page.locator("tr[data-seq]")).to_have_count(1)
    page.get_by_text("Clear filters").click()
    expect(page.locator("tr[data-seq]")).to_have_count(everything + 1)
    page.go_back()
    expect(page.get_by_label("Outcome")).to_have_value("rejected")


def test_what_cannot_be_read_is_told_beside_its_filter_and_stays(open_page, busy):
    page = open_page(email=REVIEWER)
    page.goto("/audit/?since=yesterday&q=po")

    expect(page.locator("#problem-since")).to_contain_text("yesterday is not a date")
    expect(page.locator("#since")).to_have_value("yesterday")
    expect(page.locator("#problem-q")).to_have_text("Type at least 3 letters.")
    page.locator("#q").fill("policy")
    expect(page.locator("#problem-q")).to_be_hidden()
    expect(page.locator("#problem-since")).to_contain_text("yesterday is not a date")


def test_it_works_without_script(open_page, busy):
    page = open_page(email=REVIEWER, javascript=False)
    page.goto("/audit/")
    page.locator("#q").fill("north-gate")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("tr[data-seq]")).to_have_count(2)
    page.locator("tr[data-seq]").first.locator("summary").click()
    expect(page.locator("tr[data-seq]").first.locator("li")).to_have_count(2)


def test_the_activity_is_drawn_from_its_table(open_page, busy):
    page = open_page(email=REVIEWER)
    page.goto("/audit/?verb=create")
    page.locator("#activity-fold > summary").click()
    expect(page.locator("#activity canvas")).to_be_visible()
    page.get_by_text("The same as a table").click()
    count = page.locator("#activity td a").last
    rows = int(count.inner_text())
    count.click()
    expect(page.locator("tr[data-seq]")).to_have_count(rows)


@pytest.mark.full
def test_looks(open_page, busy):
    page = open_page(email=REVIEWER)
    page.goto("/audit/")
    looks_right(page, "audit-list")
    page.locator("#activity-fold > summary").click()
    expect(page.locator("#activity canvas")).to_be_visible()
    looks_right(page, "audit-activity")
    page.goto("/audit/?since=2020-01-01&q=north-gate")
    page.locator("tr[data-seq] summary").first.click()
    looks_right(page, "audit-filtered")
    page.goto("/audit/?since=yesterday&q=no")
    looks_right(page, "audit-problems")
    page.goto("/audit/?q=nothing like that")
    looks_right(page, "audit-nothing")
    for verb, stage in (("update", "outcome"), ("create", "intent")):
        entry = Entry.objects.filter(verb=verb, stage=stage, kind=POLICY).latest("seq")
        page.goto(f"/audit/{entry.seq}/")
        looks_right(page, f"audit-entry-{verb}")
