"""Who can do what to a team, a connection or an object: for pages that say it. access.py decides it."""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from portal.teams import access, offered
from portal.teams.places import EVERYWHERE, Places
from portal.web.pages import page

LABELS = {
    "view": _("View"),
    "read_own_record": _("Read own entries of the audit log"),
    "read_record": _("Read the audit log"),
    "export_record": _("Export the audit log"),
    "verify_record": _("Verify the audit log"),
    "review_record": _("Review the audit log"),
    "review_access": _("Review who has access"),
    "create": _("Create"),
    "update": _("Edit"),
    "sync": _("Sync"),
    "refresh": _("Refresh"),
    "group_membership": _("Change members of groups"),
    "enable": _("Enable"),
    "bind": _("Bind"),
    "unbind": _("Unbind"),
    "edit_bound_policy": _("Edit a bound policy"),
    "disable": _("Disable"),
    "replace": _("Replace"),
    "delete": _("Delete"),
    "reset_key": _("Reset a key"),
    "import_destructive": _("Import what deletes or replaces"),
    "approve": _("Approve what others ask for"),
    "settle": _("Decide how an operation ended"),
    "connections": _("Manage connections"),
    "invite": _("Invite people"),
    "team_tokens": _("Manage tokens of the team"),
    "roles": _("Manage members and roles"),
    "team_rules": _("Change the rules of the team"),
    "retention": _("Change how long requests are kept"),
}
# What is asked of the team as a whole, never of one connection or object.
OF_TEAM = {
    *("read_own_record", "export_record", "verify_record", "review_record", "review_access"),
    *("invite", "team_tokens", "roles", "team_rules", "retention"),
}
OF_CONNECTION = [right for right in LABELS if right not in OF_TEAM]


@dataclass(frozen=True)
class Group:
    """Rights that the same people have."""

    rights: tuple
    labels: list
    rows: list  # (User, Membership, where it counts as `covered` says)


def groups(thing, viewer, rights=None):
    """[Group] of these rights, all by default, in the order of LABELS."""
    rights = [right for right in LABELS if rights is None or right in rights]
    found = {}
    for right, people in access.people_by_right(rights, thing).items():
        found.setdefault(tuple(row.pk for _user, row in people), ([], people))[0].append(right)
    told = covered([row for _rights, people in found.values() for _user, row in people], viewer)
    return [
        Group(
            tuple(rights), [LABELS[each] for each in rights], [(*pair, told[pair[1].pk]) for pair in people]
        )
        for rights, people in found.values()
    ]


def covered(memberships, viewer):
    """{id of a Membership: what it covers, as a list of texts}, of one team; [] is all of it.

    Places that the viewer does not see are counted, and have no names.
    """
    narrowed = [row for row in memberships if row.places is not None]
    if not narrowed:
        return {row.pk: [] for row in memberships}
    widest = EVERYWHERE if access.audits_portal(viewer) else access.places_in(viewer, narrowed[0])
    known = offered.offers(narrowed[0].team_id, widest)
    return {row.pk: _names(Places.of(row.places), widest, known) for row in memberships}


def _names(places, widest, known):
    if places.is_everywhere:
        return []
    seen = [pair for pair in places.pairs if _sees(widest, *pair)]
    told = (offered.told_of(Places(frozenset([pair])), known) for pair in seen)
    names = [each for _plain, each in sorted({each.plain: each for each in told}.items())]
    if hidden := len(places.pairs) - len(seen):
        names.append(ngettext("%(n)s other place", "%(n)s other places", hidden) % {"n": hidden})
    return names or [_("nothing")]


def _sees(widest, connection, space):
    """Who covers a part of a connection knows that there is the connection, but not its other spaces."""
    return widest.covers(connection, space) if space else widest.touches(connection)


def who_page(request, thing, *, heading, above, rights=None):
    """`above` are the (label, address) that lead to the thing, itself last."""
    context = {
        "thing": heading,
        "above": above,
        "groups": groups(thing, request.user, rights),
        "is_narrowed": bool(rights),
    }
    return page(request, "teams/who.html", context)
