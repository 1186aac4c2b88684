"""What the pages of all kinds share: the team's connections, and the object that an address names."""

from django.http import Http404
from django.utils.translation import gettext_noop as _

from portal.connections.models import Connection
from portal.errors import Ambiguous
from portal.kinds.registry import KINDS
from portal.resources import reading
from portal.teams.access import explain, may, open_spaces, places_in
from portal.words import Sentence

SEVERAL = Sentence(
    "find.several",
    _("Several objects have this id, which is unique only inside a part of the account. Choose one of them."),
)


def connections_of(request, kind):
    """This team's connections to the kind's platform, which know what of them the person may see."""
    found = Connection.objects.visible_to(request.user).filter(platform=kind.platform, team=request.team)
    return [opened(request.user, each) for each in found]


def no_connection(request):
    """Context: what a page says where there is no connection."""
    narrowed = request.team and not places_in(request.user, request.team).is_everywhere
    return {
        "is_narrowed": narrowed,
        "why_no_connection": explain(request.user, "connections", request.team) if request.team else "",
    }


def opened(user, connection):
    connection.open_spaces = open_spaces(user, connection)
    return connection


def find(request, kind, id):
    """The mirror row with this portal id, or with this platform id; else 404.

    Several connections may lead to it: the present one of the team that is shown comes first. Raises
    Ambiguous where these are several objects. An id that the mirror does not have is asked for on the
    platforms. Raises PlatformError when one of those could not be asked and no other has it: then nobody
    knows whether it exists.
    """
    rows = kind.model.objects.visible_to(request.user).select_related("connection__team")
    found = (list(rows.filter(pk=id)) if is_uuid(id) else []) or list(rows.filter(remote_id=id))
    if not found and request.team:
        reached = reading.by_id(kind, connections_of(request, kind), id, request.user)
        if reached.unread and not reached.rows:
            raise reached.unread[0][1]
        found = reached.rows
    if not found:
        raise Http404
    team = request.team.pk if request.team else None

    def rank(row):
        return row.connection.team_id != team, bool(row.gone_at)

    found, first = sorted(found, key=lambda row: (*rank(row), row.connection.name)), {}
    for row in found:
        if rank(row) == rank(found[0]):
            first.setdefault(row.scope, row)
    if len(first) > 1:
        raise Ambiguous(SEVERAL(), kind=kind, rows=[_placed(kind, row) for row in first.values()])
    opened(request.user, found[0].connection)
    return found[0]


def look(request, kind, row):
    """Read the object as reading.read_object does. Raises Http404 if it is where the person sees nothing."""
    decoded, problem = reading.read_object(kind, row)
    if not may(request.user, "view", row):
        raise Http404
    return decoded, problem


def _placed(kind, row):
    """The row with the name of what its id is unique within, else its id there."""
    around = KINDS[kind.within].model.objects.filter(connection=row.connection, remote_id=row.scope)
    row.place = str(around.first() or row.scope)
    return row


def why_not(user, verb, row):
    """Why this person cannot ask this of the object, for a button; "" if they can."""
    return explain(user, verb.right, row) or verb.why_not(row) or ""


def is_uuid(text):
    return len(text) == 36 and text.count("-") == 4 and all(c in "0123456789abcdefABCDEF-" for c in text)
