"""The tree of a kind whose objects are inside each other: what the mirror has. It reads no platform.

The address says which branches are open. The script asks for one branch at a time and keeps the address;
without it the same links open the whole page.
"""

from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from portal.resources import asking
from portal.resources.facets import facets
from portal.resources.forest import LEVELS_MAX, OBJECT, Asked, Forest
from portal.resources.freshness import freshness, mark_lacked
from portal.resources.list_page import is_empty, rights
from portal.resources.listing import listing
from portal.resources.names import Names
from portal.resources.pages import connections_of, is_uuid, no_connection
from portal.resources.trees import Tree
from portal.resources.wanted import Wanted
from portal.web.following import address, is_unchanged, mark, without_mark
from portal.web.pages import is_piece, page

STEPS = "open", "branch", "after", "before", "tree"  # of an address: what is said of branches


@require_safe
def tree(request, kind):
    if not kind.parent:
        raise Http404
    connections = connections_of(request, kind)
    wanted = Wanted.read(kind, request.GET, connections, request.user)
    its_tree = Tree(kind, wanted, connections)
    fresh = freshness(asking.opened(kind, connections))
    if is_piece(request) and "branch" in request.GET:
        return _branch(request, its_tree, wanted, fresh)
    found = listing(kind, _search(wanted), connections) if wanted.text else None
    asked = Asked.read(request.GET, its_tree, is_searching=bool(found))
    forest = Forest(its_tree, asked, found and found.rows)
    nodes = forest.whole()
    mark_lacked(forest.rows, fresh)
    lines = list(_lines(nodes, Links(request, kind, forest)))
    seen = mark([each.drawn for each in lines], found and found.total, [each.shown for each in fresh])
    if is_unchanged(request, seen):
        return HttpResponse(status=204)
    context = {"kind": kind, "connections": connections, "wanted": wanted, "fresh": fresh, "mark": seen}
    context |= {"lines": lines, "found": found, "forest": forest, "address": address(request)}
    context |= rights(request, connections) | {"here": reverse("resources:tree", args=[kind])}
    context |= {"facets": _facets(request, kind, wanted, connections), "levels_max": LEVELS_MAX}
    context |= {"is_empty": is_empty(wanted, fresh), "is_following": any(each.is_running for each in fresh)}
    context |= {} if connections else no_connection(request)
    context |= {"can_move": _can_move(kind), "refresh_url": _refresh_url(request, kind)}
    return page(request, "resources/tree.html", context, partial="rows")


def _facets(request, kind, wanted, connections):
    """The filters with their choices; a piece of the page draws none."""
    filters = [] if is_piece(request) else facets(kind, wanted, connections)
    names = Names(kind, [], (), connections, {each.name: each.values for each in filters})
    return [(each, each.choices(names)) for each in filters]


def _search(wanted):
    """What the tree looks for: all that match, wherever they stand."""
    return Wanted(wanted.user, text=wanted.text, connection=wanted.connection, filters=wanted.filters)


def _branch(request, its_tree, wanted, fresh):
    """One branch, or more of one, for the page that is open."""
    asked = Asked.read(request.GET, its_tree, is_searching=True)
    forest = Forest(its_tree, Asked((asked.branch,), asked.branch, asked.after) if asked.branch else asked)
    nodes = forest.branch() if asked.branch else None
    if nodes is None:
        raise Http404
    mark_lacked(forest.rows, fresh)
    context = {"kind": its_tree.kind, "lines": _lines(nodes, Links(request, its_tree.kind, forest))}
    return page(request, "resources/tree.html", context | {"is_more": asked.after}, partial="branch")


def _can_move(kind):
    return any(kind.parent in verb.fields for verb in kind.verbs)


def _refresh_url(request, kind):
    query = without_mark(request)
    query["tree"] = "1"
    return f"{reverse('resources:refresh', args=[kind])}?{query.urlencode()}"


class Line:
    """A node as the page draws it: with its links, and with how many branches end after it."""

    def __init__(self, node, links):
        self.node, self.ends = node, 0
        self.id = f"{node.what}-{node.key}"
        self.label, self.can_open = f"label-{self.id}", node.is_branch and node.can_open
        self.url = links.of(node)
        self.new_url = links.new(node.row) if node.row else ""
        self.object_url = f"{links.list}{node.row.pk}/" if node.row else ""

    @property
    def closes(self):
        return range(self.ends)

    @property
    def drawn(self):
        return self.node.drawn, self.ends


def _lines(nodes, links):
    """The nodes in the order of the page, without recursion: a platform may show any depth."""
    open_ends = [(nodes, 0)]
    line = None
    while open_ends:
        around, place = open_ends.pop()
        if place == len(around):
            if open_ends:
                line.ends += 1
            continue
        open_ends.append((around, place + 1))
        if line is not None:
            yield line
        line = Line(around[place], links)
        if line.node.is_open:
            open_ends.append((line.node.inside, 0))
    if line is not None:
        yield line


class Links:
    """Addresses in a tree. Each names the branches that are open after it was followed."""

    def __init__(self, request, kind, forest):
        self.kind, self.forest, self.list = kind, forest, reverse("resources:list", args=[kind])
        self.query = without_mark(request)
        for name in STEPS:
            self.query.pop(name, None)
        self.opening = self._address(forest.asked.keys)
        self.create = reverse("resources:create", args=[kind]) if self._may_create(request) else ""

    def _address(self, keys):
        return f"?{urlencode([*self.query.items(), *(('open', key) for key in keys or ('',))])}"

    def _may_create(self, request):
        """Whether the form of a create asks for the parent, and this person may send it."""
        form = self.kind.verb("create").form if self.kind.creates else None
        if form is None or self.kind.parent not in form.platform_fields():
            return False
        self.presets = [name for name in self.kind.filters if name in form.platform_fields()]
        return rights(request, [])["may_create"]

    def of(self, node):
        """Opens or closes the branch, or shows more of it; "" where nothing does."""
        if node.is_open:
            return self._closing(node)
        if node.what == OBJECT and not node.can_open:
            return ""
        after = f"&{urlencode({'after': node.place})}" if node.place else ""
        return f"{self.opening}&branch={node.key}{after}"

    def _closing(self, node):
        """Without what is open inside it; a search keeps the ways to what it found open."""
        if self.forest.hits is not None and self.forest.below.get(node.key):
            return ""
        keys = [key for key in self.forest.asked.keys if node.key not in self._around(key)]
        return self._address(keys)

    def _around(self, key):
        """Keys of the branch and of those around it."""
        if not is_uuid(key):
            return {key}
        return {key, *self.forest.keys_around(key)}

    def new(self, row):
        """The form of a new object inside the row."""
        if not self.create:
            return ""
        values = {name: getattr(row, name) for name in self.presets if getattr(row, name)}
        values |= {"connection": row.connection_id, self.kind.parent: row.remote_id}
        return f"{self.create}?{urlencode(values)}"
