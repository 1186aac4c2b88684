"""An installation that an earlier release made, brought to this one: what it held is there, opens and works.

Would catch: a migration that loses or changes what was kept, a stored sentence or state that cannot be shown
any more, a secret or a session that does not open, an old change that means something else when it is sent.

Everything goes through front doors (pages, buttons, commands, tables), because rooms inside the house move.
What is in the archive stands in tests/data/README.md.
"""

import json
import re
import sqlite3
import tarfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import pytest
from django.contrib.sessions.serializers import JSONSerializer
from django.core import signing

from portal.home.processes import stop
from portal.words import Said
from tests.support.processes import Portal, run_manage, start_manage
from tests.support.visitor import Visitor, text_of

ARCHIVE = Path(__file__).parent / "data" / "installation-84b903e.tar.xz"
OWNERS = {"Plant 3": "owner@example.test", "Harbour": "other-owner@example.test"}
OWNER, OPERATOR, REVIEWER = "owner@example.test", "operator@example.test", "reviewer@example.test"
RECORD = ("record_entry", "record_body")
CHAIN = ("prev_hash", "hash", "key_id")  # empty before the record had a chain
# Columns that must be as they were; of the record, all are.
OPERATIONS = {
    "operations_operation": (
        "state object_id object_name kind_slug verb_name actor_id team_id follows_id".split()
    )
}
MIRROR = dict.fromkeys(
    (
        *("iotda_space", "iotda_devicegroup", "iotda_softbus", "iotda_policy", "iotda_product"),
        *("iotda_device", "roma_app", "roma_devicegroup", "enos_product", "enos_device"),
    ),
    ("connection_id", "remote_id", "name", "gone_at"),
)
SESSION_SALT = "django.contrib.sessions.SessionStore"
NOTHING = ("", "null", "{}", None)
READY_SECONDS = 60


class Installation:
    """The archive on a directory of its own, migrated, with portal and emulator running, but no worker.

    `before` and `after` are the rows of tables as the archive has them and right after the migrations,
    `expected` is what was noted down when it was made, `pages` every page of it before a button was pressed.
    """

    def __init__(self, directory):
        self.directory, self.data = directory, directory / "var"
        with tarfile.open(ARCHIVE) as archive:
            archive.extractall(directory, filter="data")
        self.expected = json.loads((directory / "expected.json").read_text())
        self.stories = self.expected["stories"]
        self.variables = {"PORTAL_DATA_DIR": str(self.data), "PORTAL_DATABASE_URL": ""}
        self.visitors = {}

    def start(self):
        self.before = self.tables()
        data = self.data / "emulator"
        self.emulator = start_manage("emulator", "--port", "0", "--data", data, log=self.directory / "log")
        url = self.emulator.wait_for_line("emulator ready on ", seconds=READY_SECONDS)
        self.move_in_time_and_space(url.rstrip("/"))
        for command in (["migrate", "--no-input"], ["createcachetable"], ["collectstatic", "--no-input"]):
            done = run_manage(*command, **self.variables)
            assert done.returncode == 0, done.stdout + done.stderr
        self.after = self.tables()
        self.portal = Portal(None, log=self.directory / "portal", workers=2, **self.variables).start()
        self.pages = self.read_everything()

    def stop(self):
        self.portal.kill()  # nobody waits for an answer
        self.portal.stop()
        stop([self.emulator])

    def database(self):
        return closing(sqlite3.connect(self.data / "portal.sqlite3", timeout=20, isolation_level=None))

    def tables(self):
        return {table: self.rows(table) for table in (*RECORD, *OPERATIONS, *MIRROR)}

    def rows(self, table):
        """{primary key: {column: value}}"""
        with self.database() as database:
            found = database.execute(f"SELECT * FROM {table}")
            names = [column[0] for column in found.description]
            key = names.index("seq" if "seq" in names else "id")
            return {row[key]: dict(zip(names, row, strict=True)) for row in found}

    def move_in_time_and_space(self, url):
        """As though it had been stopped a minute ago, beside the emulator that runs now.

        Written before the migrations, into the tables as they were then.
        """
        tomorrow = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%d %H:%M:%S.%f}"
        with self.database() as database:
            for name in ("endpoint", "iam_endpoint"):
                database.execute(
                    f"UPDATE connections_connection SET {name} = ? WHERE {name} = ?",
                    [url, self.expected["emulator"]],
                )
            for name in ("secrets_until", "watch_until"):
                database.execute(
                    f"UPDATE operations_operation SET {name} = ? WHERE {name} IS NOT NULL", [tomorrow]
                )
            for key, sealed in database.execute("SELECT session_key, session_data FROM django_session"):
                database.execute(
                    "UPDATE django_session SET expire_date = ?, session_data = ? WHERE session_key = ?",
                    [tomorrow, self.with_fresh_input(sealed), key],
                )

    def with_fresh_input(self, sealed):
        """Session data in which what was typed and kept was kept just now."""
        how = {"key": (self.data / "secret-key").read_text().strip(), "salt": SESSION_SALT}
        content = signing.loads(sealed, serializer=JSONSerializer, **how)
        for each in content.get("kept", ()):
            each["at"] = int(time.time())
        return signing.dumps(content, serializer=JSONSerializer, compress=True, **how)

    def visitor(self, email):
        """By the session that this person had; whoever had none signs in."""
        if email not in self.visitors:
            session = self.expected["sessions"].get(email, "")
            self.visitors[email] = Visitor(self.portal.url, session=session)
            if not session:
                self.visitors[email].sign_in(email, self.expected["password"])
        return self.visitors[email]

    def read_everything(self):
        """{address: (status, HTML)} of every entry, operation, mirror row and connection, then of lists."""
        wanted = [(REVIEWER, f"/audit/{seq}/") for seq in self.before["record_entry"]]
        for id, operation in self.expected["operations"].items():
            wanted.append((OWNERS[operation["team"]], f"/operations/{id}/"))
        for row in self.expected["rows"]:
            wanted.append((OWNERS[row["team"]], row["address"]))
        for id, connection in self.expected["connections"].items():
            wanted.append((OWNERS[connection["team"]], f"/connections/{id}/"))
        kinds = sorted({"/".join(row["address"].split("/")[:3]) + "/" for row in self.expected["rows"]})
        lists = [
            (OWNER, path) for path in ("/", "/operations/", "/audit/", "/connections/", "/teams/", *kinds)
        ]
        return dict(self.read(wanted)) | dict(self.read(lists))

    def read(self, wanted):
        for email in {email for email, _path in wanted}:
            self.visitor(email).page("/teams/")

        def look(each):
            answer = self.visitor(each[0]).get(each[1])
            return each[1], (answer.status_code, answer.text)

        with ThreadPoolExecutor(4) as pool:
            return list(pool.map(look, wanted))

    def operation(self, email, id):
        """(state, HTML) of an operation as its page shows it now."""
        page = self.visitor(email).page(f"/operations/{id}/")
        return state_of(page), page

    def press(self, email, id, button):
        """One of the buttons on an operation's page."""
        return self.visitor(email).press(f"/operations/{id}/{button}/", on=f"/operations/{id}/")


def state_of(page):
    return re.search(r'data-operation-state="(\w+)"', page)[1]


def words(text):
    return re.sub(r"\s+", " ", text).strip()


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    installation = Installation(tmp_path_factory.mktemp("installation"))
    try:
        installation.start()
        yield installation
    finally:
        installation.stop()


def test_every_page_of_it_can_be_read(old):
    broken = {path: status for path, (status, _html) in old.pages.items() if status != 200}
    assert broken == {}
    assert len(old.pages) > 500


def test_a_password_that_an_administrator_had_set_signs_in_no_more(old):
    """The archive has one such account; all others were made by the command line."""
    with old.database() as database:
        rows = database.execute("SELECT email, password, must_reset FROM teams_user").fetchall()
        told = database.execute(
            "SELECT object_name FROM record_entry WHERE verb = 'password_void'"
        ).fetchall()
    void = {email for email, password, must_reset in rows if must_reset and password.startswith("!")}
    assert void == {"quarry-owner@example.test"} == {name for (name,) in told}
    assert all(password.startswith("argon2") for email, password, _flag in rows if email not in void)


@pytest.mark.parametrize("tables", [OPERATIONS, MIRROR], ids=["operations", "mirror"])
def test_all_rows_are_there_as_they_were(old, tables):
    for table, names in tables.items():
        before, after = (
            {id: [row[name] for name in names] for id, row in rows[table].items()}
            for rows in (old.before, old.after)
        )
        assert after == before
        assert len(after) > 1, table


def test_each_operation_says_what_it_said(old):
    """A platform's words stay as they are. A stored sentence that has a code by now reads as today's does."""
    codes = import_module("portal.operations.migrations.0003_words_and_attempts").CODES
    for id, operation in old.expected["operations"].items():
        html = old.pages[f"/operations/{id}/"][1]
        text = text_of(html)
        assert state_of(html) == operation["state"], id
        told = [operation[each] for each in ("object_name", "object_id", "actor", "connection", "reason")]
        for each in (*told, operation["message"], operation["platform_code"]):
            shown = str(Said(codes[each])) if each in codes else words(each)
            assert shown in text, (id, operation["story"], each, text)
        if operation["follows"]:
            assert f"/operations/{operation['follows']}/" in html, id
            assert f"/operations/{id}/" in old.pages[f"/operations/{operation['follows']}/"][1], id


def test_each_object_and_each_connection_says_what_it_said(old):
    for row in old.expected["rows"]:
        assert row["remote_id"] in text_of(old.pages[row["address"]][1]), row
    for id, connection in old.expected["connections"].items():
        html = old.pages[f"/connections/{id}/"][1]
        assert connection["name"] in text_of(html)
        assert connection["failure"] in text_of(html), connection
        assert ('data-condition="paused"' in html) == connection["is_paused"], connection


def test_the_record_is_unchanged_and_still_refuses_changes(old):
    for table in RECORD:
        added = old.after[table].keys() - old.before[table].keys()
        assert [old.after["record_entry"][seq]["verb"] for seq in added] == ["password_void"]
        assert old.before[table].keys() <= old.after[table].keys()
        for seq, row in old.before[table].items():
            chained = {name: old.after[table][seq][name] for name in row if name in CHAIN}
            assert {name: old.after[table][seq][name] for name in row} == row | chained
    rows = sorted(old.after["record_entry"].items())
    assert all(now["hash"] and now["prev_hash"] == before["hash"] for (_, before), (_, now) in pairwise(rows))
    for seq, row in old.before["record_entry"].items():
        text = text_of(old.pages[f"/audit/{seq}/"][1])
        for name in ("actor", "object_name", "summary", "reason", "platform_code"):
            assert words(row[name]) in text, (seq, name, row[name], text)
    with old.database() as database:
        for table in RECORD:
            for change in (f"UPDATE {table} SET seq = seq + 100000", f"DELETE FROM {table}"):
                with pytest.raises(sqlite3.Error, match="append-only"):
                    database.execute(change)
        seqs = [seq for (seq,) in database.execute("SELECT seq FROM record_entry ORDER BY seq")]
    assert seqs == list(range(1, len(seqs) + 1))


def test_input_that_was_kept_is_offered_again(old):
    for kept in old.expected["kept"]:
        visitor = Visitor(old.portal.url, session=kept["session"])
        if kept["sign_in"]:
            follows = visitor.sign_in(kept["email"], old.expected["password"], address=kept["sign_in"])
            assert follows == kept["address"]
        fields = visitor.fields(kept["address"])
        for name, value in kept["typed"].items():
            assert words(fields[name]) == words(value), kept["address"]
        for name, value in kept["json"].items():
            assert json.loads(fields[name]) == value, kept["address"]
        assert 'id="notice-kept"' in visitor.page(kept["address"])


def test_secrets_that_are_shown_once_open_once_for_who_asked(old):
    for id, secret in old.expected["secrets"].items():
        answer = old.press(OWNER, id, "secrets")
        assert answer.status_code == 404
        answer = old.press(secret["actor"], id, "secrets")
        assert answer.status_code == 200, text_of(answer.text)
        for value in secret["values"].values():
            assert value in text_of(answer.text)
        answer = old.press(secret["actor"], id, "secrets")
        assert not any(value in answer.text for value in secret["values"].values())


def test_every_connection_still_signs_in(old):
    for id, connection in old.expected["connections"].items():
        visitor = old.visitor(OWNERS[connection["team"]])
        answer = visitor.press(f"/connections/{id}/test/", on=f"/connections/{id}/")
        failed = re.search(r'data-failed-part="(\w*)"', answer.text)
        assert failed, (connection, text_of(answer.text))
        assert (failed[1] == "") == connection["works"], (connection, text_of(answer.text))


def test_what_is_in_doubt_is_looked_up_with_its_sealed_secrets(old):
    """The platform has the secret: only who opens what was sent can tell that it is the same."""
    happened = (
        "in doubt with a secret, it happened",
        "update in doubt with a secret",
        "update in doubt, emptied",
    )
    for story in happened:
        old.press(OPERATOR, old.stories[story], "look-again")
        state, page = old.operation(OPERATOR, old.stories[story])
        assert state == "found", (story, text_of(page))
    id = old.stories["in doubt with a secret, one look missed"]
    old.press(OPERATOR, id, "look-again")
    state, page = old.operation(OPERATOR, id)
    assert state != "found", text_of(page)
    assert text_of(page).count("The platform does not have the id that was sent.") >= 2


def test_what_was_absent_is_asked_for_again_with_its_sealed_secret(old):
    answer = old.press(OPERATOR, old.stories["absent, watched, with a secret"], "requeue")
    page = old.visitor(OPERATOR).page(answer.headers["Location"])
    assert state_of(page) == "done", text_of(page)
    device = re.search(r'href="(/enos/devices/[0-9a-f-]+/)"', page)[1]
    tags = json.loads(old.visitor(OPERATOR).fields(f"{device}update/")["device_tags"])
    assert tags == {"password": "hunter2-watched", "hall": "3"}


@pytest.mark.parametrize("number", range(6))
def test_an_old_update_that_empties_a_field_still_empties_it(old, number):
    case = old.expected["emptied"][number]
    visitor, id, field = old.visitor(OPERATOR), case["operation"], case["field"]
    filled = visitor.fields(case["form"])[field]
    assert (json.loads(filled) if isinstance(case["filled"], dict) else filled) == case["filled"]
    assert visitor.fields(f"{case['form']}?from={id}")[field] in NOTHING
    answer = old.press(OPERATOR, id, "requeue")
    page = visitor.page(answer.headers["Location"])
    assert state_of(page) == "done", text_of(page)
    assert visitor.fields(case["form"])[field] in NOTHING


def test_an_owner_decides_what_needed_a_human(old):
    owner = old.visitor(OWNER)
    for id, operation in old.expected["operations"].items():
        if operation["state"] == "needs_human":
            assert "decision" not in owner.fields(f"/operations/{id}/decide/")
    id = old.stories["needs a human: tree group"]
    fields = owner.fields(f"/operations/{id}/decide/")
    answer = owner.send(f"/operations/{id}/decide/", fields | {"decision": "ours", "reason": "It is mine."})
    assert answer.status_code == 302, text_of(answer.text)
    state, page = old.operation(OWNER, id)
    assert state == "found", text_of(page)


def test_the_worker_ends_what_the_power_cut_left(old):
    ended = run_manage("worker", "--once", **old.variables)
    assert ended.returncode == 0, ended.stderr
    state, page = old.operation(OPERATOR, old.stories["left before it was sent"])
    assert state == "not_sent", text_of(page)
    state, page = old.operation(OPERATOR, old.stories["left while it was sent"])
    assert state == "found", text_of(page)
