"""A portal and a worker as real processes on their own database, and a person who sends forms to them.

For tests that break that database. Only the emulator is shared with other tests.
"""

import re
import time
from datetime import timedelta
from html import escape
from itertools import count

import psutil
import requests
from django.conf import settings
from django.http import QueryDict
from django.utils import timezone

from portal.jobs.models import Heartbeat
from portal.kinds.registry import KINDS
from portal.operations.models import HAPPENED, RUNNING, UNSETTLED, Operation
from portal.record.models import Entry
from tests.examples import EXAMPLES, match
from tests.resources import forms
from tests.support import databases as engines
from tests.support.account import APP, KEYS
from tests.support.plant import creates_received, make_plant
from tests.support.processes import Portal, run_manage, start_manage

HTMX = {"HX-Request": "true"}
SLUG = "enos/devices"  # its id is chosen by us, so a lost create can always be looked up
FORM = forms.new(SLUG)
TYPED_SECRET = "hunter2-typed-into-a-form"
DATA = EXAMPLES[SLUG].create | {"device_tags": {"password": TYPED_SECRET}}
WAIT_SECONDS = 20
numbers = count(1)


class Site:
    """`where` creates the database: engines.SQLite or engines.PostgreSQL."""

    def __init__(self, where, logs, *, before=(), **variables):
        self.logs, self.before = logs, before
        self.variables = {"PORTAL_LOCK_SECONDS": "1", "PORTAL_SETTLE_SECONDS": "2", **variables}
        engines.make_template(where)
        self.database = where.create("site", template=engines.TEMPLATE)
        self.portal = Portal(self.database, log=logs / "portal", before=before, **self.variables)
        self.worker = None

    def start(self):
        if not (settings.STATIC_ROOT / "staticfiles.json").exists():
            made = run_manage("collectstatic", "--no-input")
            assert made.returncode == 0, made.stderr
        self.portal.start()
        self.start_worker()

    def renew(self):
        """Restart the web processes and the worker, as after a crash; their database connections are new."""
        for child in psutil.Process(self.portal.process.pid).children():
            child.kill()
        self.worker.kill()
        self.start_worker()
        until(lambda: self.portal.answers() == 200)

    def start_worker(self):
        log = self.logs / "worker"
        more = {"before": self.before, **self.variables}
        self.worker = start_manage("worker", "--every", "0.2", log=log, database=self.database, **more)

    def stop(self):
        """Kill both at once; nothing is checked after this."""
        self.portal.kill()
        self.worker.kill()

    def use(self, emulator):
        """Let this process use the database, too, and create a team in it that works on the emulator."""
        engines.point(self.database)
        self.emulator = emulator
        self.plant = make_plant(emulator.url, name=f"Plant-{next(numbers)}")
        self.person = Person(self)
        self.at_first = self.on_platform()

    def on_platform(self):
        """Ids of the objects that the platform has."""
        return set(self.emulator.state()[SLUG]["ids"])

    def get(self, path, **headers):
        return requests.get(self.portal.url + path, headers=headers, timeout=60)

    def is_ready(self):
        answer = self.get("/readyz")
        assert answer.status_code == (200 if answer.json()["ready"] else 503)
        return answer.json()["ready"]

    def operations(self):
        return Operation.objects.filter(team=self.plant.team).order_by("created_at")

    def creates(self):
        return creates_received(self.emulator, SLUG)

    def hold(self, call, seconds=30):
        """The emulator keeps back its answer to the baseline, or to the create, until release()."""
        held = match(SLUG, {"baseline": "get_by_key", "create": "create"}[call])
        self.emulator.faults([{"match": held, "fault": "latency", "seconds": seconds}])

    def wait_until_held(self, answer):
        """Wait until the emulator has the call. `answer`, the page's future, must not be done by then."""
        until(lambda: answer.done() or any(each["fault"] == "latency" for each in self.emulator.requests()))
        assert not answer.done(), f"{answer.result().status_code}: {answer.result().text[:2000]}"

    def release(self):
        self.emulator.faults([])

    def let_leases_run_out(self):
        """End the leases now, as a minute of waiting would."""
        past = timezone.now() - timedelta(seconds=1)
        self.operations().filter(state__in=RUNNING).update(lease_until=past)

    def settled(self):
        """The only operation, after the worker has settled it."""
        until(lambda: not self.operations().filter(state__in=UNSETTLED).exists())
        return self.operations().get()

    def check(self, patience=WAIT_SECONDS):
        """Platform, mirror and record agree, and the worker still works."""
        operations = list(self.operations())
        received = [each["body"] for each in self.creates()]
        assert len(received) == len(set(received)) <= len(operations)
        for operation in operations:
            told = Entry.objects.filter(operation=str(operation.pk)).order_by("seq")
            assert told.first().stage == "intent"
            assert told.last().outcome == operation.state
        happened = {each.object_id for each in operations if each.state in HAPPENED}
        platform = self.on_platform()
        mirrored = KINDS[SLUG].model.objects.filter(connection__team=self.plant.team, gone_at=None)
        mirrored = set(mirrored.values_list("remote_id", flat=True))
        assert platform - self.at_first == happened
        assert happened <= mirrored <= platform
        assert len(received) == len(happened)
        seqs = list(Entry.objects.order_by("seq").values_list("seq", flat=True))
        assert seqs == list(range(1, len(seqs) + 1))
        before = timezone.now()
        until(lambda: self.worker.is_running and Heartbeat.objects.filter(at__gt=before).exists(), patience)
        self.check_logs()

    def check_logs(self):
        """The logs show no bug and no secret."""
        for name in ("portal", "worker"):
            text = (self.logs / name).read_text()
            for secret in (*APP.values(), *KEYS.values(), TYPED_SECRET, self.person.session):
                assert secret not in text
            assert "Internal Server Error" not in text


class Person:
    """An operator. The browser runs no script, or (htmx=True) sends forms as htmx does."""

    def __init__(self, site):
        self.site = site
        self.session = site.plant.browser().cookies[settings.SESSION_COOKIE_NAME].value
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.cookies.set(settings.SESSION_COOKIE_NAME, self.session)

    def get(self, path, **headers):
        return self.http.get(self.site.portal.url + path, headers=headers, timeout=60)

    def fill_in(self, **changes):
        """The data of a freshly opened form with everything typed in."""
        page = self.get(FORM)
        assert page.status_code == 200, page.text
        data = forms.sendable(forms.read(page).fields)
        for name, value in {**DATA, **changes}.items():
            data[name] = forms.as_text(value)
        return data

    def send(self, data, *, htmx=False, path=FORM):
        headers = {"Content-Type": "application/x-www-form-urlencoded", **(HTMX if htmx else {})}
        return self.http.post(
            self.site.portal.url + path,
            data.urlencode(),
            headers=headers,
            allow_redirects=False,
            timeout=60,
        )

    def send_until_it_works(self, data):
        """Press until it works: after an outage each old database connection may fail once."""
        for _press in range(9):
            answer = self.send(data)
            if answer.status_code == 302:
                return
            keeps_the_form(answer, data)
        raise AssertionError("it works no more")

    def button_on(self, path):
        """The hidden fields of the button on that page."""
        text = self.get(path).text
        data = QueryDict(mutable=True)
        for name in ("csrfmiddlewaretoken", "made_for", "operation_key"):
            data[name] = re.search(f'name="{name}" value="([^"]+)"', text).group(1)
        return data


def keeps_the_form(response, data):
    """Assert that this is a 503 after which the person still has what was typed."""
    assert response.status_code == 503, (response.status_code, response.text[:2000])
    assert response.headers["X-Portal-Message"]
    page = forms.read(response)
    if "device_key" in page.fields:
        forms.typed(page, data)
    elif response.headers["Content-Type"].startswith("text/html"):
        # It is a page with a button that sends the same again, with the same operation key.
        assert 'id="again"' in response.text
        for name, values in data.lists():
            for value in values:
                assert f'name="{name}" value="{escape(value)}"' in response.text
    else:
        # htmx leaves the form as it is, unless the answer asks to be shown.
        assert "X-Portal-Swap" not in response.headers
        assert "HX-Retarget" not in response.headers


def until(true, seconds=WAIT_SECONDS):
    """Wait for `true()` to return a true value, and return it; fails when it takes too long."""
    end = time.monotonic() + seconds
    while not (value := true()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)
    return value
