"""The one place that answers "may this person do this to that thing?".

A thing is a Team, or anything that belongs to one: a Connection, a mirrored resource, an Operation, an entry
of the record, a Membership. Its model names the way to its team in `team_path`, for example
"connection__team_id"; only this file reads it. So nobody else handles ids of teams, and a membership that is
later narrowed to some connections changes this file alone.

Services ask `require`, lists ask `visible_to`, people ask `explain`; templates only hide buttons. What a
person cannot see does not exist for them (404); what they see but may not do says why not (403).
"""

from django.db.models import F, Q
from django.utils.translation import gettext_noop as _

from portal.errors import NotAllowed, NotVisible
from portal.teams.models import Membership, Role, Team, User
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
# The entries without a team that a portal administrator reads: sign-ins, accounts, and teams that were not
# made. Which pages of the record a portal auditor read is none of these: filters tell of teams.
OF_PORTAL = frozenset({"portal/accounts", "portal/members"})

NOT_VISIBLE = Sentence("access.not_visible", _("This does not exist, or you cannot see it."))
NOT_A_MEMBER = Sentence("access.not_a_member", _("You are not a member of this team."))
DENIED = Sentence(
    "access.denied",
    _("%(people)s can't do this. Required role: %(roles)s. An owner of the team can change your role."),
)
TOO_HIGH = Sentence(
    "access.role_too_high",
    _("%(people)s can't give the role %(role)s, because it can do more than their own. An owner can."),
)
REVIEWS = Sentence(
    "access.portal_auditor",
    _(
        "Portal auditors review what others do, so they change nothing themselves. Another owner of the team "
        "can record an exception on the page of the member."
    ),
)
ADMINS_ONLY = Sentence(
    "access.admins_only",
    _("Only portal administrators can create teams and switch accounts on and off."),
)
PORTAL_ADMIN = Sentence("role.portal_admin", _("Portal administrator"))
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


def may(user, right, thing):
    """Whether the person has the right for this thing. No thing (None) gives no right."""
    has_role = role_in(user, thing) in ALLOWED[right] and not _reviews(user, right, _team_of(thing))
    return has_role or _reads(user, right, thing)


def require(user, right, thing):
    """Raise NotVisible for people outside the thing's team, NotAllowed for members without the right."""
    if may(user, right, thing):
        return
    role = role_in(user, thing)
    if role is None:
        raise NotVisible(NOT_VISIBLE())
    denied = _denied(user, role, right, thing)
    raise NotAllowed(denied, right=right, granted_by=[str(ROLES[OWNER]())])


def require_portal_admin(user):
    """Raise NotAllowed for all but portal administrators."""
    if not user.is_portal_admin:
        raise NotAllowed(ADMINS_ONLY(), right="portal_admin", granted_by=[str(PORTAL_ADMIN())])


def explain(user, right, thing):
    """Why the person may not, which role it takes and who can grant it, as text; "" if they may."""
    if may(user, right, thing):
        return ""
    role = role_in(user, thing)
    return str(NOT_A_MEMBER() if role is None else _denied(user, role, right, thing))


def visible_to(user, queryset, right="view"):
    """The rows for which the person has the right. The model of the queryset has a `team_path`.

    Entries of the record: "view" finds those whose one line the person may see, "read_record" those whose
    request and answer they may read. That includes their own entries if their role reads its own, and for a
    portal auditor the entries of every team. A portal administrator reads those of the portal itself.
    """
    if getattr(queryset.model, "is_record", False):
        return queryset.filter(_entries(user, right))
    return queryset.filter(**{f"{queryset.model.team_path}__in": _teams_with(user, right)})


def role_in(user, thing):
    """The person's Role in the team that the thing belongs to; None for people outside it."""
    return _roles(user).get(_team_of(thing))


def roles_of(user):
    """The roles that the person has in any team."""
    return set(_roles(user).values())


def role_may(role, right):
    """Whether the role has the right, in whatever team."""
    return role in ALLOWED[right]


def roles_to_give(user, team):
    """The roles to which the person may invite others: those that can do no more than their own."""
    mine = role_in(user, team)
    if mine not in ALLOWED["invite"]:
        return []
    return [role for role in Role if _rights_of(role) <= _rights_of(mine)]


def require_to_give(user, role, team):
    """Raise like `require(user, "invite", team)`, and NotAllowed for a role that can do more than theirs."""
    require(user, "invite", team)
    if role not in roles_to_give(user, team):
        people = PEOPLE[role_in(user, team)]()
        message = TOO_HIGH(people=people, role=ROLES[Role(role)]())
        raise NotAllowed(message, right="roles", granted_by=[str(ROLES[OWNER]())])


def roles_held(team):
    """The roles that members of the team have."""
    return {Role(role) for role in Membership.objects.filter(team=team).values_list("role", flat=True)}


def person(id):
    """The User of that id with their teams and roles, in one statement; None if there is nobody."""
    columns = ("id", "name", "mfa_required")
    team = {f"team_{name}": F(f"memberships__team__{name}") for name in columns}
    rows = User.objects.filter(pk=id).annotate(**team, role=F("memberships__role")).order_by("team_name")
    found = list(rows)
    if not found:
        return None
    rows = [(row.role, row.team_id, row.team_name, row.team_mfa_required) for row in found if row.team_id]
    _keep(found[0], rows)
    return found[0]


def teams_of(user):
    """The teams of a person, by name."""
    return [Team(**team) for team in user._teams] if _roles(user) else []


def forget(user):
    """Read the memberships again: after they changed, or before a long job acts for the person."""
    for name in ("_roles", "_teams", "_exceptions"):
        if hasattr(user, name):
            delattr(user, name)  # not by vars(): request.user is a lazy wrapper with a dict of its own


def _rights_of(role):
    return {right for right, roles in ALLOWED.items() if role in roles}


def _roles(user):
    """{team id as text: Role}, read once per request: each request has its own user object."""
    if not user.is_authenticated or not user.is_active:
        return {}
    if not hasattr(user, "_roles"):
        rows = Team.objects.filter(memberships__user=user.pk)
        _keep(user, rows.values_list("memberships__role", "id", "name", "mfa_required"))
    return user._roles


def _keep(user, rows):
    """`rows` are (role, and id, name and mfa_required of the team) of the person's memberships, by name."""
    rows = list(rows)
    user._roles = {str(id): Role(role) for role, id, *_more in rows}
    user._teams = [{"id": id, "name": name, "mfa_required": mfa} for _role, id, name, mfa in rows]


def _team_of(thing):
    """The id of the thing's team as text, as entries of the record keep it; "" if it has none."""
    if thing is None:
        return ""
    for name in thing.team_path.split("__"):
        thing = getattr(thing, name)
    return str(thing)


def _teams_with(user, right):
    """Ids, as text, of the teams in which the person has the right."""
    has = [team for team, role in _roles(user).items() if role in ALLOWED[right]]
    return [team for team in has if not _reviews(user, right, team)]


def _reviews(user, right, team):
    """Whether the person lacks the right in the team, by its id, because they are a portal auditor."""
    if right not in CHANGING or not user.is_portal_auditor:
        return False
    if not hasattr(user, "_exceptions"):
        excepted = Membership.objects.filter(user=user.pk).exclude(auditor_exception="")
        user._exceptions = {str(id) for id in excepted.values_list("team_id", flat=True)}
    return team not in user._exceptions


def _is_reviewer(user, right):
    return user.is_authenticated and user.is_active and user.is_portal_auditor and right in READING


def _is_admin(user, right):
    return user.is_authenticated and user.is_active and user.is_portal_admin and right in READING


def _reads(user, right, thing):
    """Whether an entry of the record may be read by what is said in `visible_to`, whatever the role."""
    if not getattr(thing, "is_record", False):
        return False
    if _is_admin(user, right) and thing.team_id == "" and thing.kind in OF_PORTAL:
        return True
    is_own = right == "read_record" and thing.actor_id == str(user.pk)
    return _is_reviewer(user, right) or (is_own and role_in(user, thing) in ALLOWED["read_own_record"])


def _entries(user, right):
    """The same as a Q over record.Entry."""
    if _is_reviewer(user, right):
        return Q()
    found = Q(team_id__in=_teams_with(user, right))
    if _is_admin(user, right):
        found |= Q(team_id="", kind__in=OF_PORTAL)
    if right == "read_record":
        found |= Q(team_id__in=_teams_with(user, "read_own_record"), actor_id=str(user.pk))
    return found


def _denied(user, role, right, thing):
    if role in ALLOWED[right] and _reviews(user, right, _team_of(thing)):
        return REVIEWS()
    return DENIED(people=PEOPLE[role](), roles=_either([each for each in Role if each in ALLOWED[right]]))


def _either(roles):
    """Auditor, Manager or Owner: a Said of Saids, so that each reader gets it in their language."""
    *others, last = (ROLES[role]() for role in roles)
    if not others:
        return last
    first, *more = others
    for each in more:
        first = AND_SO_ON(first=first, second=each)
    return EITHER(first=first, second=last)
