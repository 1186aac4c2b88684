"""Rules of teams: a reason, a ticket or an approval that is asked for certain changes.

Would catch: a door that does not ask, a rule that a step of a job slips through, a DENY that an edit leaves
in place unseen, typed input that is lost, rules that somebody else than an owner changes, or nobody records.
"""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.errors import NeedsApproval, NotAllowed, NotDecidable, WhyMissing
from portal.kinds.registry import KINDS
from portal.operations import rules, ruling, stepping, together
from portal.operations.change import Change, Then
from portal.operations.job import Job, Purpose
from portal.operations.models import Operation, State
from portal.record.models import Body, Entry
from portal.teams.models import Role
from tests.api.calling import Api, body_of, path_of
from tests.operations.ruled import BUS, DENYING, POLICY, person, rule, several
from tests.resources.forms import changing, edited, post, read, script
from tests.support.plant import make_plant

SEVERAL = "/enos/devices/new/several/"
NODE = "5ba24f5ebbe8f56f5a14f605_node-1"


def policy(plant, *statements):
    return plant.make(POLICY, statement=[*plant.data(POLICY)["statement"], *statements])


def test_a_form_asks_for_what_is_missing_and_keeps_what_was_typed(plant, emulator):
    rule(plant, any=["reason", "ticket"])
    browser = plant.browser(Role.OPERATOR)
    opened = browser.get(f"/{BUS}/new/").text
    assert "Your team asks for a reason." in opened
    assert 'for="id_ticket"' in opened

    filled = script(BUS, plant) | {"operation_key": "k"}
    answer = post(browser, f"/{BUS}/new/", filled)

    assert answer.status_code == 422
    assert set(read(answer).errors) == {"reason", "ticket"}
    assert filled["bus_name"] in answer.text
    assert not Operation.objects.exists()

    answer = post(browser, f"/{BUS}/new/", filled | {"reason": "new line", "ticket": "CHG-1"})
    assert answer.status_code == 302
    operation = Operation.objects.get()
    assert (operation.state, operation.reason, operation.ticket) == ("done", "new line", "CHG-1")


def test_a_button_without_a_form_asks_on_a_page_of_its_own(plant, emulator):
    row = plant.ready(BUS, "sync")
    Operation.objects.all().delete()
    rule(plant, **{f"{BUS} sync": ["reason"]})
    browser = plant.browser(Role.OPERATOR)

    answer = browser.post(f"/{BUS}/{row.pk}/sync/", {"operation_key": "k"})
    assert answer.status_code == 422
    assert "Your team asks for a reason." in answer.text
    assert not Operation.objects.exists()

    answer = browser.post(f"/{BUS}/{row.pk}/sync/", {**read(answer).fields, "reason": ["it hangs"]})
    assert answer.status_code == 302
    assert Operation.objects.get().reason == "it hangs"


def test_the_api_names_what_is_missing(plant, emulator):
    rule(plant, any=["reason"], delete=["ticket"])
    api = Api(plant, Role.MANAGER)
    row_of = plant.data(BUS)["bus_name"]
    answer = api.post(path_of(BUS, "create"), body_of(plant, BUS))
    assert answer.status_code == 422
    assert set(answer.json()["errors"]) == {"reason"}

    made = api.post(path_of(BUS, "create"), body_of(plant, BUS, reason="new line"))
    assert (made.status_code, made.json()["object"]["name"]) == (201, row_of)
    row = KINDS[BUS].model.objects.get()
    answer = api.post(path_of(BUS, "delete", row), {"reason": "old"})
    assert (answer.status_code, set(answer.json()["errors"])) == (422, {"ticket"})
    answer = api.post(path_of(BUS, "sync", row), {})  # a verb without a form
    assert (answer.status_code, set(answer.json()["errors"])) == (422, {"reason"})
    assert Operation.objects.count() == 1


@pytest.mark.parametrize("reason", ["", "   "])
def test_a_service_asks_whoever_calls_it(plant, reason):
    rule(plant, any=["reason"])
    with pytest.raises(WhyMissing) as missing:
        plant.perform(BUS, reason=reason)
    assert set(missing.value.fields) == {"reason"}
    assert not Operation.objects.exists()
    assert plant.perform(BUS, reason="new line").state == State.DONE


def test_several_creates_in_one_call_are_asked_as_creates(plant, emulator):
    rule(plant, **{"enos/devices create": ["reason"]})
    browser, filled = plant.browser(Role.OPERATOR), several(plant, "pump-1, One", "pump-2, Two")
    answer = post(browser, SEVERAL, filled)
    assert answer.status_code == 422
    assert set(read(answer).errors) == {"reason"}
    assert "pump-1, One" in answer.text
    assert not Operation.objects.exists()
    assert post(browser, SEVERAL, filled | {"reason": "hall 2"}).status_code == 302
    assert {each.reason for each in Operation.objects.all()} == {"hall 2"}


def test_a_rule_of_another_team_asks_nobody_here(plant, emulator):
    other = make_plant(emulator.url, "Harbour")
    rule(other, any=["reason", "approval"])
    assert plant.perform(BUS).state == State.DONE


@pytest.mark.parametrize(
    ("case", "verb", "is_asked"),
    [
        ("delete", "delete", True),
        ("delete", "update", False),
        ("bind", "bind", True),
        ("bind", "delete", False),
        (f"{POLICY} update", "update", True),
        (f"{POLICY} update", "delete", False),
        ("iotda/gone update", "update", False),
        ("any", "bind", True),
    ],
)
def test_a_rule_is_about_the_changes_it_names(plant, case, verb, is_asked):
    row = plant.make(POLICY)
    change = Change(KINDS[POLICY], KINDS[POLICY].verb(verb), row.connection, row, {"policy_name": "x"})
    assert rules.demanded({case: ["reason"]}, change) == ({"reason"} if is_asked else set())


class TestDenying:
    """A statement that denies: made, left by an edit, bound, and unknown."""

    DEMANDS = {"deny": ["reason"]}

    def demanded(self, row, verb, data, **more):
        kind = KINDS[POLICY]
        return rules.demanded(self.DEMANDS, Change(kind, kind.verb(verb), row.connection, row, data, **more))

    def test_a_create_is_judged_by_what_it_asks_for(self, plant):
        rule(plant, **self.DEMANDS)
        assert plant.perform(POLICY).state == State.DONE
        with pytest.raises(WhyMissing):
            policy(plant, DENYING)

    def test_an_edit_is_judged_by_what_it_leaves(self, plant):
        row = policy(plant, DENYING)
        shown = {"policy_name": "p", "statement": row.statement}
        assert self.demanded(row, "update", {"policy_name": "q"}, expected=shown)
        allow = {"statement": row.statement[:1]}
        assert not self.demanded(row, "update", allow, expected=shown)
        harmless = {**shown, "statement": row.statement[:1]}
        assert not self.demanded(row, "update", {"policy_name": "q"}, expected=harmless)
        assert self.demanded(row, "update", {"statement": [DENYING]}, expected=harmless)

    def test_a_delete_leaves_nothing(self, plant):
        assert not self.demanded(policy(plant, DENYING), "delete", {})

    def test_what_is_bound_counts_and_so_does_what_nobody_knows(self, plant):
        row, data = policy(plant, DENYING), {"target_type": "device", "target_ids": [NODE]}
        assert self.demanded(row, "bind", data)
        row.statement = row.statement[:1]
        assert not self.demanded(row, "bind", data)
        row.unshown = ["statement"]
        assert self.demanded(row, "bind", data)
        row.unshown, row.statement = None, [{**row.statement[0], "effect": "Deny"}]
        assert self.demanded(row, "bind", data)

    def test_what_follows_a_create_is_about_what_it_makes(self, plant):
        kind, linked = KINDS[POLICY], plant.connections["iotda"]
        then = (Then(kind, kind.verb("bind"), data={"target_type": "device", "target_ids": [NODE]}),)
        change = Change(kind, kind.verb("create"), linked, data=plant.data(POLICY), then=then)
        assert rules.demanded(self.DEMANDS, change) == set()
        assert rules.demanded({"bind": ["ticket"]}, change) == {"ticket"}

    def test_the_form_says_so_when_the_statement_is_there(self, plant):
        rule(plant, **self.DEMANDS)
        row = plant.make(POLICY)
        browser = plant.browser(Role.OWNER)
        fields = edited(browser, POLICY, row)
        denying = [{**row.statement[0], "effect": "DENY"}]
        fields = script(POLICY, plant, "update", statement=denying, expected=fields["expected"])
        answer = post(browser, changing(row, "update"), fields)
        assert answer.status_code == 422
        assert set(read(answer).errors) == {"reason"}


class TestJobs:
    def changes(self, plant, count=2):
        kind = KINDS[BUS]
        rows = [plant.make(BUS, bus_name=f"bus_{number}") for number in range(count)]
        return [Change(kind, kind.verb("delete"), row.connection, row) for row in rows]

    def ask(self, plant, changes, **options):
        actor = person(plant, Role.MANAGER)
        return together.request(changes, actor=actor, key="k", purpose=Purpose.EACH, **options)

    def test_are_asked_once_for_all_steps(self, plant):
        changes = self.changes(plant)
        rule(plant, delete=["reason"])
        with pytest.raises(WhyMissing):
            self.ask(plant, changes)
        assert not Job.objects.exists()
        job = self.ask(plant, changes, reason="old")
        stepping.carry_on(job.pk)
        job.refresh_from_db()
        assert job.state == "done"
        assert {each.reason for each in Operation.objects.filter(verb_name="delete")} == {"old"}

    @pytest.mark.parametrize(
        ("demand", "words"), [("ticket", "Your team asks why"), ("approval", "Your team asks for approval")]
    )
    def test_a_rule_that_came_meanwhile_stops_the_steps_that_have_yet_to_begin(self, plant, demand, words):
        job = self.ask(plant, self.changes(plant), reason="old")
        rule(plant, delete=["reason", demand])
        stepping.carry_on(job.pk)
        job.refresh_from_db()
        assert job.state == "incomplete"
        assert not Operation.objects.filter(verb_name="delete").exists()
        assert all(words in str(step.said) for step in job.steps.all())
        assert Entry.objects.filter(verb="delete", outcome="not_sent").count() == 2

    def test_the_page_of_many_rows_asks_and_keeps_the_selection(self, plant):
        rows = [each.target for each in self.changes(plant)]
        rule(plant, delete=["reason"])
        browser, path = plant.browser(Role.MANAGER), f"/{BUS}/bulk/delete/"
        opened = browser.post(path, {"pick": [str(row.pk) for row in rows]})
        assert "Your team asks for a reason." in opened.text
        fields = {**read(opened).fields, "count": ["2"]}
        answer = browser.post(path, fields)
        assert answer.status_code == 422
        assert set(read(answer).errors) == {"reason"}
        answer = browser.post(path, {**read(answer).fields, "count": ["2"], "reason": ["old"]})
        assert answer.status_code == 302
        assert Job.objects.get().reason == "old"


def test_what_is_tried_again_is_asked_again(plant, emulator):
    refused = {"fault": "answer", "status": 400, "body": {"error_code": "IOTDA.000006", "error_msg": "no"}}
    emulator.faults([{"match": {"method": "POST"}, **refused, "times": 1}])
    operation = plant.perform(BUS)
    assert operation.state == State.REJECTED
    rule(plant, any=["reason"])
    answer = plant.browser(Role.OPERATOR).post(
        f"/operations/{operation.pk}/requeue/", {"operation_key": "again"}
    )
    assert answer["Location"] == f"/{BUS}/new/?from={operation.pk}"  # its form asks why
    assert Operation.objects.count() == 1


def test_the_same_press_is_the_same_operation_although_a_rule_came_since(plant):
    first = plant.perform(BUS, key="k")
    rule(plant, any=["reason", "approval"])
    assert plant.perform(BUS, key="k").pk == first.pk
    with pytest.raises(WhyMissing):
        plant.perform(BUS, key="another")


class TestTheirPage:
    def path(self, plant):
        return f"/teams/{plant.team.pk}/rules/"

    def test_an_owner_sees_none_and_makes_some(self, plant):
        browser = plant.browser(Role.OWNER)
        opened = browser.get(self.path(plant))
        assert 'id="no-rules"' in opened.text
        fields = read(opened).fields
        fields |= {"for delete": ["reason", "approval"], "do": ["save"]}
        answer = browser.post(self.path(plant), fields)
        assert answer.status_code == 302
        assert ruling.current(plant.team) == {"delete": ["reason", "approval"]}
        entry = Entry.objects.get(verb="team_rules")
        assert (entry.outcome, entry.object_name) == ("done", plant.team.name)
        body = json.loads(Body.objects.get(seq=entry.seq).text)
        assert body["before"] == {"rules": {}}
        assert body["after"] == {"rules": {"delete": ["reason", "approval"]}}
        assert f'href="{self.path(plant)}"' in browser.get(f"/teams/{plant.team.pk}/").text

    def test_a_row_for_one_kind_is_added_without_saving_anything(self, plant):
        browser = plant.browser(Role.OWNER)
        fields = read(browser.get(self.path(plant))).fields
        fields |= {"add": [f"{BUS} sync"], "do": ["add"], "for delete": ["ticket"]}
        shown = browser.post(self.path(plant), fields)
        assert shown.status_code == 200
        assert ruling.current(plant.team) == {}
        fields = read(shown).fields
        assert fields["for delete"] == ["ticket"]
        browser.post(self.path(plant), fields | {f"for {BUS} sync": ["reason"], "do": ["save"]})
        assert ruling.current(plant.team) == {"delete": ["ticket"], f"{BUS} sync": ["reason"]}

    def test_two_owners_do_not_overwrite_each_other(self, plant):
        browser = plant.browser(Role.OWNER)
        fields = read(browser.get(self.path(plant))).fields
        rule(plant, bind=["ticket"])
        answer = browser.post(self.path(plant), fields | {"for delete": ["reason"], "do": ["save"]})
        assert answer.status_code == 409
        assert ruling.current(plant.team) == {"bind": ["ticket"]}
        with pytest.raises(NotDecidable):
            ruling.set_rules(plant.team, {}, actor=plant.people[Role.OWNER], opened={})

    @pytest.mark.parametrize("role", [Role.MANAGER, Role.AUDITOR])
    def test_others_see_them_and_are_refused(self, plant, role):
        rule(plant, delete=["reason"])
        browser = plant.browser(role)
        shown = browser.get(self.path(plant))
        assert "Required role: Owner" in shown.text
        assert 'id="submit"' not in shown.text
        answer = browser.post(self.path(plant), {"case": ["delete"], "do": ["save"]})
        assert answer.status_code == 403
        assert ruling.current(plant.team) == {"delete": ["reason"]}
        assert Entry.objects.filter(verb="team_rules", outcome="denied").count() == 1
        with pytest.raises(NotAllowed):
            ruling.set_rules(plant.team, {}, actor=plant.people[role])

    def test_another_team_finds_nothing(self, plant, emulator):
        other = make_plant(emulator.url, "Harbour")
        assert other.browser(Role.OWNER).get(self.path(plant)).status_code == 404


def test_a_step_that_needs_approval_asks_nobody_by_itself(plant):
    kind = KINDS[BUS]
    row = plant.make(BUS)
    change = Change(kind, kind.verb("delete"), row.connection, row)
    job = together.request([change], actor=person(plant, Role.MANAGER), key="k", purpose=Purpose.EACH)
    rule(plant, delete=["approval"])
    with pytest.raises(NeedsApproval):
        plant.perform(BUS, "delete", target=row, step=job.steps.get())


def test_rules_cost_a_change_no_statement_of_their_own(plant):
    counts = []
    for demands in ({}, {"any": ["reason"], "deny": ["approval"]}):
        rule(plant, **demands)
        plant.perform(BUS, data={**plant.data(BUS), "bus_name": f"warm_{len(counts)}"}, reason="r")
        with CaptureQueriesContext(connection) as asked:
            plant.perform(BUS, data={**plant.data(BUS), "bus_name": f"bus_{len(counts)}"}, reason="r")
        counts.append(len(asked))
    assert counts[0] == counts[1]
