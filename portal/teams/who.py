"""Who can do what to a team, a connection or an object: for pages that say it. access.py decides it.

Names of connections are known to rooms above; they say by `place_names.name_with` how places are called.
"""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from portal.teams import access, place_names
from portal.teams.places import Places
from portal.teams.roles import ALLOWED
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
    rows: list  # (User, Membership, where it counts: [text])


def groups(thing, viewer, rights=None):
    """[Group] of these rights, all by default, in the order of LABELS."""
    rights = [right for right in LABELS if right in ALLOWED and (rights is None or right in rights)]
    found = {}
    for right, people in access.people_by_right(rights, thing).items():
        found.setdefault(tuple(row.pk for _user, row in people), ([], people))[0].append(right)
    named = {}
    return [
        Group(
            tuple(rights), [LABELS[each] for each in rights], [_row(*pair, viewer, named) for pair in people]
        )
        for rights, people in found.values()
    ]


def _row(user, membership, viewer, named):
    if membership.pk not in named:
        places = Places.of(membership.places)
        named[membership.pk] = place_names.names(places, membership.team_id, viewer)
    return user, membership, named[membership.pk]


def who_page(request, thing, *, heading, above, rights=None):
    """`above` are the (label, address) that lead to the thing, itself last."""
    context = {
        "thing": heading,
        "above": above,
        "groups": groups(thing, request.user, rights),
        "is_narrowed": bool(rights),
    }
    return page(request, "teams/who.html", context)
