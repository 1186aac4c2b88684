"""Oddities: what the tests of odd objects (tests/untouched) need to know of one kind, beside its contract.

The odd objects themselves are made from the rules of the kind's edit form, so most kinds need none of this.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from hypothesis import strategies as st


class Surroundings:
    """What stands around an object on its platform and decides about its form, for example a model.

    `rules` are faults that show it. `text_for(control, shown)` is a good new text for a control of the form,
    None where any text will do; `shown` is {member: value} of the object. `is_odd(control, shown)` says that
    what the control shows breaks a rule that only the surroundings know.
    """

    rules = ()

    def text_for(self, control, shown):
        return None

    def is_odd(self, control, shown):
        return False


@dataclass(frozen=True, kw_only=True)
class Oddities:
    """`words` are keys and words that mean something on the platform. `texts` is {pattern: text} of good new
    texts for the controls whose name has the pattern. `broken` is {control: text} that the edit form refuses,
    where that of the Example is about another form."""

    words: tuple = ()
    texts: Mapping = field(default_factory=dict)
    broken: Mapping = field(default_factory=dict)
    surroundings: st.SearchStrategy = st.builds(Surroundings)

    def text_for(self, control):
        return next((text for pattern, text in self.texts.items() if re.search(pattern, control)), None)
