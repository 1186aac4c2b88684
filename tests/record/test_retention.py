"""A team's rule drops old requests and answers, and the record still verifies.

Would catch: a body of another team or of a younger entry that is lost, a header that is, a secret that can
still be searched, a rule that nobody can see in the record, and a body emptied without one.
"""

import json
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import timezone

from portal.record import dropping, verifying
from portal.record.findings import Result
from portal.record.models import Body, Entry
from portal.record.store import append
from portal.teams import retention, service
from portal.teams.models import Role, Team
from tests.record.tampering import anchor
from tests.support.plant import make_plant

pytestmark = pytest.mark.database
OLD = timedelta(days=31)


@pytest.fixture
def plant(committed_db, settings, tmp_path):
    settings.CHECKPOINT_SINKS = [f"file:{tmp_path / 'checkpoints.log'}"]
    return make_plant("http://127.0.0.1:9")


def old(team, *, count=3, age=OLD):
    line = {
        "stage": "note",
        "outcome": "ok",
        "actor": "a@example.test",
        "verb": "test",
        "team_id": str(team.pk),
    }
    line |= {"at": timezone.now() - age, "object_name": "pump", "body": {"text": "confidential"}}
    return [entry.seq for entry in append(*[line] * count)]


def kept():
    return set(Body.objects.exclude(text="").values_list("seq", flat=True))


def test_old_bodies_go_and_everything_else_stays(plant):
    other = Team.objects.create(name="Other")
    first, theirs, young = old(plant.team), old(other), old(plant.team, age=timedelta(days=29))
    owner = plant.people[Role.OWNER]
    service.set_retention(plant.team, actor=owner, days=30)
    before = list(Entry.objects.filter(seq__in=first).order_by("seq").values())
    changed = Entry.objects.get(verb="retention")
    assert json.loads(Body.objects.get(seq=changed.seq).text) == {
        "before": {"record_days": None},
        "after": {"record_days": 30},
    }

    retention.drop_due()
    retention.drop_due()

    told = Entry.objects.get(verb=dropping.VERB)
    assert kept() == {*theirs, *young, changed.seq, told.seq}
    assert list(Entry.objects.filter(seq__in=first).order_by("seq").values()) == before
    body = json.loads(Body.objects.get(seq=told.seq).text)
    assert (body["days"], body["count"], told.object_id) == (30, 3, str(body["to"]))
    assert not Body.objects.filter(seq__in=first, search__contains="confidential")
    assert Body.objects.filter(seq__in=first, search__contains="pump").count() == 3
    assert dropping.dropper(Entry.objects.get(seq=first[0])) == told
    assert dropping.dropper(Entry.objects.get(seq=young[0])) is None
    anchor()
    report = verifying.verify()
    assert (report.result, report.dropped) == (Result.GOOD, 3), report.findings


def test_many_are_dropped_in_pieces(plant, monkeypatch):
    monkeypatch.setattr(dropping, "AT_ONCE", 4)
    monkeypatch.setattr(dropping, "LOOKED", 7)
    other = Team.objects.create(name="Other")
    mine = old(plant.team, count=6) + old(other, count=20)[:0] + old(plant.team, count=5)
    Team.objects.filter(pk=plant.team.pk).update(record_days=30)

    retention.drop_due()

    assert not kept() & set(mine)
    assert len(kept()) == 20 + dropping.drops(str(plant.team.pk)).count()
    assert connection.in_atomic_block is False
    anchor()
    assert verifying.verify().result == Result.GOOD


def test_no_body_goes_without_an_entry_that_says_so(plant):
    (seq, *_rest) = old(plant.team)

    with pytest.raises(DatabaseError), transaction.atomic():
        dropping._empty({seq: ""})

    assert seq in kept()


ODD = ["", "99 ", "-1", "9" * 19, "9" * 40, "12abc", "１２"]


@pytest.mark.parametrize("number", ["x", *(pytest.param(each, marks=pytest.mark.full) for each in ODD)])
def test_an_entry_that_names_no_number_covers_nothing_and_stops_nobody(plant, number):
    mine = old(plant.team)
    line = {"stage": "outcome", "outcome": "done", "actor": "a@example.test", "verb": dropping.VERB}
    append({**line, "team_id": str(plant.team.pk), "object_id": number})
    with pytest.raises(DatabaseError), transaction.atomic():
        dropping._empty({mine[0]: ""})
    assert dropping.covered(str(plant.team.pk)) == 0
    assert dropping.dropper(Entry.objects.get(seq=mine[0])) is None
    Team.objects.filter(pk=plant.team.pk).update(record_days=30)

    retention.drop_due()

    assert not kept() & set(mine)
    anchor()
    assert verifying.verify().result == Result.GOOD


def test_a_team_without_a_rule_keeps_all(plant):
    mine = old(plant.team)

    retention.drop_due()

    assert set(mine) <= kept()


@pytest.mark.parametrize(
    ("role", "status"),
    [*[(role, 403) for role in Role if role != Role.OWNER], (Role.OWNER, 302), (None, 404)],
)
def test_only_an_owner_sets_it(plant, role, status):
    stranger = make_plant("http://127.0.0.1:9", name="Harbour").people[Role.OWNER]
    person = plant.people[role] if role else stranger
    client = Client(HTTP_HOST="localhost")
    client.force_login(person)

    assert client.post(f"/teams/{plant.team.pk}/retention/", {"days": "90"}).status_code == status

    plant.team.refresh_from_db()
    assert plant.team.record_days == (90 if status == 302 else None)
    told = Entry.objects.filter(verb="retention", actor=person.email)
    assert list(told.values_list("outcome", flat=True)) == {302: ["done"], 403: ["denied"], 404: []}[status]


@pytest.mark.parametrize("days", ["29", "3651", "many", "-1"])
def test_not_any_number_of_days_will_do(plant, days):
    client = Client(HTTP_HOST="localhost")
    client.force_login(plant.people[Role.OWNER])

    assert client.post(f"/teams/{plant.team.pk}/retention/", {"days": days}).status_code == 422

    assert not Entry.objects.filter(verb="retention").exists()
