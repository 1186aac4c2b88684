"""Compares what was sent with what a platform shows. Both are JSON values with fields in snake case."""

NOTHING = (None, "", {}, [])
# Options of a request, which no platform shows afterwards, and a secret, which nobody compares.
NEVER_SHOWN = ("require_secret", "connection", "secret")


def compare(sent, seen):
    """[{field, sent, seen, same}] for each value of a create. Empty values were not sent and are left out.

    `same` is None if the platform does not show the field. A number equals its text: ROMA accepts the id
    10001 and shows it as "10001".
    """
    rows = []
    for name, value in sent.items():
        if value in NOTHING or name in NEVER_SHOWN:
            continue
        if name not in seen:
            rows.append({"field": name, "sent": value, "seen": None, "same": None})
            continue
        rows.append({"field": name, "sent": value, "seen": seen[name], "same": _contains(seen[name], value)})
    return rows


def compare_all(wished, seen):
    """[{field, sent, seen, same}] for each value of an update. Here an empty value clears the field."""
    return [
        {"field": name, "sent": value, "seen": seen.get(name), "same": is_alike(value, seen.get(name))}
        for name, value in wished.items()
    ]


def differing(one, other):
    """The fields in which two versions of an object differ. An empty text, list or map equals None."""
    return [row["field"] for row in compare_all(one, other) if not row["same"]]


def is_alike(one, other):
    """Whether a platform shows in both the same value of an object that exists.

    Unlike `_contains`, both must have all members, and a number is not its text. An empty member equals one
    that is absent: EnOS adds `i18nValue: {}` by itself.
    """
    if one in NOTHING or other in NOTHING:
        return one in NOTHING and other in NOTHING
    if isinstance(one, dict) and isinstance(other, dict):
        return all(is_alike(one.get(key), other.get(key)) for key in {**one, **other})
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_alike, one, other))
    return is_identical(one, other)


def is_same(one, other):
    """Whether somebody who made `other` of `one` changed nothing. All empty fields are the same, but inside a
    value "" is not absent, and 1 is neither "1" nor true."""
    return (one in NOTHING and other in NOTHING) or is_identical(one, other)


def is_identical(one, other):
    """Whether two JSON values are the same, but for the order of members; null is the same as absent."""
    if isinstance(one, dict) and isinstance(other, dict):
        return all(is_identical(one.get(key), other.get(key)) for key in {**one, **other})
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_identical, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one == other
    return type(one) is type(other) and one == other


def _contains(seen, sent):
    """Whether `seen` contains what was sent. The platform may have added members to an object."""
    if isinstance(sent, dict) and isinstance(seen, dict):
        return all(_contains(seen.get(key), value) for key, value in sent.items() if value not in NOTHING)
    if isinstance(sent, list) and isinstance(seen, list):
        return len(sent) == len(seen) and all(map(_contains, seen, sent))
    return _equal(sent, seen)


def _equal(one, other):
    """A number equals its text, and 20 equals 20.0; but true is not 1."""
    if isinstance(one, bool) != isinstance(other, bool):
        return False
    return one == other or str(one) == str(other)
