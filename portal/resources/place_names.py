"""Names of connections and spaces that memberships are narrowed to (portal/teams/place_names.py)."""

from portal.connections.models import Connection
from portal.kinds.registry import KINDS
from portal.teams import access


def names(places, team_id, viewer):
    """([name], how many places the viewer does not see); a space stands behind its connection's name."""
    rows = Connection.objects.visible_to(viewer).filter(team=team_id, pk__in=places.connections)
    connections, found = {str(row.pk): row for row in rows}, []
    for id, space in sorted(places.pairs):
        connection = connections.get(id)
        if connection is None or not _sees(viewer, connection, space):
            continue
        found.append(f"{connection}: {_space_name(connection, space)}" if space else str(connection))
    return sorted(found), len(places.pairs) - len(found)


def _sees(viewer, connection, space):
    """Who covers a part of the connection knows that it is there, but not its other spaces."""
    return not space or access.may(viewer, "view", access.Spot(connection, space))


def _space_name(connection, space):
    kind = _space_kinds().get(connection.platform)
    row = kind and kind.model.objects.filter(connection=connection, remote_id=space).first()
    return str(row) if row else space


def _space_kinds():
    """{platform: the kind that its spaces are}"""
    return {
        kind.platform: KINDS[kind.refers[kind.space]]
        for kind in KINDS.values()
        if kind.space and kind.space in kind.refers
    }
