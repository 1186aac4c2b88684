"""What memberships can be narrowed to, and what places are called: a team's connections and their spaces.

Teams know neither; the room that does puts `of_team` here.
"""

from dataclasses import dataclass, replace

from django.utils.translation import gettext_noop as _

from portal.teams.places import Places
from portal.words import Sentence

of_team = None  # kinds.spaces.of_team, which kinds/apps.py puts here

PART = Sentence("places.part", _("%(space)s of %(connection)s"))
WHOLE = Sentence("places.whole", "%(connection)s")
ALSO = Sentence("places.also", _("%(first)s, %(second)s"))
GONE = Sentence("places.gone", _("what no longer exists"))
TEAM = Sentence("places.team", _("the whole team"))


@dataclass(frozen=True)
class Offer:
    """A connection with `spaces`, [(id, name)]; `is_whole` is False where only its spaces are offered."""

    connection: str
    name: str
    platform: str
    spaces: tuple = ()
    is_whole: bool = True


def offers(team_id, widest):
    """The Offers of the team, of what is in the Places `widest`."""
    found = []
    for each in of_team(team_id):
        spaces = tuple(space for space in each.spaces if widest.covers(each.connection, space[0]))
        if widest.covers(each.connection):
            found.append(each)
        elif spaces:
            found.append(replace(each, spaces=spaces, is_whole=False))
    return found


def told(places, team_id):
    """The Places as a Said, such as "LineA of Plant 3 IoTDA, Plant 3 ROMA"."""
    return told_of(places, of_team(team_id)) if not places.is_everywhere else TEAM()


def shown(places, team_id):
    """The Places for the record, with names: None is the whole team."""
    if places.is_everywhere:
        return None
    known = of_team(team_id)
    return [{**each, "name": told_of(Places.of([each]), known).plain} for each in places.to_json()]


def told_of(places, all_offers):
    names = list(_names(places, all_offers)) or [GONE()]
    said = names[0]
    for name in names[1:]:
        said = ALSO(first=said, second=name)
    return said


def _names(places, all_offers):
    for each in all_offers:
        if places.covers(each.connection):
            yield WHOLE(connection=each.name)
        elif places.touches(each.connection):
            called = dict(each.spaces)
            for space in sorted(places.spaces_of(each.connection)):
                yield PART(space=called.get(space, space), connection=each.name)
