"""The spaces in which platforms make objects, as the mirror knows them; memberships are narrowed to them."""

from portal.connections.models import Connection
from portal.kinds.registry import KINDS
from portal.teams.offered import Offer

SPACES_MAX = 500  # of one kind that are offered


def kinds():
    """The kinds whose objects are spaces of others."""
    return {kind.refers[kind.space]: KINDS[kind.refers[kind.space]] for kind in KINDS.values() if kind.space}


def of_team(team_id):
    """An Offer for each connection of the team, by platform and name."""
    connections = list(Connection.objects.filter(team=team_id).order_by("platform", "name"))
    platforms, spaces = {each.platform for each in connections}, {}
    for kind in kinds().values():
        if kind.platform in platforms:
            rows = kind.model.objects.present().filter(connection__in=connections)
            for row in rows.order_by("sort_key", "remote_id")[:SPACES_MAX]:
                spaces.setdefault(row.connection_id, []).append((row.remote_id, str(row)))
    return [
        Offer(str(each.pk), each.name, each.get_platform_display(), tuple(spaces.get(each.pk, ())))
        for each in connections
    ]
