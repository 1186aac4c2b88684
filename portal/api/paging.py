"""Lists of the API: parameters are taken as they are meant or refused, and a link leads to the next page."""

from dataclasses import replace

from django.http import Http404
from django.utils.translation import gettext as _

from portal.api.refusals import Refusal
from portal.resources import list_page, pages
from portal.resources.listing import Listing

NAMES = ("q", "connection", "only", "sort", "after", "before", "exactly")


def read_list(request, kind):
    """list_page.Read. A page of the portal may leave out what it does not know; here that would be a lie."""
    connections = pages.connections_of(request, kind)
    if not connections and request.team is None:
        raise Http404
    read = list_page.read(kind, request.GET, connections, request.user)
    wanted = read.wanted
    taken = {
        "q": wanted.text,
        "connection": wanted.connection,
        "only": wanted.only,
        "sort": request.GET.get("sort") == wanted.order,
        "after": wanted.after,
        "before": wanted.before,
        "exactly": request.GET.get("exactly") == "1",
        **wanted.filters,
    }
    check(request, taken)
    if wanted.after and read.found.previous is None:
        # Nothing is left behind that place. The page shows the beginning then; whoever follows links would
        # go round in circles.
        return replace(read, found=Listing([], is_whole=read.found.is_whole))
    return read


def check(request, taken):
    """Raise Refusal for each parameter that is not known, or stands twice, or was not taken as it is."""
    errors = {}
    for name, values in request.GET.lists():
        if name not in taken:
            errors[name] = [_("There is no such parameter.")]
        elif len(values) > 1 or not taken[name]:
            errors[name] = [_("This value cannot be used.")]
    if errors:
        raise Refusal(400, _("`errors` says which parameters cannot be used."), errors=errors)


def list_link(request, **place):
    """The address of the same list at another place; None where there is none."""
    ((name, value),) = place.items()
    if not value:
        return None
    query = request.GET.copy()
    for other in ("after", "before"):
        query.pop(other, None)
    query[name] = str(value)
    return f"{request.path}?{query.urlencode()}"
