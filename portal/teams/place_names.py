"""How places are called on pages. A room above knows the names of connections and spaces (`name_with`)."""

from django.utils.translation import ngettext

from portal.teams.places import Places

_namer = None


def name_with(function):
    """Name places by function(places, team_id, viewer): (names, how many the viewer does not see)."""
    global _namer
    _namer = function


def names(places: Places, team_id, viewer):
    """What a membership covers, as texts; [] for the whole team. What the viewer does not see is counted."""
    if places.is_everywhere:
        return []
    found, hidden = _namer(places, team_id, viewer) if _namer else ([], len(places.pairs))
    if hidden or not found:
        text = ngettext("%(n)s other place", "%(n)s other places", hidden)
        found = [*found, text % {"n": hidden}]
    return found
