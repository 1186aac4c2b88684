"""The guards of the service layer, broken one by one on a copy of the code: each turns a test red."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.operations import approval_guards
from tests.proofs import guards as proofs
from tests.support.guard import Guard
from tests.teams import account_guards, review_guards, token_guards
from tests.teams import guards as signing_in

ROOT = Path(__file__).resolve().parent.parent
GREEN, RED = 0, 1  # exit codes of pytest; anything else is a broken run and proves nothing


OPERATIONS, REFRESHING = "tests/operations/", "tests/resources/test_refreshing.py::"
GUARDS = [
    Guard(
        "the intent is committed before anything is sent",
        "portal/operations/life.py",
        "            statements.insert(operation)\n        append(*lines)\n",
        "            statements.insert(operation)\n",
        (f"{OPERATIONS}test_kill.py::test_killed_at[after_commit-enos/devices-create]",),
    ),
    Guard(
        "sending is committed before the socket opens",
        "portal/operations/service.py",
        "life.move(operation, State.SENDING, was=(State.INTENT,), guard=is_free, columns=columns)",
        "life.keep(operation, states=(State.INTENT,), **columns)",
        (f"{OPERATIONS}test_kill.py::test_killed_at[after_commit-enos/devices-create]",),
    ),
    Guard(
        "a create is never sent twice",
        "portal/platforms/retrying.py",
        "            return self._repeat is Repeat.READ or (",
        "            return bool(self) or (",
        (f"{OPERATIONS}test_perform.py::test_without_a_clear_answer_it_is_in_doubt_and_sent_once",),
    ),
    Guard(
        "one operation key is one request",
        "portal/operations/service.py",
        "    if existing and existing.body_hash != operation.body_hash:",
        "    if existing is operation:",
        (f"{OPERATIONS}test_perform.py::test_the_same_key_with_other_content_is_refused_and_not_sent",),
    ),
    Guard(
        "who was taken for dead holds nothing",
        "portal/operations/life.py",
        '    mine = {"id": operation.pk, "attempt": operation.attempt, "state": tuple(states)}',
        '    mine = {"id": operation.pk}',
        (f"{OPERATIONS}test_two_at_once.py::test_who_was_taken_for_dead_holds_no_object",),
    ),
    Guard(
        "what was cancelled is not sent",
        "portal/operations/service.py",
        """    if not is_mine:
        operation.refresh_from_db()""",
        """    if not is_mine and not change:
        operation.refresh_from_db()""",
        (f"{OPERATIONS}test_people.py::test_cancelled_before_it_is_sent_nothing_is_sent",),
    ),
    Guard(
        "two changes of one object do not run at once",
        "portal/operations/service.py",
        "    if change.target:\n        hold(operation)",
        "    if not operation:\n        hold(operation)",
        (f"{OPERATIONS}test_two_at_once.py::test_a_killed_process_lets_go_of_the_object",),
    ),
    Guard(
        "what changed since the form was opened is not overwritten",
        "portal/operations/service.py",
        "    if operation.expected is not None and differing(",
        "    if not operation and differing(",
        (
            f"{OPERATIONS}test_two_at_once.py::test_an_object_that_changed_since_the_form_was_opened_is_not_overwritten",
        ),
    ),
    Guard(
        "an update is not repeated over somebody else's change",
        "portal/operations/service.py",
        "change.data, operation.baseline).verdict != MISSED:",
        "change.data, operation.baseline).verdict is None:",
        (f"{OPERATIONS}test_settling.py::test_a_lost_update_is_not_repeated_over_somebody_elses_change",),
    ),
    Guard(
        "absence takes three looks over the settle time",
        "portal/operations/settling.py",
        '    if now - parse_datetime(missed[0]["at"]) < timedelta(seconds=settings.SETTLE_SECONDS):',
        "    if not now:",
        (f"{OPERATIONS}test_evidence.py::test_absent_takes_three_misses_over_the_settle_time",),
    ),
    Guard(
        "what was there before is not claimed",
        "portal/kinds/evidence.py",
        "        if baseline:\n",
        "        if baseline is None:\n",
        (f"{OPERATIONS}test_evidence.py::test_a_device_that_was_there_before_is_not_claimed",),
    ),
    Guard(
        "a name alone claims nothing",
        "portal/kinds/evidence.py",
        "        return (FOUND, NAME_FOUND()) if tells else",
        "        return (FOUND, NAME_FOUND()) if ignored else",
        (f"{OPERATIONS}test_evidence.py::test_a_name_alone_claims_nothing",),
    ),
    Guard(
        "no call inside a transaction",
        "portal/connections/clients.py",
        "    if blocks and not blocks[-1]._from_testcase:",
        "    if blocks and blocks[-1] is None:",
        (f"{OPERATIONS}test_perform.py::test_a_platform_is_not_even_read_inside_a_transaction",),
    ),
    Guard(
        "secrets in what is sent are sealed",
        "portal/operations/models.py",
        "        self.data = redact(data, longest=None)\n",
        "        self.data = data\n",
        (f"{OPERATIONS}test_people.py::test_a_secret_that_was_sent_is_sealed_while_the_answer_is_unknown",),
    ),
    Guard(
        "one probe",
        "portal/connections/gate.py",
        '        return mine if taken else ""',
        "        return mine",
        ("tests/connections/test_pauses.py::test_eight_processes_pause_together_and_send_one_probe",),
    ),
    Guard(
        "one token refresh",
        "portal/connections/tokens.py",
        "            if free.update(renewing_until=Now() + LEASE, renewer=mine):",
        "            if free.update(renewing_until=Now() + LEASE, renewer=mine) or True:",
        ("tests/connections/test_tokens.py::test_of_eight_that_need_a_token_at_once_one_fetches_it",),
    ),
    Guard(
        "only owners decide",
        "portal/operations/deciding.py",
        '    require_for(operation, actor, "settle", "decide")',
        '    require_for(operation, actor, "view", "decide")',
        (f"{OPERATIONS}test_people.py::test_only_owners_decide",),
    ),
    Guard(
        "states follow the table of moves",
        "portal/operations/life.py",
        "    if unknown := [state for state in was if to not in MOVES.get(state, ())]:",
        "    if unknown := [state for state in was if to not in State]:",
        ("tests/operations/test_life.py::test_no_operation_moves_but_by_the_table",),
    ),
    Guard(
        "who was taken for dead ends nothing",
        "portal/operations/life.py",
        '"attempt": operation.attempt + behind, "state": tuple(was)}',
        '"state": tuple(State)}',
        ("tests/operations/test_settling.py::test_the_fence_keeps_out_a_process_that_was_taken_for_dead",),
    ),
    Guard(
        "an answer about another object proves nothing",
        "portal/kinds/verbs.py",
        "    if updated and not bound.is_it(updated, bound.remote_id, bound.scope):",
        "    if not bound:",
        ("tests/operations/test_life.py::test_an_answer_about_another_object_proves_nothing",),
    ),
    Guard(
        "what was requested again meanwhile is not claimed",
        "portal/operations/settling.py",
        "        guard=still_ours if was == State.ABSENT and state == State.FOUND else None,",
        "        guard=None,",
        ("tests/operations/test_rivals.py::test_nor_is_what_is_requested_again_right_before_it_is_written",),
    ),
    Guard(
        "an object stays held while an attempt may arrive",
        "portal/operations/late.py",
        "    return unanswered > (to ==",
        "    return unanswered > 9 + (to ==",
        (f"{OPERATIONS}test_late_attempts.py::test_an_attempt_that_arrives_late_overwrites_nobody",),
    ),
    Guard(
        "what the portal renamed is still what the create made",
        "portal/operations/settling.py",
        "        since = () if operation.verb.on_object else (",
        "        since = () if operation else (",
        (f"{OPERATIONS}test_identity.py::test_what_a_colleague_renamed_is_still_what_the_create_made",),
    ),
    Guard(
        "one object is made by one create",
        "portal/operations/models.py",
        "        return names if self.verb.on_object else {",
        "        return names if names else {",
        (
            f"{OPERATIONS}test_claims.py::test_a_look_and_a_person_claim_one_object_once",
            f"{OPERATIONS}test_claims.py::test_of_two_who_say_at_once_that_one_object_is_theirs_one_is_told",
        ),
    ),
    Guard(
        "what another create made before is not ours",
        "portal/operations/authorship.py",
        "Operation.objects.filter(made__in=places).exclude(pk=operation.pk)",
        "Operation.objects.filter(made__in=places, pk=operation.pk)",
        (f"{OPERATIONS}test_claims.py::test_what_another_create_made_before_is_not_found_as_ours",),
    ),
    Guard(
        "a denial is recorded before it is raised",
        "portal/teams/recording.py",
        "        deny(denial, line)\n        raise",
        "        raise",
        ("tests/resources/test_access.py::test_a_denied_create_is_recorded_with_who_and_what",),
    ),
    Guard(
        "what was redacted stays as it is",
        "portal/record/redaction.py",
        "    if isinstance(value, str) and FINGERPRINT.fullmatch(value):",
        "    if value is FINGERPRINT:",
        ("tests/record/test_redaction.py::test_one_secret_has_one_fingerprint_however_often_it_passes",),
    ),
    Guard(
        "a body is made ready before anybody has to wait",
        "portal/record/store.py",
        "    lines = [each if isinstance(each, Line) else line(**each) for each in lines]\n"
        "    with transaction.atomic(savepoint=False), connection.cursor() as cursor:\n"
        "        seq, hash = guards.lock_head(cursor)\n",
        "    with transaction.atomic(savepoint=False), connection.cursor() as cursor:\n"
        "        seq, hash = guards.lock_head(cursor)\n"
        "        lines = [each if isinstance(each, Line) else line(**each) for each in lines]\n",
        ("tests/record/test_writing.py::test_a_body_is_made_ready_before_anybody_has_to_wait",),
    ),
    Guard(
        "no entry is written while a trigger of the record is missing",
        "portal/record/guards.py",
        "        if missing() or strangers():\n",
        "        if strangers():\n",
        ("tests/record/test_append_only.py::test_a_migration_that_rebuilds_the_table_leaves_it_append_only",),
    ),
    Guard(
        "an entry follows the one before",
        "portal/record/on_sqlite.py",
        " AND seq + 1 = NEW.seq AND hash = NEW.prev_hash",
        " AND seq + 1 = NEW.seq",
        ("tests/record/test_attacks.py::test_the_portals_own_connection_cannot_go_round_append_only",),
    ),
    Guard(
        "only triggers write what reviewers' lists are made of",
        "portal/record/authorizing.py",
        "    return first not in BY_TRIGGER or trigger in on_sqlite.TRIGGERS\n",
        "    return True\n",
        ("tests/record/test_attacks.py::test_the_portals_own_connection_cannot_go_round_append_only",),
    ),
    Guard(
        "a kind that contradicts itself does not start",
        "portal/kinds/contradictions.py",
        "        if verb.fields and typed != set(verb.fields):",
        "        if verb.fields and not typed:",
        ("tests/kinds/test_registry.py::test_a_field_that_is_edited_but_not_in_the_form_stops_the_portal",),
    ),
    Guard(
        "kept input opens for its person alone",
        "portal/web/kept.py",
        '        return json.loads(zlib.decompress(unseal_bytes(sealed, f"kept:{owner}")))',
        '        return json.loads(zlib.decompress(unseal_bytes(sealed, "kept")))',
        ("tests/web/test_kept.py::test_it_is_still_there_after_a_reload",),
    ),
    Guard(
        "a list that lags calls no row gone",
        "portal/resources/batches.py",
        "LAG = timedelta(minutes=5)",
        "LAG = timedelta(0)",
        (f"{REFRESHING}test_live_objects_that_a_lagging_list_lacks_are_looked_at[iotda/policies]",),
    ),
    Guard(
        "only a whole list calls rows gone",
        "portal/resources/refreshing.py",
        "        if not self.reading.is_whole:\n            return\n        began",
        "        began",
        (f"{REFRESHING}test_an_empty_page_below_the_count_calls_nothing_gone",),
    ),
    Guard(
        "what the portal deleted does not come back with a list",
        "portal/resources/batches.py",
        "            is_proof = row.gone_at <= since and row.pk not in removed",
        "            is_proof = True",
        (f"{REFRESHING}test_deleted_objects_that_a_lagging_list_shows_stay_gone[enos/devices]",),
    ),
    Guard(
        "a list from before an own change does not undo it",
        "portal/resources/batches.py",
        "        elif row.known_at <= since:",
        "        elif row:",
        (f"{REFRESHING}test_an_own_change_is_not_undone_by_a_list_from_before_it",),
    ),
    Guard(
        "one process writes a refresh",
        "portal/resources/batches.py",
        "    mine = Reading.objects.filter(pk=reading.pk, attempt=reading.attempt)",
        "    mine = Reading.objects.filter(pk=reading.pk)",
        (f"{REFRESHING}test_one_process_at_a_time_has_a_refresh_and_the_slower_one_writes_nothing",),
    ),
    Guard(
        "an own change is nobody else's",
        "portal/resources/drift.py",
        "    names = set(operation.data or ())",
        "    names = set()",
        ("tests/resources/test_drift.py::test_an_own_change_is_nobody_elses[enos/devices]",),
    ),
    *approval_guards.GUARDS,
    *account_guards.GUARDS,
    *signing_in.GUARDS,
    *review_guards.GUARDS,
    *token_guards.GUARDS,
    *proofs.GUARDS,
]
EVERY_GUARD = pytest.mark.parametrize("guard", GUARDS, ids=str)


@EVERY_GUARD
def test_the_guard_is_where_the_long_run_breaks_it(guard):
    assert (ROOT / guard.path).read_text().count(guard.old) == 1
    for test in guard.tests:
        path, name = test.partition("::")[0], test.rpartition("::")[2]
        assert f"def {name.partition('[')[0]}(" in (ROOT / path).read_text()


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The project's files as they are now, with the same .venv."""
    target = tmp_path_factory.mktemp("copy")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True, text=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


def run(copy, tests):
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-m", "not full", "-p", "no:cacheprovider", *tests]
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PORTAL_", "PYTEST_"))}
    return subprocess.run(command, cwd=copy, env=env, capture_output=True, text=True, check=False)


@pytest.mark.full
def test_unbroken_the_same_tests_are_green(copy):
    done = run(copy, sorted({test for guard in GUARDS for test in guard.tests}))
    assert done.returncode == GREEN, done.stdout[-4000:]


@pytest.mark.full
@EVERY_GUARD
def test_a_broken_guard_turns_a_test_red(guard, copy):
    path = copy / guard.path
    whole = path.read_text()
    path.write_text(whole.replace(guard.old, guard.new))
    try:
        done = run(copy, guard.tests)
    finally:
        path.write_text(whole)
    assert done.returncode == RED, done.stdout[-4000:]
