"""What people send, with something in it that is not theirs to send.

Every act of tests/audit/acts.py is sent with each id swapped for that of the same thing of another team, and
with every column of every table as one more field. Would catch: a form that takes another team's connection,
a column that a form fills though it does not show it, a name of another team in a refusal.
"""

import datetime
import re
import uuid
from collections import Counter

import pytest
from django.apps import apps
from django.core.cache import cache
from django.db import models

from portal.record.models import Entry
from tests.audit.acts import SUCCESSES
from tests.proofs.sending import everything, judged
from tests.proofs.test_matrix import KIND, LEARNED, RECORD
from tests.proofs.town import THEIRS, undone

pytestmark = pytest.mark.anywhere

UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
IN_FULL = [address for address in SUCCESSES if address.startswith("api/") and f"/{KIND}/" not in address]
ACTS = [address for address in SUCCESSES if address not in IN_FULL]
GROUPS = {
    "accounts": [each for each in ACTS if each.startswith(("accounts", "profile", "people"))],
    "teams": [each for each in ACTS if each.startswith(("teams", "audit"))],
    "operations": [
        each
        for each in ACTS
        if each.startswith(("operations", "jobs", "approvals", "connections", "settings"))
    ],
    "kinds": [each for each in ACTS if each.startswith(("<", "api"))],
}
assert sorted(ACTS) == sorted(sum(GROUPS.values(), []))
EVERY_GROUP = pytest.mark.parametrize(
    "acts", [*GROUPS.values(), pytest.param(IN_FULL, marks=pytest.mark.full)], ids=[*GROUPS, "every kind"]
)


def with_uuids():
    return [each for each in apps.get_models() if isinstance(each._meta.pk, models.UUIDField)]


def counterpart(town, id):
    """The id of the same thing of the other team; "" if it is the id of nothing."""
    for model in with_uuids():
        if model.objects.filter(pk=id).exists():
            theirs = [each for each in town.other.ids.values() if UUID.fullmatch(each)]
            found = model.objects.filter(pk__in=theirs).first()
            return str(found.pk) if found else ""
    return ""


def of(town):
    def swapped(sent):
        fields = sent.fields.items() if sent.is_json else sent.fields
        for name, value in list(fields):
            if name == "made_for":
                continue  # for which connection the choices were drawn: it chooses nothing
            found = UUID.findall(str(value))
            for id in found:
                if theirs := counterpart(town, id):
                    yield from refused(sent.changed(name, str(value).replace(id, theirs)), name, town)

    return swapped


def refused(sent, name, town):
    last = Entry.objects.latest("seq").seq
    response, tables = sent.send()
    text = response.getvalue().decode("utf-8", "replace")
    if response.status_code not in (400, 404, 409, 422) and tables:
        yield f"{name} of another team: {response.status_code}"
    yield from (f"{name} of another team writes to {each}" for each in tables - LEARNED - RECORD)
    if THEIRS in text:
        yield f"{name} of another team tells its name"
    if Entry.objects.filter(seq__gt=last, team_id=str(town.other.plant.team.pk)).exists():
        yield f"{name} of another team is recorded there"


# One value for each type of column; each is found again wherever it is stored.
TEXT, NUMBER, DAY, ID = "mass-assigned", 424242, "1999-01-01T00:00:00Z", str(uuid.UUID(int=0xDEADBEEF))
# Optional fields of the forms themselves.
DECLARED = {"reason", "ticket", "iam_endpoint", "org_id", "calls_per_minute", "calls_at_once", "places"}


def columns():
    """{name: value} of every column, by both names of a foreign key."""
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            yield from dict.fromkeys((field.name, field.attname), _hostile(field)).items()


def _hostile(field):
    if isinstance(field, models.BooleanField):
        return "on"
    if isinstance(field, models.DateField):
        return DAY
    if isinstance(field, models.IntegerField):
        return str(NUMBER)
    if isinstance(field, models.UUIDField | models.ForeignKey):
        return ID
    if field.choices:
        return str([value for value, _label in field.flatchoices][-1])
    return TEXT


def assigned(sent):
    """Nothing is stored but what the plain act stores."""
    names = set(sent.fields) if sent.is_json else {name for name, _value in sent.fields}
    more = {name: value for name, value in columns() if name not in names | DECLARED}
    if sent.is_json:
        response, tables = sent.changed("is_portal_admin", "on").send()
        if response.status_code != 422 or tables - RECORD - LEARNED:
            yield f"an unknown member: {response.status_code}, {sorted(tables)}"
        return
    plain, loaded = _after(sent), sent
    for name, value in more.items():
        loaded = loaded.changed(name, value)
    after = _after(loaded)
    for column in sorted(plain.keys() | after.keys()):
        if plain.get(column) != after.get(column):
            yield f"{column}: {after.get(column)}, not {plain.get(column)}"


def _after(sent):
    """{column: what it holds after sending}, of what differs from time to time only whether it is hostile."""
    found = {}
    cache.clear()  # a code counts once more
    with undone():
        response, _tables = sent.send()
        found["status"] = response.status_code
        for model, row in everything():
            for field in model._meta.concrete_fields:
                value = row[field.column]
                kept = isinstance(field, models.BooleanField) or field.choices
                shown = value if kept else _is_hostile(value)
                found.setdefault(f"{model._meta.db_table}.{field.column}", Counter())[str(shown)] += 1
    return found


def _is_hostile(value):
    if isinstance(value, datetime.datetime):
        return value.year == 1999
    return any(each in str(value) for each in (TEXT, str(NUMBER), DAY[:10], ID, ID.replace("-", "")))


@EVERY_GROUP
def test_no_id_of_another_team_and_no_column_is_taken(town, emulator, acts):
    wrong = [each for address in acts for each in judged(town, emulator, address, of(town), assigned)]
    assert "\n".join(wrong) == ""
