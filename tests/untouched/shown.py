"""An odd object as the emulator shows it: faults that answer the read of one object, and its update."""

import copy
import json
from dataclasses import dataclass

from hypothesis import strategies as st

from portal.kinds.registry import KINDS
from portal.platforms.contract import Field
from tests.examples import EXAMPLES
from tests.support.example import OBJECT
from tests.support.oddities import Surroundings
from tests.untouched import odd


@dataclass(frozen=True)
class Shown:
    """One object. `members` are its values under the platform's own names."""

    slug: str
    members: dict
    surroundings: Surroundings

    def rules(self, remote_id):
        """Faults that show the object, and take whatever is sent of it."""
        example = EXAMPLES[self.slug]
        body = self._body(example.calls["get"], remote_id)
        update = example.calls["update"]
        answer = body if update.needs == OBJECT else update.good
        return [
            *self.surroundings.rules,
            _answer(example.calls["get"], body, remote_id),
            _answer(update, answer, remote_id),
        ]

    def _body(self, call, remote_id):
        body = copy.deepcopy(call.good)
        *way, name = call.id
        place = body
        for step in way:
            place = place[step]
        place[name] = type(place[name])(remote_id)
        for member in wire_names(self.slug).values():
            place.pop(member, None)
        place.update(self.members)
        return body


def _answer(call, body, remote_id):
    match = call.match | {"path": call.match["path"].replace("[^/]+", str(remote_id))}
    return {"match": match, "fault": "answer", "status": 200, "body": json.dumps(body)}


def contract_of(slug):
    return KINDS[slug].verb("update").form.contract


def wire_names(slug):
    """{field: member} of what the update edits."""
    return {name: EXAMPLES[slug].wire.get(name, name) for name in KINDS[slug].verb("update").fields}


def rule_of(slug, member) -> Field:
    return next(rule for rule in contract_of(slug) if rule.name == member)


def objects(slug):
    """A strategy of Shown objects of a kind."""
    oddities = EXAMPLES[slug].oddities
    return st.builds(
        Shown,
        st.just(slug),
        odd.members(contract_of(slug), oddities.words),
        oddities.surroundings,
    )
