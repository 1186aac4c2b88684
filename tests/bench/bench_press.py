"""What a press of a form costs: creates a second, CPU, calls to the platform, statements and transactions."""

import re
import statistics
from collections import Counter

import psutil
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.kinds.registry import KINDS
from portal.teams.models import Role
from tests.bench.measuring import report
from tests.bench.pressing import (
    BARE,
    LATENCY_SECONDS,
    TYPED,
    Browser,
    Loop,
    Spent,
    as_texts,
    emulator,
    many,
    received,
    renew_emulator,
    typed,
)
from tests.bench.workshop import plant
from tests.support.visitor import FormReader

ROUNDS = 3
# Presses and bare calls in one round, by the number of clients at once.
PRESSES = {8: 48, 32: 96}
CALLS = {8: 240, 32: 320}
ALONE = 40  # presses by one person, to tell the GET of the form from its POST
AIMED_RATES = {8: "at least 35"}
AIMED_CALLS = {
    "iotda/device-groups": 3,
    "iotda/soft-buses": 3,
    "iotda/policies": 2,
    "roma/device-groups": 2,
    "enos/devices": 2,
}
CREATED = [slug for slug in KINDS if slug in TYPED]


@report
def press_rates():
    """Both take turns, and everybody begins with an empty account: machines and lists differ."""
    yield "latency of each call to the emulator", f"{LATENCY_SECONDS * 1000:.0f} ms", ""
    yield "rounds, of which the median counts", ROUNDS, ""
    for slug in BARE:
        browsers = [Browser(slug) for _client in range(max(PRESSES))]
        loops = [Loop(slug) for _client in range(max(CALLS))]
        many([browser.press for browser in browsers[:8]], 16)
        for clients in PRESSES:
            bare, alone, form = [], [], []
            for _round in range(ROUNDS):
                renew_emulator()
                bare.append(many([loop.press for loop in loops[:clients]], CALLS[clients]))
                renew_emulator()
                alone.append(many([each.press_again for each in browsers[:clients]], PRESSES[clients]))
                renew_emulator()
                form.append(many([each.press for each in browsers[:clients]], PRESSES[clients]))
            where, presses = f"{slug}, {clients} clients:", PRESSES[clients]
            rate = f"{presses / median(alone).wall:.1f}"
            yield f"{where} creates/s, presses alone", rate, AIMED_RATES.get(clients, "")
            yield (
                "  CPU ms of a press alone: web process",
                f"{1000 * median(alone).cpu['web'] / presses:.1f}",
                "",
            )
            yield from rates(where, clients, median(bare), median(form))


def rates(where, clients, bare, form):
    """Each press with the GET of its form before it.

    What a process can do at most follows from its CPU, whatever else the machine does meanwhile.
    """
    presses, calls = PRESSES[clients], CALLS[clients]
    cost = {who: 1000 * seconds / presses for who, seconds in form.cpu.items()}
    bare_cost = 1000 * bare.cpu["emulator"] / calls
    own = cost["web"] + cost["emulator"] + cost["clients"]
    yield f"{where} creates/s of the bare signed loop", f"{calls / bare.wall:.1f}", ""
    yield f"{where} creates/s, forms opened and pressed", f"{presses / form.wall:.1f}", ""
    yield "  CPU ms of a press: web process", f"{cost['web']:.1f}", ""
    yield "  CPU ms of a press: emulator (of a bare call)", f"{cost['emulator']:.1f} ({bare_cost:.1f})", ""
    yield "  most presses/s: by the emulator, which has one core", f"{1000 / cost['emulator']:.0f}", ""
    yield (
        "  most presses/s: by all cores, with nothing else to do",
        f"{psutil.cpu_count() * 1000 / own:.0f}",
        "",
    )
    for name, spent in (("bare calls", bare), ("presses", form)):
        cores = ", ".join(f"{who} {seconds / spent.wall:.2f}" for who, seconds in spent.cpu.items())
        yield f"  cores busy during {name}, of {psutil.cpu_count()}", cores, ""


def median(rounds):
    names = rounds[0].cpu
    return Spent(
        statistics.median(each.wall for each in rounds),
        {name: statistics.median(each.cpu[name] for each in rounds) for name in names},
    )


@report
def press_cpu():
    """Of one person, without latency: the forms are opened first and sent afterwards."""
    for slug in BARE:
        rounds = [one_person(Browser(slug)) for _round in range(ROUNDS)]
        spent = {name: median([each[name] for each in rounds]).cpu for name in ("GET", "POST")}
        both = 0
        for name, cpu in spent.items():
            both += (web := 1000 * cpu["web"] / ALONE)
            emulated = 1000 * cpu["emulator"] / ALONE
            yield f"{slug}, one person, {name}: CPU ms of the web process", f"{web:.1f}", ""
            yield "  CPU ms of the emulator", f"{emulated:.1f}", ""
        yield f"{slug}, one person, both: CPU ms of the web process", f"{both:.1f}", "at most 25"


def one_person(browser):
    """{"GET": Spent, "POST": Spent}"""
    renew_emulator(latency=0)
    many([browser.press], 5)
    forms = []
    return {
        "GET": many([lambda: forms.append(browser.open())], ALONE),
        "POST": many([lambda: browser.send(forms.pop())], ALONE),
    }


@report
def press_calls():
    """Signing in aside."""
    for slug in CREATED:
        renew_emulator(latency=0)
        browser = Browser(slug)
        for _warm_up in range(2):
            browser.press()
        before = len(emulator().requests())
        form = browser.open()
        reads = len(received(before))
        before = len(emulator().requests())
        browser.send(form)
        calls = received(before)
        yield f"platform calls of a press, {slug}: GET of the form", reads, ""
        yield f"platform calls of a press, {slug}: POST", len(calls), f"at most {AIMED_CALLS[slug]}"


@report
def press_statements():
    """In this process. What is written outside a transaction is one of its own."""
    renew_emulator(latency=0)
    for slug in CREATED:
        for _warm_up in range(2):  # the first may meet a token that went with the emulator's data
            plant().perform(slug, data=typed(slug))
        with CaptureQueriesContext(connection) as captured:
            operation = plant().perform(slug, data=typed(slug))
        assert operation.state == "done", operation.message
        aim = "at most 14 in 3"
        yield (
            f"statements, in how many transactions: perform, {slug}",
            counted(captured, without="teams_user"),
            aim,
        )
    for slug in CREATED:
        browser, address = plant().browser(Role.OPERATOR), f"/{slug}/new/"
        for _press in range(2):
            with CaptureQueriesContext(connection) as opening:
                reader = FormReader("form")
                reader.feed(browser.get(address).content.decode())
            data = reader.fields | as_texts(typed(slug))
            with CaptureQueriesContext(connection) as captured:
                answer = browser.post(address, data)
            assert answer.status_code == 302, answer.content.decode()
        yield f"  GET of the form, {slug}", counted(opening), ""
        yield f"  POST of the form, {slug}", counted(captured), ""


def counted(captured, without=""):
    """Statements in words. `without` is a table whose rows the caller itself read, once."""
    texts = [each["sql"].lstrip() for each in captured.captured_queries]
    if without:
        own = next(
            (text for text in texts if text.startswith("SELECT") and f'FROM "{without}"' in text), None
        )
        texts = [text for text in texts if text is not own]
    count, inside = Counter(), False
    for text in texts:
        word = re.match(r"[A-Z]+", text)[0]
        if word in ("BEGIN", "COMMIT", "ROLLBACK"):
            count["transactions"] += word == "BEGIN"
            inside = word == "BEGIN"
        elif word not in ("SAVEPOINT", "RELEASE"):
            count["statements"] += 1
            count["alone"] += not inside and word in ("INSERT", "UPDATE", "DELETE")
    with_ends = count["statements"] + 2 * count["transactions"]
    alone = f", {count['alone']} written outside" if count["alone"] else ""
    return f"{count['statements']} ({with_ends} with BEGIN and COMMIT) in {count['transactions']}{alone}"
