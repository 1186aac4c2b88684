"""What each role can do, as a table for people; made from roles.ALLOWED, so it shows what is enforced."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.teams.models import Role
from portal.teams.roles import ALLOWED

# (what, the rights needed for all of it, the right to a part of it, what that part is)
ROWS = (
    (gettext_lazy("View resources, operations, jobs and one-line history"), ("view",), "", ""),
    (
        gettext_lazy("Read the team's audit log, with requests and answers"),
        ("read_record",),
        "read_own_record",
        gettext_lazy("own entries"),
    ),
    (
        gettext_lazy("Export and verify the audit log, review who has access"),
        ("export_record", "verify_record", "review_access"),
        "",
        "",
    ),
    (
        gettext_lazy("Create, update, sync, refresh, change group members, enable"),
        ("create", "update", "sync", "refresh", "group_membership", "enable"),
        "",
        "",
    ),
    (
        gettext_lazy("Bind, unbind, edit a bound policy, disable, replace, delete, reset a key"),
        ("bind", "unbind", "edit_bound_policy", "disable", "replace", "delete", "reset_key"),
        "",
        "",
    ),
    (gettext_lazy("Approve changes of others, where team rules ask for it"), ("approve",), "", ""),
    (gettext_lazy("Decide whether a change happened when it needs a human"), ("settle",), "", ""),
    (
        gettext_lazy(
            "Manage connections and credentials, invite up to their own role, end API tokens of all"
        ),
        ("connections", "invite", "team_tokens"),
        "",
        "",
    ),
    (
        gettext_lazy("Manage members and roles, team rules and retention"),
        ("roles", "team_rules", "retention"),
        "",
        "",
    ),
)


def rows():
    """[(what, [(role, word)])]; the word is "yes", "" for no, or names the part that the role can do."""
    return [
        (what, [(role, _cell(role, rights, part, words)) for role in Role])
        for what, rights, part, words in ROWS
    ]


def _cell(role, rights, part, words):
    if all(role in ALLOWED[right] for right in rights):
        return _("yes")
    return words if part and role in ALLOWED[part] else ""
