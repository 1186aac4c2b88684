"""Is the record intact? answered on a page.

Would catch: a check that nobody sees the end of, a result that is not recorded, a bad entry without number,
a page that hides that nothing leaves the machine.
"""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from portal.record import checking
from portal.record.models import Body, Entry, Sink, Verification
from portal.record.store import append
from portal.teams import retention, service
from portal.teams.models import Role, User
from tests.record import tampering
from tests.support.plant import make_plant

pytestmark = pytest.mark.database


@pytest.fixture
def db_(databases, django_db_setup, django_db_blocker, settings, tmp_path):
    settings.CHECKPOINT_SINKS = [f"file:{tmp_path / 'checkpoints.log'}"]
    with django_db_blocker.unblock(), tampering.tamperer(databases, "intact") as made:
        tampering.fill(3, 20, every=6)
        made.plant = make_plant("http://127.0.0.1:9")
        yield made


def browser(person):
    client = Client(HTTP_HOST="localhost")
    client.force_login(person)
    return client


def test_a_check_ends_with_its_result_on_the_page_and_in_the_record(db_):
    client = browser(db_.plant.people[Role.AUDITOR])
    assert "Nobody has checked it yet." in client.get("/audit/intact/").content.decode()

    page = client.post("/audit/intact/", follow=True).content.decode()

    assert 'data-result="good"' in page
    assert "The record is intact." in page
    assert "Checked: 20 entries, 20 requests and answers" in page
    entry = Entry.objects.get(verb="verify")
    assert (entry.outcome, entry.actor, entry.team) == ("ok", db_.plant.people[Role.AUDITOR].email, "Plant 3")
    assert json.loads(Body.objects.get(seq=entry.seq).text)["entries"] == 20


def test_the_first_bad_entry_is_named_with_a_link(db_):
    with db_.at_work():
        db_.run("UPDATE record_entry SET actor = 'somebody' WHERE seq = 7")
    client = browser(User.objects.create_user("r@example.test", is_portal_auditor=True))

    page = client.post("/audit/intact/", follow=True).content.decode()

    assert 'data-result="tampered"' in page
    assert '<a href="/audit/7/">The first bad entry is 7</a>' in page
    assert "Entry 7 was changed" in page
    assert Verification.objects.get().first_bad == 7
    assert Entry.objects.get(verb="verify").outcome == "failed"


def test_a_second_press_asks_for_no_second_check(db_):
    first = checking.ask(actor_id="", actor="a@example.test")

    assert checking.ask(actor_id="", actor="b@example.test") == first
    page = browser(db_.plant.people[Role.OWNER]).get("/audit/intact/").content.decode()
    assert "Checking: 0 of 20 entries" in page


def test_a_check_whose_worker_was_killed_is_asked_for_again(db_):
    row = checking.ask(actor_id="", actor="a@example.test")
    assert list(checking.due()) == [(row.pk,)]
    assert list(checking.due()) == []
    Verification.objects.update(lease_until="2026-01-01T00:00:00Z")
    assert list(checking.due()) == [(row.pk,)]

    checking.run(row.pk)
    checking.run(row.pk)

    row.refresh_from_db()
    assert (row.result, row.checked) == ("good", 20)
    assert Entry.objects.filter(verb="verify").count() == 1


def test_who_asked_for_a_check_is_told_to_the_own_team_alone(db_):
    team, owner = db_.plant.team, db_.plant.people[Role.OWNER]
    row = checking.ask(actor_id=str(owner.pk), actor=owner.email, team_id=str(team.pk), team=team.name)
    checking.run(row.pk)
    other = make_team("Harbour")

    assert owner.email in browser(db_.plant.people[Role.AUDITOR]).get("/audit/intact/").content.decode()
    page = browser(other).get("/audit/intact/").content.decode()
    assert 'data-result="good"' in page
    assert owner.email not in page


def make_team(name):
    """The owner of another team."""
    admin = User.objects.create_user("admin@example.test", is_portal_admin=True)
    owner = {"email": "o@harbour.example.test", "name": "", "password": "a long one 4711"}
    team = service.create_team(actor=admin, name=name, owner=owner)
    return team.memberships.get().user


def test_the_page_says_when_nothing_leaves_this_machine(db_, settings):
    client = browser(db_.plant.people[Role.VIEWER])
    assert client.get("/audit/intact/").status_code == 403
    client = browser(db_.plant.people[Role.MANAGER])
    page = client.get("/audit/intact/").content.decode()
    assert "data-no-outside" in page
    assert "Check the whole audit log" not in page

    settings.CHECKPOINT_SINKS = ["https://ann:secret-word@log.example.test/in?token=secret-word"]
    page = client.get("/audit/intact/").content.decode()
    assert "data-no-outside" not in page
    assert "https://log.example.test/…" in page
    assert "secret-word" not in page


def test_the_path_of_a_sink_is_shown_to_portal_administrators_alone(db_, settings):
    settings.CHECKPOINT_SINKS = ["https://log.example.test/services/secret-word", "file:/var/log/c.log"]
    Sink.objects.create(address="https://log.example.test/services/secret-word", error="HTTP 500")
    people = [db_.plant.people[Role.OWNER], User(email="r@example.test", is_portal_auditor=True)]
    admin = User(email="a@example.test", is_portal_admin=True)
    User.objects.bulk_create([people[1], admin])

    for person in (*people, admin):
        for address in ("/audit/", "/audit/intact/"):
            page = browser(person).get(address).content.decode()
            assert ("secret-word" in page) == (person == admin)
            assert "https://log.example.test/" in page


def test_a_dropped_body_is_said_on_the_page_of_its_entry(db_):
    team = db_.plant.team
    line = {"stage": "note", "outcome": "ok", "actor": "a@example.test", "verb": "test", "body": {"n": 1}}
    line |= {"team_id": str(team.pk), "team": team.name, "at": timezone.now() - timedelta(days=50)}
    (entry,) = append(line)
    service.set_retention(team, actor=None, days=30)
    retention.drop_due()

    client = browser(db_.plant.people[Role.AUDITOR])
    page = client.get(f"/audit/{entry.seq}/").content.decode()

    assert "data-dropped" in page
    assert "was dropped by the team's rule" in page
    (other,) = append({**line, "at": timezone.now()})
    assert "data-dropped" not in client.get(f"/audit/{other.seq}/").content.decode()
