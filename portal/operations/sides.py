"""What a change changed, for its entry in the record: `before` and `after`, as fields and values.

`before` is what the platform showed just before it was sent: the operation's baseline, so it costs no call.
`after` is what was sent, or what the platform answered. A create has no `before`, a delete no `after`; what
did not happen has no `after` either. A value that nobody knows is None.
"""

from portal.operations.models import NOTHING_DONE


def sides(operation, state, seen=None, refused=()):
    """The members of an entry's body: {"before": {...}, "after": {...}}, or one of them, or none.

    `state` is that in which the operation ends. `seen` is the object as the platform showed it afterwards,
    decoded, if it did. `refused` are the targets that were refused, of a verb with many.
    """
    verb, data = operation.verb, operation.data or {}
    is_done = state not in NOTHING_DONE
    if not verb.on_object:
        return {"after": seen or data} if is_done else {}
    if operation.sent_at is None and operation.baseline is None:
        return {}  # it ended before anybody looked
    if refused:
        data = {**data, verb.targets: [id for id in data[verb.targets] if id not in refused]}
    before, after = verb.evidence.sides(data, operation.baseline, seen or {})
    if verb.removes:
        return {} if before is None else {"before": before}
    return {"before": before, "after": after} if is_done else {"before": before}
