"""How much the portal reads of what it is sent: refused before it is parsed, whoever sends it."""

import re
from itertools import accumulate

BODY_MAX = 1_000_000  # bytes of a request's body
ADDRESS_MAX = 64_000  # characters after the question mark
FIELDS_MAX = 2_000  # fields of a form, or parameters of an address
LINE_MAX = 5_000  # characters of a field of one line
LEVELS_MAX = 200  # objects and lists of a JSON body inside each other

# All but brackets. Possessive, so that each character is read once: no text makes it slow.
NO_BRACKETS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[^\[\]{}"]++', re.DOTALL)
STEPS = {"[": 1, "{": 1, "]": -1, "}": -1}


def nests_deeper(text, levels):
    """Whether a text, JSON or not, opens more than so many objects and lists inside each other."""
    if text.count("[") + text.count("{") <= levels:
        return False
    brackets = NO_BRACKETS.sub("", text)
    return max(accumulate(map(STEPS.__getitem__, brackets)), default=0) > levels
