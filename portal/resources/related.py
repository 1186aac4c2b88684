"""What belongs to an object, such as the devices in a group: read from the platform while its page is open.

It is a page of its own, which the object's page takes in when it is open: a platform that is slow, or away,
keeps nobody from seeing the object.
"""

import time

from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from portal.errors import PlatformError
from portal.kinds import mirroring
from portal.kinds.identity import the_one
from portal.kinds.mirroring import rows_of
from portal.kinds.permissions import naming
from portal.kinds.registry import KINDS
from portal.outside import name_or_id
from portal.resources import pages
from portal.resources.names import address_of
from portal.teams.access import in_places
from portal.web.pages import page

SHOWN_MAX = 100
READ_SECONDS = 10


@require_safe
def related(request, kind, id, name):
    row = pages.find(request, kind, id)
    found = next((each for each in kind.related if each.name == name), None)
    if found is None:
        raise Http404
    context = {"kind": kind, "row": row, "related": found, "problem": None, "items": [], "listing": None}
    asked = timezone.now()
    try:
        client = row.connection.client()
        with client.one_deadline(time.monotonic() + READ_SECONDS), naming(found.permission):
            listing = found.read(kind.bound(client, row), SHOWN_MAX)
    except PlatformError as error:
        return page(request, "resources/related.html", {**context, "problem": error}, partial="related")
    if found.none:
        mirroring.count(row, listing, asked)
    items = _items(request.user, kind, row, found, listing.items)
    context |= {
        "items": items,
        "listing": listing,
        "shown": len(items),
        "verbs": [(verb, pages.why_not(request.user, verb, row)) for verb in _verbs(kind, found)],
        "may_remove": bool(found.removes) and not pages.why_not(request.user, kind.verb(found.removes), row),
    }
    return page(request, "resources/related.html", context, partial="related")


def _verbs(kind, found):
    return [kind.verb(name) for name in (found.adds, found.removes) if name]


def _items(user, kind, row, found, items):
    """What is shown of each; of a connection of which the person sees a part, what they may see."""
    ids = {}
    for item in items:
        ids.setdefault(found.kind(item), []).append(_id_of(item))
    rows = {}
    for slug in ids.keys() & KINDS.keys():
        rows[slug] = _mirrored(user, KINDS[slug], row, ids[slug])
    if row.connection.open_spaces is not None:
        items = [each for each in items if _id_of(each) in rows.get(found.kind(each), [_id_of(each)])]
    return [_item(kind, row, found, item, rows.get(found.kind(item))) for item in items]


def _mirrored(user, kind, row, ids):
    """{id: (pk, name)} of those that the mirror has; of several with one id the one in the scope of `row`."""
    by_id, scope = {}, kind.scope_of(vars(row))
    for each in in_places(user, rows_of(kind, row.connection, ids), [row.connection]):
        by_id.setdefault(each.remote_id, []).append(each)
    found = {id: the_one(rows, scope) for id, rows in by_id.items()}
    return {id: (each.pk, each.name) for id, each in found.items() if each}


def _id_of(item):
    return item.get("remote_id", item["id"])


def _item(kind, row, found, item, rows):
    """{id, name, url, kind, remove} of an item.

    `rows` are {id: (portal id, name)} of the mirrored ones, None without a page for it. The platform's name
    comes first: it was read just now.
    """
    id, slug = _id_of(item), found.kind(item)
    pk, known = (rows or {}).get(id, (id, ""))
    name = name_or_id(item.get("name"), name_or_id(known, id))
    shown = {"id": id, "name": name, "url": "", "kind": "", "remove": ""}
    if rows is not None:
        shown |= {"url": address_of(KINDS[slug], pk), "kind": KINDS[slug].label}
    if found.removes:
        address = reverse("resources:act", args=[kind, row.pk, found.removes])
        shown["remove"] = f"{address}?{urlencode(found.chosen(item))}"
    return shown
