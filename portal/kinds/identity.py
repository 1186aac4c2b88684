"""Who an object is: the id on its platform, within its scope where ids are not unique in the account.

A scope that is not known is "": a platform may show an object without it, and choose it for a new one.
"""


def is_within(scope, other):
    """Whether two objects of one id and account may be the same one: an unknown scope may be any."""
    return scope == other or not scope or not other


def or_unknown(scope):
    """The scopes that what was kept about an object in this scope may have."""
    return {scope, ""}


def the_one(rows, scope):
    """Of the rows with one id in one account the one in this scope; None if none is.

    A row whose scope is not known yet is taken for it. Where this one is not known, a single row is.
    """
    found = {row.scope: row for row in rows}
    if scope or scope in found:
        return found.get(scope) or found.get("")
    return next(iter(found.values())) if len(found) == 1 else None
