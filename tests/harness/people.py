"""People at the portal's pages: they open and send forms and press buttons, over HTTP and without script."""

import time
import uuid
from contextlib import suppress

import requests
from django.conf import settings
from django.db import connections

from portal.kinds.registry import KINDS
from portal.operations.models import REPEATABLE, UNANSWERED, Operation, State
from portal.teams.models import Role
from tests.examples import EXAMPLES, creating
from tests.resources import forms

PRESSES = 4  # a web process may be killed under a press; then people press again
SECONDS = 60
RECENT = 30  # writes; what they are about is where people meet
ECHOED = 5  # operations of other teams
NAMES_AT_ONCE = 3  # names that all teams use at the same time
OPERATIONS_PER_NAMES = 40


class Person:
    def __init__(self, town, plant, role, name):
        self.town, self.plant, self.name = town, plant, name
        self.chance = town.chance(name)
        self.may_delete = role != Role.OPERATOR
        self.session = plant.browser(role).cookies[settings.SESSION_COOKIE_NAME].value
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.cookies.set(settings.SESSION_COOKIE_NAME, self.session)
        self.http.headers["Origin"] = town.portal.url
        self._blank = {}
        assert self.blank(creating()[0])  # from now on all forms of this person have the same token

    def get(self, path):
        """The answer; None if the portal was killed meanwhile."""
        with suppress(requests.RequestException):
            return self.http.get(self.town.portal.url + path, timeout=SECONDS, allow_redirects=False)

    def press(self, path, data):
        """Press until there is an answer; it is the same form each time, with the same operation key."""
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Referer": self.town.portal.url + path,
        }
        for _press in range(PRESSES):
            with suppress(requests.RequestException):
                answer = self.http.post(
                    self.town.portal.url + path,
                    data.urlencode(),
                    headers=headers,
                    timeout=SECONDS,
                    allow_redirects=False,
                )
                assert answer.status_code != 403, (self.name, path)
                if answer.status_code < 500:
                    return answer
            time.sleep(self.chance.uniform(0.05, 0.3))
        return None

    def request(self, path, data):
        """Press for a change. An answer that leads on promises that the change is on record."""
        answer = self.press(path, data)
        if answer is not None and answer.status_code == 302:
            self.town.promised.append((self.plant.team.pk, data["operation_key"]))

    def form(self, path):
        """The fields of the form at this address; None if it cannot be opened now."""
        page = self.get(path)
        if page is None or page.status_code != 200:
            return None
        data = forms.sendable(forms.read(page).fields)
        return data if data.get("csrfmiddlewaretoken") else None

    def button(self):
        """The fields of a button's form: any page of this person has the same token."""
        blank = self.blank(self.chance.choice(creating()))
        if blank is None:
            return None
        kept = ("csrfmiddlewaretoken", "made_for")
        return forms.sendable(
            {name: [blank[name]] for name in kept if name in blank} | {"operation_key": [str(uuid.uuid4())]}
        )

    def blank(self, slug):
        """The form of a new object, opened once: people leave such a page open."""
        if slug not in self._blank and (data := self.form(forms.new(slug))):
            self._blank[slug] = data
        if slug not in self._blank:
            return None
        data = self._blank[slug].copy()
        data["operation_key"] = str(uuid.uuid4())
        return data

    # What people do

    def act(self):
        what = self.chance.choices(
            (self.create, self.echo, self.change, self.delete, self.sync)
            + (self.repeat, self.check, self.read_list),
            weights=(32, 10, 24, 16, 6, 6, 3, 6),
        )[0]
        what()

    def new_name(self):
        """A name that the other teams use as well just now, or one of one's own."""
        if self.chance.random() < 0.25:
            return f"own_{uuid.UUID(int=self.chance.getrandbits(128)).hex[:12]}"
        epoch = self.town.begun // OPERATIONS_PER_NAMES
        return f"name_{epoch}_{self.chance.randrange(NAMES_AT_ONCE)}"

    def create(self):
        slug = self.chance.choice(creating())
        if (data := self.blank(slug)) is None:
            return
        words = list(EXAMPLES[slug].creates)
        variety = "usual" if self.chance.random() < 0.7 else self.chance.choice(words)
        values = {**self.plant.data(slug, variety=variety), EXAMPLES[slug].named_by: self.new_name()}
        self.request(forms.new(slug), forms.type_into(data, values))

    def echo(self):
        """Create what another team created a moment ago; best something of which nobody knows the end."""
        theirs = Operation.objects.filter(verb_name="create", data_is_whole=True)
        theirs = theirs.exclude(team=self.plant.team).order_by("-created_at")
        found = list(theirs.filter(state__in=UNANSWERED)[:ECHOED] or theirs[:ECHOED])
        if found and (data := self.blank((other := self.chance.choice(found)).kind_slug)):
            self.request(forms.new(other.kind_slug), forms.type_into(data, other.data))

    def pick(self, slugs):
        """(slug, mirror row) of an object that people may touch; the row is None without one.

        Mostly it is one that somebody else is at just now, for example one that was made a moment ago.
        """
        slug = self.chance.choice(slugs)
        recent = [deed.id for deed in self.town.watch.deeds[-RECENT:] if deed.slug == slug]
        if recent and self.chance.random() < 0.7:
            id = self.chance.choice(recent)
            if not self._rows(slug, remote_id=id):
                self.get(f"/{slug}/")
            return slug, self._rows(slug, remote_id=id).first()
        rows = self._rows(slug).values_list("pk", flat=True)[:200]
        return slug, self._rows(slug, pk=self.chance.choice(rows)).first() if rows else None

    def _rows(self, slug, **only):
        rows = KINDS[slug].model.objects.present().filter(connection=self.plant.connection(KINDS[slug]))
        return rows.exclude(remote_id__in=self.town.untouchable[slug]).filter(**only)

    def change(self):
        slug, row = self.pick([slug for slug in creating() if EXAMPLES[slug].update])
        if row is None or (data := self.form(forms.changing(row, "update"))) is None:
            return
        update = self.plant.data(slug, "update") if self.chance.random() < 0.3 else {}
        values = {**update, **EXAMPLES[slug].rename(self.new_name())}
        self.request(forms.changing(row, "update"), forms.type_into(data, values))

    def delete(self):
        _slug, row = self.pick(creating()) if self.may_delete else ("", None)
        if row and (data := self.form(forms.changing(row, "delete"))):
            self.request(forms.changing(row, "delete"), data)

    def sync(self):
        _slug, row = self.pick(["iotda/soft-buses"])
        if row and (data := self.button()):
            self.request(forms.changing(row, "sync"), data)

    def repeat(self):
        """Press "Try again" on the page of an operation that certainly did not happen."""
        mine = Operation.objects.filter(team=self.plant.team, state__in=REPEATABLE, followers=None)
        found = list(
            mine.exclude(verb_name="delete").order_by("-created_at").values_list("pk", flat=True)[:20]
        )
        if found and self.may_delete and (data := self.button()):
            self.press(f"/operations/{self.chance.choice(found)}/requeue/", data)

    def check(self):
        """Press "Check again" on the page of an operation in doubt, while the workers look as well."""
        doubts = Operation.objects.filter(team=self.plant.team, state=State.IN_DOUBT)
        doubts = doubts if self.may_delete else doubts.exclude(verb_name="delete")
        found = list(doubts.values_list("pk", flat=True)[:20])
        if found and (data := self.button()):
            self.press(f"/operations/{self.chance.choice(found)}/look-again/", data)

    def read_list(self):
        self.get(f"/{self.chance.choice(creating())}/")

    def work(self):
        """Until the town stops. What goes wrong here is no fault of the portal: the test fails."""
        try:
            while not self.town.stopping.is_set():
                self.act()
        except Exception as error:  # noqa: BLE001 - told by the test's own thread
            self.town.problems.append(error)
        finally:
            connections.close_all()
