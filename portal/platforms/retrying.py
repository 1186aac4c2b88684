"""What may be sent again after a try that brought no clear answer."""

import enum


class Repeat(enum.Enum):
    """What happens on the platform when a call is sent twice."""

    READ = "read"  # nothing: it only reads
    SAME = "same"  # the same as when it is sent once: update, delete
    NEVER = "never"  # it may happen twice: create, sync
