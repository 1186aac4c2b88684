"""What the rows of a page refer to, by name: a group's resource space, a bus's group.

Names come from the mirror of the row's own connection, with one statement for each kind that is referred to.
What the mirror does not have keeps its id, and its address finds out what exists.
"""

from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse

from portal.kinds.identity import the_one
from portal.kinds.registry import KINDS
from portal.outside import name_or_id
from portal.platforms.collection import ID_MAX

OTHER_PAGES = {"new", "refresh"}  # below the address of a kind (urls.py), so no id of an object there


@dataclass(frozen=True)
class Reference:
    """`name` is "" if the mirror does not have what the id refers to, `address` if no page can show it."""

    id: str
    name: str = ""
    address: str = ""
    is_gone: bool = False
    is_itself: bool = False


class Names:
    """Of what these attributes of the rows refer to, and of `others`, {attribute: ids}.

    `connections` are those of the rows and of the other ids.
    """

    def __init__(self, kind, rows, attributes, connections, others=None):
        self._kind = kind
        wanted = {}
        for attribute in {*attributes, *(others or {})} & kind.refers.keys():
            ids = {getattr(row, attribute) for row in rows} if attribute in attributes else set()
            ids |= set((others or {}).get(attribute, ()))
            wanted.setdefault(kind.refers[attribute], set()).update(ids - {""})
        self._found = {slug: _read(KINDS[slug], connections, ids) for slug, ids in wanted.items() if ids}

    def of(self, row, attribute):
        """The Reference; None if the attribute is empty or refers to nothing."""
        slug, id = self._kind.refers.get(attribute), getattr(row, attribute)
        if not slug or not id:
            return None
        space = getattr(row, self._kind.space, "")
        target = the_one(self._found.get(slug, {}).get((row.connection_id, id), ()), space)
        if target and attribute != self._kind.space:
            its = getattr(target, KINDS[slug].space, "")
            target = None if space and its and space != its else target
        if target is None:
            return Reference(id, address="" if row.connection.open_spaces else address_of(KINDS[slug], id))
        return Reference(
            id,
            name=name_or_id(target.name, id),
            address=address_of(KINDS[slug], target.pk),
            is_gone=target.gone_at is not None,
            is_itself=(slug, id) == (self._kind.slug, row.remote_id),
        )

    def labels(self, attribute):
        """{id: name} of what the mirror has, but for an id with several names on several connections."""
        found = {}
        for (_connection, id), rows in self._found.get(self._kind.refers.get(attribute), {}).items():
            found.setdefault(id, set()).update(name_or_id(row.name, id) for row in rows)
        return {id: names.pop() for id, names in found.items() if len(names) == 1}


def _read(kind, connections, ids):
    """{(connection id, platform id): rows} of what the mirror has and the person may see."""
    spaces = {each.pk: each.open_spaces for each in connections}
    columns = {"connection", "remote_id", "scope", "name", "gone_at", *filter(None, [kind.space])}
    columns |= {kind.model.space_path} - {""}
    rows = kind.model.objects.filter(connection__in=connections, remote_id__in=ids).only(*columns).order_by()
    found = {}
    for row in rows:
        if spaces[row.connection_id] is not None and row.space_id not in spaces[row.connection_id]:
            continue
        found.setdefault((row.connection_id, row.remote_id), []).append(row)
    return found


def named(kind, attribute, connection, id):
    """The name of what this attribute would refer to; "" if the mirror does not have it."""
    slug = kind.refers.get(attribute)
    if not slug or not id or len(id) > ID_MAX:
        return ""
    found = the_one(_read(KINDS[slug], [connection], {id}).get((connection.pk, id), ()), "")
    return name_or_id(found.name, id) if found else ""


def address_of(kind, id):
    """The page of an object, by the portal's id or the platform's; "" for an id that no address can hold."""
    try:
        address = reverse("resources:detail", args=[kind, id])
    except NoReverseMatch:
        return ""
    return address if str(id) not in OTHER_PAGES else ""
