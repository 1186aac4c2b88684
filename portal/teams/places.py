"""Places: where a membership, an invitation or a token counts: everywhere, or in some connections and spaces.

A space is what a platform makes objects in and what they stay in: a resource space of IoTDA, an application
of ROMA Connect. Which column of a model says so is known to access.py; here are only their ids.
"""

import re
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _

SPACE_MAX = 64  # characters of a space's id: longer ones are those of no platform
PLACES_MAX = 200  # of one membership
CONNECTION = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Places:
    """`pairs` are (id of a connection as text, id of a space in it or "" for all of it); None is everywhere.

    Made by `of`, `EVERYWHERE` and `&`, which leave out what is in a whole connection that is named as well.
    """

    pairs: frozenset | None = None

    @classmethod
    def of(cls, value):
        """From what `to_json` made; None is everywhere. Raises ValidationError for anything else."""
        if value is None:
            return EVERYWHERE
        if not isinstance(value, list) or len(value) > PLACES_MAX:
            raise ValidationError(_("Choose at most %(most)s places.") % {"most": PLACES_MAX})
        return cls._without_doubles(map(_pair, value))

    @classmethod
    def _without_doubles(cls, pairs):
        pairs = set(pairs)
        return cls(frozenset(each for each in pairs if not each[1] or (each[0], "") not in pairs))

    def to_json(self):
        if self.pairs is None:
            return None
        return [{"connection": connection, "space": space} for connection, space in sorted(self.pairs)]

    @property
    def is_everywhere(self):
        return self.pairs is None

    def covers(self, connection_id, space=""):
        """Whether all of that space is in here; without one, all of the connection."""
        if self.pairs is None:
            return True
        at = str(connection_id or "")
        return (at, "") in self.pairs or bool(space) and (at, space) in self.pairs

    def touches(self, connection_id):
        """Whether anything of the connection is in here."""
        return self.pairs is None or str(connection_id) in self.connections

    @property
    def connections(self):
        """Ids of the connections of which anything is in here; not for everywhere."""
        return {connection for connection, _space in self.pairs}

    def spaces_of(self, connection_id):
        """Ids of the spaces of the connection that are in here; None for all of them."""
        if self.covers(connection_id):
            return None
        return frozenset(space for connection, space in self.pairs if connection == str(connection_id))

    def within(self, other):
        """Whether it is no wider than the other one."""
        if other.pairs is None or self.pairs is None:
            return other.pairs is None
        return all(other.covers(*pair) for pair in self.pairs)

    def __and__(self, other):
        """What is in both."""
        if self.pairs is None or other.pairs is None:
            return self if other.pairs is None else other
        mine = (pair for pair in self.pairs if other.covers(*pair))
        return self._without_doubles([*mine, *(pair for pair in other.pairs if self.covers(*pair))])

    def as_q(self, connection, space):
        """A Q for the rows in here; not for everywhere.

        `connection` and `space` are the names of the columns with their ids; without `space` (None) the rows
        are connections, of which a part is enough.
        """
        if space is None:
            return Q(**{f"{connection}__in": sorted(self.connections)})
        found = Q(**{f"{connection}__in": sorted(at for at, part in self.pairs if not part)})
        if not space:
            return found
        for at in sorted({at for at, part in self.pairs if part}):
            found |= Q(**{connection: at, f"{space}__in": sorted(self.spaces_of(at))})
        return found


EVERYWHERE = Places()
NOWHERE = Places(frozenset())


def _pair(value):
    """(connection, space) of {"connection": id, "space": id or ""}. Raises ValidationError."""
    match value:
        case {"connection": str(connection), "space": str(space), **rest} if not rest:
            if CONNECTION.fullmatch(connection) and len(space) <= SPACE_MAX:
                return connection, space
    raise ValidationError(_("This is no place: %(value)s.") % {"value": str(value)[:100]})
