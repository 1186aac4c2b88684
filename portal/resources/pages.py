"""What the pages of all kinds share: the team's connections, and the object that an address names."""

from django.http import Http404

from portal.connections.models import Connection
from portal.resources import reading


def connections_of(request, kind):
    """This team's connections to the kind's platform."""
    return Connection.objects.visible_to(request.user).filter(platform=kind.platform, team=request.team)


def find(request, kind, id):
    """The mirror row with this portal id, or with this platform id if exactly one is visible; else 404.

    An id that the mirror does not have is asked for on the platforms. Raises PlatformError when one of those
    could not be asked and no other has it: then nobody knows whether it exists.
    """
    rows = kind.model.objects.visible_to(request.user).select_related("connection__team")
    found = list(rows.filter(remote_id=id)[:2]) if not is_uuid(id) else []
    found = found or (list(rows.filter(pk=id)) if is_uuid(id) else []) or list(rows.filter(remote_id=id)[:2])
    if not found and request.team:
        reached = reading.by_id(kind, list(connections_of(request, kind)), id)
        if reached.unread and not reached.rows:
            raise reached.unread[0][1]
        found = reached.rows
    if len(found) != 1:
        raise Http404
    return found[0]


def is_uuid(text):
    return len(text) == 36 and text.count("-") == 4 and all(c in "0123456789abcdefABCDEF-" for c in text)
