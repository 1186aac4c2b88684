"""The one place that answers "may they?".

Querysets ask `visible_to`, services ask `require`, people ask `explain`; templates only hide. What is not
visible does not exist for a person (404); what is visible but not allowed says why not (403).
"""

from django.db.models import Q
from django.utils.translation import gettext as _

from portal.errors import NotAllowed, NotVisible
from portal.teams.models import Membership, Role

VIEWER, AUDITOR, OPERATOR, MANAGER, OWNER = Role.VIEWER, Role.AUDITOR, Role.OPERATOR, Role.MANAGER, Role.OWNER
EVERYONE = frozenset(Role)
CHANGERS = frozenset({OPERATOR, MANAGER, OWNER})
MANAGERS = frozenset({MANAGER, OWNER})
OWNERS = frozenset({OWNER})

# Right -> roles that have it: DESIGN's role table.
ALLOWED = {
    # resources, operations, jobs, one-line history
    "view": EVERYONE,
    # the team's record, with bodies; an operator reads the entries of their own actions
    "read_own_record": frozenset({AUDITOR, OPERATOR, MANAGER, OWNER}),
    "read_record": frozenset({AUDITOR, MANAGER, OWNER}),
    "export_record": frozenset({AUDITOR, OWNER}),
    "verify_record": frozenset({AUDITOR, OWNER}),
    "review_record": frozenset({AUDITOR, OWNER}),
    # changes that can be taken back
    "create": CHANGERS,
    "update": CHANGERS,
    "sync": CHANGERS,
    "refresh": CHANGERS,
    "group_membership": CHANGERS,
    "enable": CHANGERS,
    # changes that reach running devices or cannot be taken back
    "bind": MANAGERS,
    "unbind": MANAGERS,
    "edit_bound_policy": MANAGERS,
    "disable": MANAGERS,
    "replace": MANAGERS,
    "delete": MANAGERS,
    "reset_key": MANAGERS,
    "import_destructive": MANAGERS,
    # say what became of a change that the portal cannot tell by itself
    "settle": OWNERS,
    # running the team
    "connections": MANAGERS,
    "invite": MANAGERS,
    "team_tokens": MANAGERS,
    "roles": OWNERS,
    "team_rules": OWNERS,
    "retention": OWNERS,
}


def memberships(user):
    """{team id: Role} of a person, read once per request (the user object is the request's)."""
    if not user.is_authenticated or not user.is_active:
        return {}
    if not hasattr(user, "_roles"):
        rows = Membership.objects.filter(user_id=user.pk).values_list("team_id", "role")
        user._roles = {team: Role(role) for team, role in rows}
    return user._roles


def forget(user):
    """Read the memberships again; after they changed, or before a long-running job acts for the person."""
    if hasattr(user, "_roles"):
        del user._roles  # not by vars(): request.user is a lazy wrapper with a dict of its own


def teams_with(user, right):
    """Ids of the teams in which this person has the right."""
    return [team for team, role in memberships(user).items() if role in ALLOWED[right]]


def may(user, right, team_id):
    return memberships(user).get(team_id) in ALLOWED[right]


def require(user, right, team_id):
    """Raise NotVisible for a stranger to the team, NotAllowed for a member without the right."""
    if team_id not in memberships(user):
        raise NotVisible(_("This does not exist, or you cannot see it."))
    if not may(user, right, team_id):
        raise NotAllowed(explain(user, right, team_id), right=right, granted_by=granters())


def explain(user, right, team_id):
    """One sentence for a person who may not: which right is missing and who can grant it; "" if they may."""
    if may(user, right, team_id):
        return ""
    role = memberships(user).get(team_id)
    if role is None:
        return _("You are not a member of this team.")
    roles = ", ".join(str(each.label) for each in Role if each in ALLOWED[right])
    return _(
        "As %(role)s you may not do this. It takes: %(roles)s. An owner of the team can change your role."
    ) % {
        "role": role.label,
        "roles": roles,
    }


def granters():
    return [str(Role.OWNER.label)]


def record_scope(user):
    """Which entries of the record this person may read, as a Q over record.Entry; bodies included.

    Everyone in a team sees that team's one-line history; that is `history_scope`.
    """
    if user.is_authenticated and user.is_active and user.is_portal_auditor:
        return Q()
    own = Q(team_id__in=_texts(teams_with(user, "read_own_record")), actor_id=str(user.pk))
    return own | Q(team_id__in=_texts(teams_with(user, "read_record")))


def history_scope(user):
    """Entries whose one line this person may see."""
    if user.is_authenticated and user.is_active and user.is_portal_auditor:
        return Q()
    return Q(team_id__in=_texts(teams_with(user, "view")))


def _texts(ids):
    return [str(each) for each in ids]
