"""Secrets planted in what is recorded, under any name, at any depth, in any encoding, are found nowhere.

They are recorded as operations do it: the secrets of the request are known, and what is left of them in the
answer and in its message is replaced. Would catch: a secret in a table, in the search index, in a file of the
database (also one that waits to be written back), in an export or on a page.
"""

import base64
import io
import re
import sqlite3
import string
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from portal.record.models import Entry
from portal.record.redaction import scrubber_of, secrets_in, without
from portal.record.store import append
from portal.teams.models import Role
from tests.record.test_redaction import NAMES, around
from tests.support.plant import make_plant
from tests.support.quotes import forms

pytestmark = pytest.mark.database
NOWHERE = "http://127.0.0.1:9"
CORE = "zQx7jWvKq9"  # is in every secret, and in nothing else
SHOWN = 50  # entries whose pages are looked at
FORMATS = ("jsonl", "csv", "zip")
LINE = {"stage": "outcome", "outcome": "done", "verb": "update", "kind": "iotda/spaces"}
NOT_LETTERS = bytes(byte for byte in range(256) if not chr(byte).isalnum() or byte > 127)


def _in_base64(core):
    """What base64 of any text with this in it contains, wherever it begins."""
    for before in range(3):
        written = base64.b64encode(b"\0" * before + core)
        yield written[4 if before else 0 : len(written) // 4 * 4 - 4]


def _letters(data):
    return data.translate(None, NOT_LETTERS).lower()


DATA = CORE.encode()
# Each as it reads without signs between letters, such as %7a%51 or \\u007a\\u0051.
PATTERNS = [
    *(DATA, DATA.hex().encode(), *_in_base64(DATA)),
    *("".join(f"{before}{byte:02x}" for byte in DATA).encode() for before in ("x", "u00", "25")),
]
LEAK = re.compile(b"|".join(map(re.escape, map(_letters, PATTERNS))))


def leak(data):
    """What is around the first trace of a planted secret; "" if there is none."""
    letters = _letters(data)
    found = LEAK.search(letters)
    return letters[max(found.start() - 80, 0) : found.end() + 40].decode() if found else ""


@st.composite
def payloads(draw):
    """(request, answer, message) of an operation; the last two quote the secret of the first."""
    secret = CORE + draw(st.text(alphabet=string.ascii_letters + string.digits, min_size=2, max_size=24))
    secret = draw(st.sampled_from([secret, f"Bearer {secret}"]))
    held = draw(st.sampled_from([secret, [secret], {"value": secret}, {"deep": [{"er": secret}]}]))
    request = draw(st.recursive(st.just({draw(st.sampled_from(NAMES)): held}), around, max_leaves=3))
    quoted = draw(st.sampled_from(list(forms(secret).values())))
    said = draw(st.sampled_from(["{}", "wrong key {}.", '{{"key": "{}"}}', "拒绝: {}"])).format(quoted)
    answer = draw(st.recursive(st.just(said), around, max_leaves=3))
    return request, answer, said


def record(plant, count):
    """Record so many operations; the number of payloads."""
    person, made = plant.people[Role.OPERATOR], 0
    about = {"actor": person.email, "actor_id": str(person.pk), "team_id": str(plant.team.pk)}

    @examples(max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(payloads())
    def write(payload):
        nonlocal made
        request, answer, said = payload
        secrets = secrets_in(request)
        body = without({"request": request, "answer": answer}, secrets)
        told = scrubber_of(secrets).text(said)
        append({**LINE, **about, "team": plant.team.name, "object_name": told, "summary": told, "body": body})
        made += 1

    write()
    return made


def files():
    """The files of the database that this process may read."""
    if connection.vendor == "sqlite":
        path = Path(connection.settings_dict["NAME"])
        return sorted(path.parent.glob(f"{path.name}*"))
    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")
        cursor.execute("SELECT current_setting('data_directory'), pg_relation_filepath('record_body')")
        directory, place = cursor.fetchone()
    root = Path(directory)
    return sorted([*(root / place).parent.glob("*"), *(root / "pg_wal").glob("0*")])


def tables():
    """All that the tables of the record hold, as text."""
    for model in apps.get_app_config("record").get_models():
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {model._meta.db_table}")
            for row in cursor:
                yield "\n".join(bytes(each).hex() if isinstance(each, bytes) else str(each) for each in row)


def pieces():
    """The pieces of three characters in SQLite's search index."""
    with closing(sqlite3.connect(connection.settings_dict["NAME"])) as db:
        db.execute("CREATE VIRTUAL TABLE temp.terms USING fts5vocab('main', 'record_search', 'row')")
        return {term for (term,) in db.execute("SELECT term FROM terms")}


def unpacked(data, format):
    """Yield (name, bytes) of each file of an export."""
    if format != "zip":
        yield format, data
        return
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        for name in packed.namelist():
            yield name, packed.read(name)


@pytest.mark.parametrize("count", [100, pytest.param(10_000, marks=pytest.mark.full)])
def test_a_planted_secret_is_found_nowhere(committed_db, settings, tmp_path, count, record_property):
    settings.CHECKPOINT_SINKS = [f"file:{tmp_path / 'checkpoints.log'}"]
    plant = make_plant(NOWHERE)
    made = record(plant, count)
    assert made >= count
    assert Entry.objects.filter(verb="update").count() == made

    seen = 0
    for path in files():
        assert not leak(path.read_bytes()), path
        seen += path.stat().st_size
    assert not any(map(leak, (text.encode("utf-8", "replace") for text in tables())))
    if connection.vendor == "sqlite":
        assert "hma" in (found := pieces())
        assert not {CORE[at : at + 3].lower() for at in range(3)} & found
    browser = Client(HTTP_HOST="localhost")
    browser.force_login(plant.people[Role.AUDITOR])
    for format in FORMATS:
        response = browser.post("/audit/export/", {"format": format})
        assert response.status_code == 200
        data = b"".join(response.streaming_content)
        assert len(data) > made
        for name, content in unpacked(data, format):
            assert not leak(content), (format, name)
    seqs = Entry.objects.filter(verb="update").order_by("-seq").values_list("seq", flat=True)
    for address in ["/audit/", "/audit/?after=0", *(f"/audit/{seq}/" for seq in seqs[:SHOWN])]:
        page = browser.get(address)
        assert page.status_code == 200
        assert not leak(page.content), address
    record_property("told", f"{made} payloads, looked for in {seen / 1e6:,.1f} MB of database files")


@pytest.mark.parametrize("form", forms(f"{CORE}aB"))
def test_the_search_sees_a_secret_in_every_form(form):
    assert leak(f"before {forms(f'{CORE}aB')[form]} after".encode())
