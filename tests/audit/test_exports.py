"""Exports of the record, and the program that checks them on a machine without the portal.

Would catch: a line that can be removed, added or changed unnoticed, an entry of another team, an export that
nobody recorded, a formula in a spreadsheet, and a record that must fit into memory.
"""

import csv
import io
import json
import shutil
import subprocess
import sys
import zipfile

import pytest
from django.conf import settings as real
from django.test import Client

from portal.record import standalone
from portal.record.models import Body, Entry
from portal.record.store import append
from portal.teams.models import Role, User
from tests.record.tampering import anchor
from tests.support.plant import make_plant
from tests.support.processes import run_manage

pytestmark = pytest.mark.database
NOWHERE = "http://127.0.0.1:9"
CONTRACT = (
    "seq at actor team kind verb stage outcome connection object_id object_name operation http_status"
    " platform_code platform_request_id duration_ms prev_hash hash"
).split()


@pytest.fixture
def plant(committed_db, settings, tmp_path):
    settings.CHECKPOINT_SINKS = [f"file:{tmp_path / 'checkpoints.log'}"]
    made = make_plant(NOWHERE)
    made.other = make_plant(NOWHERE, name="Harbour")
    line = {"stage": "note", "outcome": "ok", "actor": "=cmd()", "actor_id": "x", "verb": "create"}
    for number in range(8):
        for team in (made.team, made.other.team):
            about = {"kind": "iotda/spaces", "team_id": str(team.pk), "team": team.name}
            body = {"n": number, "team": team.name}
            append({**line, **about, "object_name": f"总线 {number} of {team.name}", "body": body})
    return made


def browser(person):
    client = Client(HTTP_HOST="localhost")
    client.force_login(person)
    return client


def export(person, format, query=""):
    response = browser(person).post(f"/audit/export/{query}", {"format": format})
    assert response.status_code == 200, response.content[:500]
    return b"".join(response.streaming_content)


def check(directory, *arguments):
    """Run verify.py there as somebody does who has nothing of the portal: (exit code, what it says)."""
    done = subprocess.run(
        [sys.executable, "-I", "verify.py", *arguments],
        cwd=directory,
        env={},
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout


@pytest.fixture
def unpacked(plant, tmp_path):
    """A ZIP of evidence of one team's entries, unpacked: its directory."""
    anchor()
    data = export(plant.people[Role.AUDITOR], "zip", "?verb=create")
    directory = tmp_path / "evidence"
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        archive.extractall(directory)
    return directory


def lines_of(directory):
    return (directory / "entries.jsonl").read_text().splitlines()


def test_evidence_is_checked_anywhere_and_holds_what_was_asked_for(unpacked, plant):
    code, said = check(unpacked)

    told = [json.loads(line) for line in lines_of(unpacked)]
    assert (code, {each["team"] for each in told}, len(told)) == (0, {"Plant 3"}, 8), said
    last = Entry.objects.latest("seq")
    assert f"Checked: 8 entries, 8 bodies, 2 checkpoints.\nWithheld: {last.seq - 8} entries" in said
    assert all(set(CONTRACT) <= set(each) for each in told)
    assert json.loads(told[0]["body_text"]) == {"n": 0, "team": "Plant 3"}
    assert "Harbour" not in "".join(path.read_text() for path in unpacked.iterdir())
    summary = (unpacked / "summary.html").read_text()
    assert "总线 7 of Plant 3" in summary
    assert "verify.py" in (unpacked / "README.txt").read_text()
    key = json.loads((unpacked / "checkpoints.jsonl").read_text())["key"]
    assert check(unpacked, "--key", key)[0] == 0
    assert check(unpacked, "--key", "0" * 64)[0] == 1


def test_a_body_that_was_taken_out_is_said(unpacked):
    lines = lines_of(unpacked)
    line = json.loads(lines[3])
    del line["salt"], line["body_text"]
    (unpacked / "entries.jsonl").write_text("\n".join([*lines[:3], json.dumps(line), *lines[4:], ""]))

    code, said = check(unpacked)

    assert code == 0
    assert "Checked: 8 entries, 7 bodies" in said
    assert "Without a body: 1 entries." in said


def test_the_name_of_a_key_alone_is_not_called_the_key(unpacked):
    key = json.loads((unpacked / "checkpoints.jsonl").read_text())

    assert "the key that you named" in check(unpacked, "--key", key["key"])[1]
    said = check(unpacked, "--key", key["key_id"])[1]
    assert key["key"] in said
    assert "the key that you named" not in said


def removed(lines, at):
    return lines[:at] + lines[at + 1 :]


def changed(lines, at, **values):
    line = json.loads(lines[at]) | values
    return [*lines[:at], json.dumps(line), *lines[at + 1 :]]


def unsaid(lines, at):
    line = json.loads(lines[at])
    for name in ("withheld_before", "withheld_after"):
        line.pop(name, None)
    return [*lines[:at], json.dumps(line), *lines[at + 1 :]]


def swapped(lines, at):
    return [*lines[: at - 1], lines[at], lines[at - 1], *lines[at + 1 :]]


CHANGES = {
    "a line is removed": removed,
    "two lines change places": lambda lines, at: [
        *lines[:at][:-1],
        lines[at],
        lines[at - 1],
        *lines[at + 1 :],
    ],
    "a name is changed": lambda lines, at: changed(lines, at, actor="somebody@example.test"),
    "a number is changed": lambda lines, at: changed(lines, at, seq=99),
    "a type is changed": lambda lines, at: changed(lines, at, attempt="0"),
    "a number gets a fraction": lambda lines, at: changed(lines, at, attempt=0.0),
    "a field is added": lambda lines, at: changed(lines, at, approved=True),
    "a body is changed": lambda lines, at: changed(lines, at, body_text="{}"),
    "a hash is changed": lambda lines, at: changed(lines, at, hash="0" * 64),
    "what was withheld is not said": unsaid,
    "a line is doubled": lambda lines, at: [*lines[: at + 1], *lines[at:]],
    "a line is no JSON": lambda lines, at: [*lines[:at], lines[at][:-5], *lines[at + 1 :]],
}


@pytest.mark.parametrize("what", CHANGES)
def test_the_verifier_objects_when(unpacked, what):
    lines = lines_of(unpacked)
    for at in (1, 4, len(lines) - 1):
        (unpacked / "entries.jsonl").write_text("\n".join([*CHANGES[what](lines, at), ""]))
        code, said = check(unpacked)
        assert code == 1, (at, said)
        assert said.startswith("NOT AS IT WAS WRITTEN."), said


def test_a_forged_checkpoint_or_none_proves_nothing(unpacked):
    path = unpacked / "checkpoints.jsonl"
    text = path.read_text()
    path.write_text(text.replace('"size":', '"size":1'))
    assert check(unpacked)[0] == 1
    path.write_text("")
    assert check(unpacked)[0] == 2


def test_lines_of_json_are_lossless_and_csv_runs_no_formula(plant):
    owner = plant.people[Role.OWNER]
    told = [json.loads(line) for line in export(owner, "jsonl", "?verb=create").decode().splitlines()]
    rows = list(csv.DictReader(io.StringIO(export(owner, "csv", "?verb=create").decode("utf-8-sig"))))

    entries = Entry.objects.filter(verb="create", team_id=str(plant.team.pk)).order_by("seq")
    assert [each["seq"] for each in told] == [int(each["seq"]) for each in rows]
    assert [each["hash"] for each in told] == list(entries.values_list("hash", flat=True))
    assert {each["actor"] for each in rows} == {"'=cmd()"}
    assert rows[0]["at"] == told[0]["at"]
    assert told[0]["at"].endswith("Z")


def test_who_exports_what_is_recorded_first(plant):
    owner = plant.people[Role.OWNER]
    browser(owner).post("/audit/export/?verb=create&kind=iotda/spaces", {"format": "csv"})  # nothing is read

    entry = Entry.objects.latest("seq")
    assert (entry.verb, entry.actor, entry.team) == ("export", owner.email, "Plant 3")
    body = json.loads(Body.objects.get(seq=entry.seq).text)
    assert body == {"format": "csv", "filters": {"verb": "create", "kind": "iotda/spaces"}, "rows": 8}


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.VIEWER, 403), (Role.OPERATOR, 403), (Role.MANAGER, 403), (Role.AUDITOR, 200), (Role.OWNER, 200)],
)
def test_only_auditors_and_owners_export_and_verify(plant, role, status):
    client = browser(plant.people[role])
    assert client.get("/audit/export/").status_code == status
    assert client.post("/audit/export/", {"format": "csv"}).status_code == status
    assert client.post("/audit/intact/").status_code == (302 if status == 200 else 403)
    if status == 403 and role != Role.VIEWER:
        assert Entry.objects.filter(verb="verify", outcome="denied", actor=plant.people[role].email).exists()


def test_an_operator_elsewhere_exports_nothing_from_there(plant):
    person = plant.people[Role.OWNER]
    plant.other.team.memberships.create(user=person, role=Role.OPERATOR)
    append(
        {
            **{"stage": "note", "outcome": "ok", "actor": person.email, "actor_id": str(person.pk)},
            **{"verb": "create", "team_id": str(plant.other.team.pk), "team": "Harbour"},
        }
    )

    assert b"Harbour" not in export(person, "csv")


def test_a_portal_auditor_exports_all_teams(plant):
    reviewer = User.objects.create_user("r@example.test", is_portal_auditor=True)

    told = [json.loads(line) for line in export(reviewer, "jsonl").decode().splitlines()]

    assert {"Plant 3", "Harbour"} <= {each["team"] for each in told}
    assert [each["seq"] for each in told] == list(range(1, len(told) + 1))


def test_the_command_exports_what_the_contract_says(plant, committed_db, tmp_path):
    asked = {"database": committed_db, "PORTAL_CHECKPOINT_SINKS": f"file:{tmp_path / 'other.log'}"}
    done = run_manage("audit_export", "--format", "jsonl", "--from", "3", "--to", "6", **asked)
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each["seq"] for each in told] == [3, 4, 5, 6]
    assert all(set(CONTRACT) <= set(each) for each in told)

    anchor()
    (tmp_path / "entries.jsonl").write_text(done.stdout)
    shutil.copy(standalone.__file__, tmp_path / "verify.py")
    log = ("--checkpoints", str(tmp_path / "checkpoints.log"))
    code, said = check(tmp_path, *log)
    assert (code, "Checked: 4 entries" in said) == (0, True), said

    proof = run_manage("audit_proof", "5", **asked)
    (tmp_path / "proof.json").write_text(proof.stdout)
    assert check(tmp_path, "proof.json")[0] == 0
    (tmp_path / "proof.json").write_text(proof.stdout.replace('"outcome": "ok"', '"outcome": "no"'))
    assert check(tmp_path, "proof.json")[0] == 1
    assert run_manage("audit_proof", "999", **asked).returncode == 1

    sheet = run_manage("audit_export", "--format", "csv", **asked).stdout.splitlines()
    assert len(sheet) == Entry.objects.count() + 1


def test_the_verifier_needs_nothing_of_the_portal():
    text = (real.BASE_DIR / "portal" / "record" / "standalone.py").read_text()
    found = [line.split() for line in text.splitlines() if line.lstrip().startswith(("import ", "from "))]
    assert {words[1].split(".")[0] for words in found} - {"cryptography"} <= set(sys.stdlib_module_names)
