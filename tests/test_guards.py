"""The guards of the service layer, broken one by one on a copy of the code: each turns a test red."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
GREEN, RED = 0, 1  # exit codes of pytest; anything else is a broken run and proves nothing


@dataclass(frozen=True)
class Guard:
    """`old` stands exactly once in `path`; with `new` in its place one of `tests` must fail."""

    name: str
    path: str
    old: str
    new: str
    tests: tuple

    def __str__(self):
        return self.name


OPERATIONS = "tests/operations/"
GUARDS = [
    Guard(
        "the intent is committed before anything is sent",
        "portal/operations/service.py",
        """            Operation.objects.bulk_create([operation])
            append(entries.line(operation, Stage.INTENT, "asked", body))
""",
        "            Operation.objects.bulk_create([operation])\n",
        (f"{OPERATIONS}test_kill.py::test_killed_at[after_commit-enos/devices-create]",),
    ),
    Guard(
        "sending is committed before the socket opens",
        "portal/operations/service.py",
        "            if not mine.update(state=State.SENDING, lease_until=Now() + LEASE, **changes):",
        "            if not mine.update(lease_until=Now() + LEASE, **changes):",
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
        "the fence keeps out who was taken for dead",
        "portal/operations/service.py",
        "    return Operation.objects.filter(pk=operation.pk, attempt=operation.attempt)\n",
        "    return Operation.objects.filter(pk=operation.pk)\n",
        (f"{OPERATIONS}test_two_at_once.py::test_who_was_taken_for_dead_holds_no_object",),
    ),
    Guard(
        "what was cancelled is not sent",
        "portal/operations/service.py",
        """    if not mark_sending(operation):
        operation.refresh_from_db()""",
        """    if not mark_sending(operation) and not client:
        operation.refresh_from_db()""",
        (f"{OPERATIONS}test_people.py::test_cancelled_before_it_is_sent_nothing_is_sent",),
    ),
    Guard(
        "two changes of one object do not run at once",
        "portal/operations/service.py",
        "    if target:\n        _hold(operation)",
        "    if not operation:\n        _hold(operation)",
        (f"{OPERATIONS}test_two_at_once.py::test_a_killed_process_lets_go_of_the_object",),
    ),
    Guard(
        "what changed since the form was opened is not overwritten",
        "portal/operations/service.py",
        "    if expected is not None and not all(",
        "    if expected is None and not all(",
        (
            f"{OPERATIONS}test_two_at_once.py::test_an_object_that_changed_since_the_form_was_opened_is_not_overwritten",
        ),
    ),
    Guard(
        "an update is not repeated over somebody else's change",
        "portal/operations/service.py",
        "            if verb.settle.look(client, data, target, operation.baseline).verdict != MISSED:\n"
        "                return False",
        "            verb.settle.look(client, data, target, operation.baseline)",
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
        "portal/kinds/settling.py",
        "        if baseline:\n",
        "        if baseline is None:\n",
        (f"{OPERATIONS}test_evidence.py::test_a_device_that_was_there_before_is_not_claimed",),
    ),
    Guard(
        "a name alone claims nothing",
        "portal/kinds/settling.py",
        '        if not any(row["same"] for row in found[0]["compared"] if row["field"] not in ignored):',
        "        if ignored is None:",
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
]
EVERY_GUARD = pytest.mark.parametrize("guard", GUARDS, ids=str)


@EVERY_GUARD
def test_the_guard_is_where_the_long_run_breaks_it(guard):
    assert (ROOT / guard.path).read_text().count(guard.old) == 1
    for test in guard.tests:
        path, _colons, name = test.partition("::")
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
