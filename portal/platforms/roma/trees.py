"""The tree of device groups in an answer, read piece by piece: as objects it takes ten times its bytes."""

from itertools import islice
from json import dumps, loads

from portal.platforms.answers import MEMBERS_MAX
from portal.platforms.streaming import Budget, events, plain

SLICE = 500
VALUES_MAX = MEMBERS_MAX // SLICE  # in one group, so that a slice has no more than other answers
GROUPS_MAX = 200_000


class Tree:
    """`outline` is the answer with an empty list for its `items`; `count` is the number of groups, `tops` of
    those at the top. A first pass finds them; it raises ValueError where the answer is no JSON, and when
    what should be a group is none.

    Slices are lists of [group, depth]. Parents come before their children. A group lacks its `children`.
    """

    def __init__(self, body, scrubber):
        self._body, self._scrubber = plain(body), scrubber
        self._late = {}  # {number of a group: the JSON of its members that stand behind its children}
        self.count = self.tops = 0
        self.outline = self._surveyed()

    def _surveyed(self):
        if not self._body.strip():
            return None
        reading, budget = events(self._body), Budget(MEMBERS_MAX)
        event, value = next(reading)
        if event != "start_map":
            return budget.value_of(event, value, reading)
        outline = {}
        for name, event, value in _members(reading):
            if name == "items" and event == "start_array":
                outline[name] = []
                self._survey(reading)
            else:
                outline[name] = budget.value_of(event, value, reading)
        for _beyond in reading:
            pass  # nothing may follow
        return outline

    def _survey(self, reading):
        for number, depth, members in _flat(reading):
            if depth is None:
                self._late[number] = dumps(members).encode()
                continue
            self.count += 1
            self.tops += depth == 0
            if self.count > GROUPS_MAX:
                raise ValueError("too many groups")

    def slices(self):
        groups = self._groups()
        while found := list(islice(groups, SLICE)):
            text = dumps(found, ensure_ascii=False).encode("utf-8", "surrogatepass")
            yield self._scrubber.value(found, text)

    def _groups(self):
        reading, budget = events(self._body), Budget(MEMBERS_MAX)
        next(reading)
        for name, event, value in _members(reading):
            if name == "items" and event == "start_array":
                break
            budget.value_of(event, value, reading)
        else:
            return
        for number, depth, members in _flat(reading):
            if depth is not None:
                yield [{**members, **loads(self._late.get(number, b"{}"))}, depth]


def _members(reading):
    """Yield (name, event, value) of the members of an object that is open: the event begins the value."""
    for event, name in reading:
        if event == "end_map":
            return
        yield name, *next(reading)


def _flat(reading):
    """Yield (number, depth, members) of each group in a list that is open, before those below it.

    A group whose members go on behind its children comes once more, with these alone and None for its depth.
    """
    count, around = 0, []  # [number, members, whether it was shown, Budget] of each group that is open
    for event, value in reading:
        if event == "start_map":
            around.append([count, {}, False, Budget(VALUES_MAX)])
            count += 1
        elif event == "end_array":
            if not around:
                return
        elif event == "end_map":
            number, members, is_shown, _budget = around.pop()
            if members or not is_shown:
                yield number, None if is_shown else len(around), members
        elif event == "map_key":
            name, (event, value) = value, next(reading)
            if name != "children":
                _number, members, _is_shown, budget = around[-1]
                members[name] = budget.value_of(event, value, reading)
            elif event == "start_array":
                number, members, *_rest = around[-1]
                yield number, len(around) - 1, members
                around[-1][1:3] = {}, True
            elif event != "null":
                raise ValueError("no list of groups")
        else:
            raise ValueError("no group")
