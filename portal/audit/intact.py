"""Whether the record is intact, in one line for the list: the last checkpoint, and how far its copies got."""

from dataclasses import dataclass, field

from portal.record.models import Checkpoint, Sink


@dataclass(frozen=True)
class Intact:
    """`checkpoint` is the newest one, None if there is none. `outside` are (Sink, whether it has that)."""

    checkpoint: object = None
    outside: list = field(default_factory=list)


def shown(user):
    """The Intact for somebody who may read the record."""
    checkpoint = Checkpoint.objects.order_by("-number").first()
    if checkpoint is None:
        return Intact()
    return Intact(checkpoint, [(sink, sink.delivered >= checkpoint.number) for sink in Sink.objects.all()])
