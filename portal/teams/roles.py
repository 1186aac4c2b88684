"""The table of roles: which roles have which right, and what roles are called. access.py decides by it."""

from django.utils.translation import gettext_noop as _

from portal.teams.models import Role
from portal.words import Sentence

VIEWER, AUDITOR, OPERATOR, MANAGER, OWNER = Role.VIEWER, Role.AUDITOR, Role.OPERATOR, Role.MANAGER, Role.OWNER
EVERYONE = frozenset(Role)
CHANGERS = frozenset({OPERATOR, MANAGER, OWNER})
MANAGERS = frozenset({MANAGER, OWNER})
OWNERS = frozenset({OWNER})

# Right -> the roles that have it: the table of roles in the design document.
ALLOWED = {
    # resources, operations, jobs, one-line history
    "view": EVERYONE,
    # the team's record with requests and answers; an operator reads the entries of their own actions
    "read_own_record": frozenset({AUDITOR, OPERATOR, MANAGER, OWNER}),
    "read_record": frozenset({AUDITOR, MANAGER, OWNER}),
    "export_record": frozenset({AUDITOR, OWNER}),
    "verify_record": frozenset({AUDITOR, OWNER}),
    "review_record": frozenset({AUDITOR, OWNER}),
    # who has access, with sign-ins and second factors of members
    "review_access": frozenset({AUDITOR, OWNER}),
    # changes that can be undone
    "create": CHANGERS,
    "update": CHANGERS,
    "sync": CHANGERS,
    "refresh": CHANGERS,
    "group_membership": CHANGERS,
    "enable": CHANGERS,
    # changes that reach running devices or cannot be undone
    "bind": MANAGERS,
    "unbind": MANAGERS,
    "edit_bound_policy": MANAGERS,
    "disable": MANAGERS,
    "replace": MANAGERS,
    "delete": MANAGERS,
    "reset_key": MANAGERS,
    "import_destructive": MANAGERS,
    # let happen what somebody else asked for, where a rule of the team asks for it, with the rights it takes
    "approve": MANAGERS,
    # decide whether a change happened when the portal cannot tell by itself
    "settle": OWNERS,
    # running the team
    "connections": MANAGERS,
    "invite": MANAGERS,
    "team_tokens": MANAGERS,
    "roles": OWNERS,
    "team_rules": OWNERS,
    "retention": OWNERS,
}
# What a portal auditor has for entries of every team's record, and for nothing else.
READING = frozenset(
    {"view", "read_own_record", "read_record", "export_record", "verify_record", "review_record"}
)
# What a portal auditor has in no team, whatever their role there, unless an owner recorded an exception
# (exceptions.py): nobody reviews what they did themselves.
CHANGING = frozenset(
    {
        *("create", "update", "sync", "group_membership", "enable", "bind", "unbind", "edit_bound_policy"),
        *("disable", "replace", "delete", "reset_key", "import_destructive", "approve", "settle"),
        "connections",
    }
)
# A membership that is narrowed does not give these for the team itself. Of its connections it lets managers
# manage those that are wholly theirs.
TEAM_WIDE = frozenset(
    {
        "verify_record",
        "review_record",
        "review_access",
        "connections",
        "team_tokens",
        "roles",
        "team_rules",
        "retention",
    }
)
# What takes all of a connection, where the thing is the connection: a part of it is enough for the rest.
OF_WHOLE = frozenset({"connections"})
# The entries without a team that a portal administrator reads: sign-ins, accounts, tokens that were nobody's,
# and teams that were not made. Which pages of the record a portal auditor read is none of these: filters tell
# of teams.
OF_PORTAL = frozenset({"portal/accounts", "portal/members", "portal/tokens"})

PEOPLE = {
    VIEWER: Sentence("people.viewers", _("Viewers")),
    AUDITOR: Sentence("people.auditors", _("Auditors")),
    OPERATOR: Sentence("people.operators", _("Operators")),
    MANAGER: Sentence("people.managers", _("Managers")),
    OWNER: Sentence("people.owners", _("Owners")),
}
ROLES = {
    VIEWER: Sentence("role.viewer", _("Viewer")),
    AUDITOR: Sentence("role.auditor", _("Auditor")),
    OPERATOR: Sentence("role.operator", _("Operator")),
    MANAGER: Sentence("role.manager", _("Manager")),
    OWNER: Sentence("role.owner", _("Owner")),
}
AND_SO_ON = Sentence("list.comma", _("%(first)s, %(second)s"))
EITHER = Sentence("list.or", _("%(first)s or %(second)s"))
