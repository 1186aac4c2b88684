"""What a change that waits for approval touches, read live: what its form shows, and its plan now."""

from dataclasses import dataclass
from functools import cached_property

from django.utils.translation import gettext_noop as _

from portal.operations.change import keyed_hash
from portal.operations.job import Purpose
from portal.resources import impact, reading
from portal.resources.reading import REACH_SECONDS
from portal.web import following
from portal.words import Sentence

INSIDE_CHANGED = Sentence(
    "approval.inside_changed",
    _("What is inside changed after this was asked for. Nothing was sent. It has to be asked again."),
)
INSIDE_UNREAD = Sentence(
    "approval.inside_unread",
    _("The platform did not show all that is inside, so this cannot be approved now. Ask again later."),
)


@dataclass(frozen=True)
class Touched:
    """- `impact` is what is inside an object that is to be deleted. `check` is what the object's present
      state adds, `reach` how much else changes with it, `unread` why that is not known. None where the verb
      says nothing of it.
    - `plan` is why the steps of a delete with everything inside are not what they would be now, a Said.
    """

    impact: object = None
    check: object = None
    reach: object = None
    unread: object = None
    plan: object = None

    @classmethod
    def read(cls, approval, changes):
        if approval.purpose == Purpose.LEAVES_FIRST:
            return cls(plan=plan_changed(approval, changes))
        change = changes[0]
        kind, verb, row = change.kind, change.verb, change.target
        if approval.purpose or row is None:
            return cls()
        inside = impact.read(kind, [row], REACH_SECONDS) if verb.removes and kind.held else None
        check = reading.checked(kind, verb, row) if verb.check else None
        is_read = verb.reaches and check and check.said
        reach, unread = reading.reach_of(kind, verb, row) if is_read else (None, None)
        return cls(inside, check, reach, unread)

    @cached_property
    def mark(self):
        """Stands for what the page shows of it: if it differs, the approver saw something else."""
        inside = self.impact
        along = [(str(label), count) for label, count in inside.along] if inside else []
        told = [str(self.check and self.check.said), str(self.reach), str(self.plan)]
        return following.mark(inside and [inside.digest, inside.is_whole], along, told)


def plan_changed(approval, changes):
    """Why a delete with everything inside is not what it would be now, as a Said; None if it is."""
    if approval.purpose != Purpose.LEAVES_FIRST:
        return None
    awaited = {index for _index, before in approval.waits_for for index in before}
    roots = [each.target for index, each in enumerate(changes) if each.verb.removes and index not in awaited]
    by_kind = {}
    for each in roots:
        by_kind.setdefault(type(each), []).append(each)
    now = []
    for rows in by_kind.values():
        kind = next(each.kind for each in changes if type(each.target) is type(rows[0]))
        found = impact.Impacts.read(kind, rows)
        if not found.can_be_asked_for:
            return INSIDE_UNREAD()
        now += [step.what for step in found.steps]
    asked = [[each.kind.slug, each.verb.name, *each.target.identity, each.data] for each in changes]
    return None if sorted(map(keyed_hash, now)) == sorted(map(keyed_hash, asked)) else INSIDE_CHANGED()
