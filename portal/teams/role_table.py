"""What each role may do, as a table for people; drawn from access.ALLOWED, so it shows what is enforced."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.teams.access import ALLOWED
from portal.teams.models import Role

# (what, the rights that all of it takes, the right to a part of it, what that part is)
ROWS = (
    (gettext_lazy("See resources, operations, jobs, and one-line history"), ("view",), "", ""),
    (
        gettext_lazy("Read the team's record with bodies"),
        ("read_record",),
        "read_own_record",
        gettext_lazy("own entries"),
    ),
    (
        gettext_lazy("Export, verify and review the record"),
        ("export_record", "verify_record", "review_record"),
        "",
        "",
    ),
    (
        gettext_lazy("Create, update, sync, refresh, group membership, enable"),
        ("create", "update", "sync", "refresh", "group_membership", "enable"),
        "",
        "",
    ),
    (
        gettext_lazy(
            "Bind, unbind, edit a bound policy, disable, replace, delete, reset key, import of these"
        ),
        (
            "bind",
            "unbind",
            "edit_bound_policy",
            "disable",
            "replace",
            "delete",
            "reset_key",
            "import_destructive",
        ),
        "",
        "",
    ),
    (gettext_lazy("Decide what became of a change that needs a human"), ("settle",), "", ""),
    (
        gettext_lazy("Connections and credentials, invitations up to own role, team tokens"),
        ("connections", "invite", "team_tokens"),
        "",
        "",
    ),
    (gettext_lazy("Members and roles, team rules, retention"), ("roles", "team_rules", "retention"), "", ""),
)


def rows():
    """[(what, [(role, "yes", "" or the words for a part of it)])]."""
    return [
        (what, [(role, _cell(role, rights, part, words)) for role in Role])
        for what, rights, part, words in ROWS
    ]


def _cell(role, rights, part, words):
    if all(role in ALLOWED[right] for right in rights):
        return _("yes")
    return words if part and role in ALLOWED[part] else ""
