"""What a portal might tell that is not true, to see that the judge notices each of it."""

import uuid
from dataclasses import replace

from django.utils import timezone

from portal.kinds.registry import KINDS
from portal.operations.answered import ALREADY_GONE
from portal.operations.models import Operation, State
from portal.teams.models import Role
from portal.words import to_json
from tests.examples import EXAMPLES
from tests.harness.judging import OUTSIDE, Judge, all_told, check_record
from tests.harness.people import Person
from tests.resources import forms

SLUG = "iotda/policies"


class Scene:
    """Operations that a person made in the town: "made", "other", "refused", "changed" and others."""

    def __init__(self, town):
        self.town = town
        self.person = Person(town, town.plants[0], Role.MANAGER, "witness")
        self.known = set(Operation.objects.values_list("pk", flat=True))
        self.made, self.other, gone = self._create("made"), self._create("other"), self._create("gone")
        self.changed = self._change(self.made, "first")
        self.changed_again = self._change(self.made, "second")
        self.deleted = self._press(forms.changing(gone.target, "delete"))
        town.emulator.faults([EXAMPLES[SLUG].refusal(verb) for verb in ("create", "update", "delete")])
        self.refused = self._create("refused")
        self.not_changed = self._change(self.other, "not")
        self.not_deleted = self._press(forms.changing(self.other.target, "delete"))
        town.emulator.faults([])

    def _press(self, path, **values):
        data = self.person.form(path)
        self.person.press(path, forms.type_into(data, values))
        operation = Operation.objects.exclude(pk__in=self.known).get()
        self.known.add(operation.pk)
        return operation

    def _create(self, name):
        values = {**self.person.plant.data(SLUG), "policy_name": f"{name}_{uuid.uuid4().hex[:8]}"}
        return self._press(forms.new(SLUG), **values)

    def _change(self, operation, name):
        return self._press(forms.changing(operation.target, "update"), policy_name=f"{name}_name")


GONE = to_json(ALREADY_GONE(name="of-somebody"))

# What the database is made to say of which operation, and what the judge must call it.
IN_THE_DATABASE = {
    "another's object": ("made", lambda scene: {"object_id": scene.other.object_id}),
    "claimed twice": ("made", lambda scene: {"object_id": scene.other.object_id}),
    "made nothing": ("refused", lambda scene: {"state": State.FOUND, "object_id": "of-nobody"}),
    "made all the same": ("made", lambda scene: {"state": State.ABSENT}),
    "took effect all the same": ("changed", lambda scene: {"state": State.NOT_SENT}),
    "took effect all the same ": ("deleted", lambda scene: {"state": State.REJECTED}),
    "took no effect": ("not_changed", lambda scene: {"state": State.DONE}),
    "took no effect ": ("not_deleted", lambda scene: {"state": State.DONE, "words": GONE}),
    "was not gone": ("deleted", lambda scene: {"words": GONE}),
    "something else": ("changed", lambda scene: {"object_id": scene.other.object_id}),
    "never ended": ("made", lambda scene: {"state": State.IN_DOUBT}),
    "no evidence": ("made", lambda scene: {"state": State.NEEDS_HUMAN}),
    "unrecorded": ("made", lambda scene: {"attempts": []}),
    "unrecorded ": ("made", lambda scene: {"attempts": _recorded_afterwards(scene.made)}),
    "another request": ("made", lambda scene: {"verb_name": "update"}),
    "record": ("made", lambda scene: {"state": State.REJECTED}),
}


def _recorded_afterwards(operation):
    return [{**each, "at": timezone.now().isoformat()} for each in operation.attempts]


def missed(town, scene):
    """The lies that the judge does not notice, and what it says instead."""
    found = []
    for code, (who, lie) in IN_THE_DATABASE.items():
        row = Operation.objects.filter(pk=getattr(scene, who).pk)
        honest = row.values("object_id", "state", "attempts", "verb_name", "words").get()
        row.update(**lie(scene))
        told = all_told()
        codes = Judge(told, town.watch.deeds, town.watch.sent, town.misled).judge().codes
        codes += {each: 1 for each, _about in check_record(told)}
        row.update(**honest)
        if code.strip() not in codes:
            found.append((code, codes))
    return found + [each for each in _in_the_log(town, scene) if each]


def _in_the_log(town, scene):
    """The same for what is done behind the portal's back, or too late."""
    told, deeds = all_told(), list(town.watch.deeds)
    first = next(deed for deed in deeds if deed.by == str(scene.changed.pk))
    late = replace(first, number=deeds[-1].number + 1, at=deeds[-1].at + 1)
    made = next(deed for deed in deeds if deed.by == str(scene.made.pk))
    removed = next(deed for deed in deeds if deed.by == str(scene.deleted.pk))
    # Somebody makes an object with the id of the deleted one, and a late attempt deletes that as well.
    again = replace(removed, number=late.number, at=late.at, by=OUTSIDE, change="made")
    for code, lie in {
        "lost update": [*[deed for deed in deeds if deed is not first], late],
        "made twice": [*deeds, replace(made, number=late.number, id="one-more")],
        "something else": [*deeds, replace(made, number=late.number, slug="iotda/devices")],
        "another's object": [*deeds, again, replace(removed, number=late.number + 1, at=late.at + 1)],
    }.items():
        codes = Judge(told, lie, town.watch.sent, town.misled).judge().codes
        yield code not in codes and (code, codes)
    again = [*town.watch.sent, next(each for each in town.watch.sent if each.by == str(scene.made.pk))]
    codes = Judge(told, deeds, again, town.misled).judge().codes
    yield "repeated unrecorded" not in codes and ("repeated unrecorded", codes)
    # A request with the portal's own credentials that no operation made.
    row = KINDS[SLUG].model.objects.filter(remote_id=scene.other.object_id).first()
    scene.person.plant.collection(SLUG).delete(row.remote_id)
    codes = town.judge().codes
    yield "unrecorded" not in codes and ("unrecorded", codes)
    scene.town.promised.append((scene.person.plant.team.pk, "a key that no operation has"))
    codes = town.judge().codes
    yield "lost" not in codes and ("lost", codes)
