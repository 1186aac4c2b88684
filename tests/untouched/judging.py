"""How what was sent differs from what was shown, JSON for JSON, and whether one change explains it."""

import json
from dataclasses import dataclass

ABSENT = "<absent>"


def exact(value):
    """JSON text in which 1, 1.0, "1" and true, and the order of members, are all different."""
    return json.dumps(value, ensure_ascii=False)


@dataclass(frozen=True)
class Difference:
    """One place that differs. `old` or `new` is ABSENT when an item or a member was added or removed."""

    path: tuple
    old: object
    new: object


def differences(old, new, path=()):
    """[Difference] at the deepest places possible."""
    if exact(old) == exact(new):
        return []
    if isinstance(old, dict) and isinstance(new, dict):
        return _of_members(old, new, path)
    if isinstance(old, list) and isinstance(new, list):
        return _of_items(old, new, path)
    return [Difference(path, old, new)]


def _of_members(old, new, path):
    before, after = list(old), list(new)
    if before == after:
        return [each for key in old for each in differences(old[key], new[key], (*path, key))]
    gone, come = [key for key in before if key not in new], [key for key in after if key not in old]
    kept = [key for key in before if key in new]
    if kept != [key for key in after if key in old] or (come and not gone and after[-len(come) :] != come):
        return [Difference(path, old, new)]
    if len(gone) == len(come) == 1 and before.index(gone[0]) == after.index(come[0]):
        renamed = {come[0] if key == gone[0] else key: value for key, value in old.items()}
        return [Difference((*path, "key"), gone[0], come[0]), *differences(renamed, new, path)]
    found = [Difference((*path, key), old[key], ABSENT) for key in gone]
    found += [Difference((*path, key), ABSENT, new[key]) for key in come]
    return found + [each for key in kept for each in differences(old[key], new[key], (*path, key))]


def _of_items(old, new, path):
    if len(old) == len(new):
        pairs = enumerate(zip(old, new, strict=True))
        return [each for place, (one, other) in pairs for each in differences(one, other, (*path, place))]
    longer, shorter = (old, new) if len(old) > len(new) else (new, old)
    if len(longer) - len(shorter) == 1:
        for place, item in enumerate(longer):
            if exact(longer[:place] + longer[place + 1 :]) == exact(shorter):
                return [
                    Difference((*path, place), item, ABSENT)
                    if longer is old
                    else Difference((*path, place), ABSENT, item)
                ]
    return [Difference(path, old, new)]


def without_nothing(value):
    """Without null members of objects, which EnOS shows and does not accept."""
    if isinstance(value, dict):
        return {name: without_nothing(member) for name, member in value.items() if member is not None}
    if isinstance(value, list):
        return [without_nothing(member) for member in value]
    return value


def leaves(value):
    """All scalars, and all names of members, in a value."""
    if isinstance(value, dict):
        return [leaf for name, member in value.items() for leaf in [name, *leaves(member)]]
    if isinstance(value, list):
        return [leaf for member in value for leaf in leaves(member)]
    return [value]
