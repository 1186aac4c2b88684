"""What people send, one act after another (tests/audit/acts.py), each judged before it is sent for real.

A judge is a function of a Sent: what is about to be sent, which it may send again, changed; it yields what is
wrong with the answers. Whatever it does is undone.
"""

import copy
import json
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.apps import apps
from django.db import connection
from django.http import QueryDict
from django.urls import resolve

from portal.teams.models import User
from tests.audit.acts import REFUSED, SUCCESSES, Walk
from tests.proofs.town import Writes, undone

NO_CHANGES = [
    {"match": {"method": method, "path": "^(?!.*token)"}, **REFUSED} for method in ("POST", "PUT", "DELETE")
]
FORM, JSON = "application/x-www-form-urlencoded", "application/json"


@dataclass(frozen=True)
class Sent:
    """`fields`: [(name, value)] of a form, or the object of a JSON body."""

    browser: object
    path: str
    fields: object
    options: dict

    @property
    def is_json(self):
        return isinstance(self.fields, dict)

    def changed(self, name, value):
        """The same with another value of a field, or with one more."""
        if self.is_json:
            return replace(self, fields={**self.fields, name: value})
        kept = [(each, old) for each, old in self.fields if each != name]
        return replace(self, fields=[*kept, (name, value)])

    def without(self, name):
        """The same without a field."""
        if self.is_json:
            return replace(self, fields={each: old for each, old in self.fields.items() if each != name})
        return replace(self, fields=[(each, old) for each, old in self.fields if each != name])

    def send(self):
        """(answer, tables written to)"""
        cookies, type = copy.deepcopy(self.browser.cookies), JSON if self.is_json else FORM
        body = json.dumps(self.fields) if self.is_json else urlencode(self.fields, errors="surrogatepass")
        options = {**self.options, "content_type": type}
        with Writes() as writes:
            response = self.browser.post(self.path, body, **options)
            response.getvalue()
        self.browser.cookies = cookies
        return response, writes.tables - {"django_session"}


def _fields(data, options):
    if options.get("content_type") == JSON:
        return json.loads(data)
    if isinstance(data, str):
        data = QueryDict(data)
    if isinstance(data, QueryDict):
        return [(name, value) for name, values in data.lists() for value in values]
    return list(data.items())


class Judged(Walk):
    """A Walk that hands what it is about to send to the judges; `wrong` is what they say."""

    def __init__(self, plant, emulator, address, judges):
        super().__init__(plant, emulator)
        self.address, self.judges, self.wrong, self.is_judged = address, judges, [], False

    def post(self, browser, path, data, **options):
        sent = Sent(browser, path, _fields(data, options), options)
        judges = self.judges if resolve(path).route == self.address else ()
        self.is_judged |= bool(judges)
        # The emulator cannot undo anything, so it accepts no change meanwhile.
        self.emulator.faults(NO_CHANGES)
        for judge in judges:
            with undone():
                self.wrong += [f"{judge.__name__} {path}: {each}" for each in judge(sent)]
        self.emulator.faults([])
        return super().post(browser, path, data, **options)


def judged(town, emulator, address, *judges):
    """What the judges find wrong with what the act at this address sends."""
    emulator.reset()
    with undone():
        town.rest()
        people = town.own.plant.people  # acts change them, and not only in the database
        people |= {who: User.objects.get(pk=each.pk) for who, each in people.items()}
        walk = Judged(town.own.plant, emulator, address, judges)
        answer = SUCCESSES[address](walk)
        assert answer.status_code < 400, (address, answer.content[:1000])
        assert walk.is_judged, address
        return walk.wrong


def everything():
    """[(model, {column: value})] of all rows, but for sessions and the cache."""
    for model in apps.get_models(include_auto_created=True):
        if model._meta.db_table not in ("django_session", "portal_cache"):
            with connection.cursor() as cursor:
                names = [field.column for field in model._meta.concrete_fields]
                quoted = ", ".join(connection.ops.quote_name(name) for name in names)
                cursor.execute(f"SELECT {quoted} FROM {connection.ops.quote_name(model._meta.db_table)}")
                for row in cursor.fetchall():
                    yield model, dict(zip(names, row, strict=True))
