"""What many sign-ins at once take: memory of the portal's processes, and how long people wait."""

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from threading import Event, Thread

import psutil
from django.conf import settings
from django.contrib.auth import authenticate

from portal.teams.models import User
from tests.bench.measuring import report
from tests.bench.workshop import database
from tests.support.processes import Portal, run_manage
from tests.support.visitor import Visitor

AT_ONCE = 24
ROUNDS = 100
PASSWORD = "correct-horse-battery"
MEGABYTE = 1024**2


@report
def sign_ins_at_once():
    """Two web processes, as deployed. Memory is what is resident in them and in nothing else (USS)."""
    with served() as portal:
        for number in range(AT_ONCE):
            User.objects.create_user(f"p{number}@example.test", PASSWORD)
        visitors = [Visitor(portal.url) for _each in range(AT_ONCE)]
        for visitor in visitors:
            visitor.get("/accounts/login/")
        before, ended, peak = memory(portal), Event(), [0]

        def watch():
            while not ended.is_set():
                peak[0] = max(peak[0], memory(portal))
                time.sleep(0.005)

        watching = Thread(target=watch)
        watching.start()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            took = list(pool.map(sign_in, visitors, range(AT_ONCE)))
        ended.set()
        watching.join()
    yield "sign-ins at once", AT_ONCE, ""
    yield "memory before, MB", f"{before / MEGABYTE:.0f}", ""
    yield "memory at most meanwhile, MB more", f"{(peak[0] - before) / MEGABYTE:.0f}", "under 200"
    yield "a sign-in, ms: median", f"{1000 * statistics.median(took):.0f}", ""
    yield "a sign-in, ms: longest", f"{1000 * max(took):.0f}", ""


@contextmanager
def served():
    database()
    made = run_manage("collectstatic", "--no-input")
    assert made.returncode == 0, made.stderr
    portal = Portal(None, log=Path(mkdtemp(dir=settings.DATA_DIR)) / "log", workers=2).start()
    try:
        yield portal
    finally:
        portal.stop()


def sign_in(visitor, number):
    began = time.monotonic()
    visitor.sign_in(f"p{number}@example.test", PASSWORD)
    return time.monotonic() - began


def memory(portal):
    main = psutil.Process(portal.process.pid)
    return sum(each.memory_full_info().uss for each in [main, *main.children()])


@report
def password_of_nobody():
    """A wrong password of somebody and any password for nobody take turns."""
    database()
    User.objects.create_user("somebody@example.test", PASSWORD)
    took = {"somebody": [], "nobody": []}
    for _round in range(ROUNDS):
        for who, times in took.items():
            began = time.perf_counter()
            assert authenticate(None, email=f"{who}@example.test", password="wrong-horse-battery") is None
            times.append(time.perf_counter() - began)
    known, unknown = (1000 * statistics.median(times) for times in took.values())
    yield "a wrong password, ms", f"{known:.1f}", ""
    yield "a password for nobody, ms", f"{unknown:.1f}", ""
    yield "apart, percent", f"{100 * abs(known - unknown) / known:.1f}", "under 5"
