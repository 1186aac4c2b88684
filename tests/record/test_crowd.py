"""Many processes write the record at once.

Would catch: a gap, a fork (two entries after one), an entry that is lost or written twice, entries of one
writer out of their order, and a writer that fails because others are busy.
"""

import json
import os
import subprocess
import sys
from itertools import pairwise

import pytest
from django.conf import settings as configured

from portal.record import verifying
from portal.record.models import Body, Entry, Head
from tests.support.processes import environment

pytestmark = pytest.mark.database
# SQLite lets whoever asks at the right moment write, not who waited longest.
PATIENCE = "300"


def crowd(database, processes, appends):
    """Seconds that they took."""
    command = [sys.executable, "-m", "tests.record.crowd", str(processes), str(appends)]
    env = environment(database, DJANGO_SETTINGS_MODULE="portal.settings", PORTAL_LOCK_SECONDS=PATIENCE)
    done = subprocess.run(
        command, env=env, cwd=configured.BASE_DIR, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr[-3000:]
    return float(done.stdout)


@pytest.mark.parametrize(("processes", "appends"), [(4, 50), pytest.param(32, 500, marks=pytest.mark.full)])
def test_many_processes_write_one_chain(
    committed_db, processes, appends, record_property, settings, tmp_path
):
    settings.CHECKPOINT_SINKS = [f"file:{tmp_path / 'checkpoints.log'}"]
    seconds = crowd(committed_db, processes, appends)

    count = processes * appends
    rate = f"{processes} processes x {appends} appends: {count / seconds:,.0f} a second in {seconds:.1f} s"
    record_property("told", f"{rate}, {os.cpu_count()} cores")
    chain = list(Entry.objects.order_by("seq").values_list("seq", "prev_hash", "hash", "actor_id"))
    assert [seq for seq, *_rest in chain] == list(range(1, count + 1))
    assert chain[0][1] == ""
    assert all(after[1] == before[2] for before, after in pairwise(chain))
    assert len({hash for _seq, _previous, hash, _writer in chain}) == count
    assert Head.objects.values_list("seq", "hash").get() == (count, chain[-1][2])
    written = {str(writer): [] for writer in range(processes)}
    for (_seq, _previous, _hash, writer), text in zip(
        chain, Body.objects.order_by("seq").values_list("text", flat=True), strict=True
    ):
        body = json.loads(text)
        assert str(body["writer"]) == writer
        written[writer].append(body["number"])
    assert all(numbers == list(range(appends)) for numbers in written.values())
    report = verifying.verify()
    assert (report.entries, report.is_bad) == (count, False), report.to_json()
