"""What became of each target of a call that has many: one answer, and each of them has its own ending."""

from dataclasses import asdict, dataclass

from portal.platforms.answers import storable
from portal.platforms.collection import unreadable

CODE_MAX, MESSAGE_MAX = 64, 400  # characters; a platform may write any number


@dataclass(frozen=True)
class Ending:
    """`target` is its id as it was sent. A target with a code or a message was refused."""

    target: str
    code: str = ""
    message: str = ""

    @property
    def is_refused(self):
        return bool(self.code or self.message)

    def to_json(self):
        return asdict(self)


def endings(answer, sent, *, done, refused, id, code, message):
    """[Ending] of the targets in `sent`, in their order.

    `done` is the member of the answer that lists the ids that were done, `refused` the one that lists an
    object for each of the others, with `id`, `code` and `message`. Raises Unclear when the answer does not
    say of each target which of the two it is: what is not accounted for may have happened.
    """
    data = answer.data if isinstance(answer.data, dict) else {}
    fine, wrong = data.get(done) or [], data.get(refused) or []
    if not isinstance(fine, list) or not isinstance(wrong, list):
        raise unreadable(answer)
    if not all(isinstance(each, dict) for each in wrong):
        raise unreadable(answer)
    said = {_text(each.get(id)): each for each in wrong}
    done_ids = {_text(each) for each in fine}
    if any((target in said) == (target in done_ids) for target in sent):
        raise unreadable(answer)  # in neither list, or in both
    found = []
    for target in sent:
        if target in said:
            each = said[target]
            told = _text(each.get(message))[:MESSAGE_MAX]
            found.append(Ending(target, _text(each.get(code))[:CODE_MAX] or "?", told))
        else:
            found.append(Ending(target))
    return found


def _text(value):
    is_text = isinstance(value, str | int) and not isinstance(value, bool)
    return storable(str(value)) if is_text else ""
