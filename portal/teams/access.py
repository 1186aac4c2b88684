"""The one place that answers "may this person do this to that thing?".

A thing is a Team, or anything that belongs to one: a Connection, a mirrored resource, an Operation, an entry
of the record, a Membership. Its model names the way to its team in `team_path`, for example
"connection__team_id"; only this file reads it. So nobody else handles ids of teams.

A membership may be narrowed to places (places.py): connections, or spaces of these. A model says where its
rows are by `connection_path` and `space_path`, the ways to the ids of both:

- no `connection_path`: a matter of the team itself. TEAM_WIDE are the rights that take a whole membership.
- `space_path` "": rows whose space nobody knows, so only a whole connection covers them.
- `space_path` None: a connection. Who has a part of it sees it (IN_PART); who has all of it may do more.
- `parts_path`: the rows are made of others, as a job is of its steps; all of these have to be covered.

Services ask `require`, lists ask `visible_to`, people ask `explain`; templates only hide buttons. What a
person cannot see does not exist for them (404); what they see but may not do says why not (403).
"""

from dataclasses import dataclass

from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_noop as _

from portal.errors import NotAllowed, NotVisible
from portal.teams.models import Membership, Role, Team, User
from portal.teams.places import EVERYWHERE, NOWHERE, Places
from portal.teams.roles import (
    ALLOWED,
    AND_SO_ON,
    EITHER,
    IN_PART,
    OF_PORTAL,
    OWNER,
    PEOPLE,
    READING,
    ROLES,
    TEAM_WIDE,
)
from portal.words import Sentence

NOT_VISIBLE = Sentence("access.not_visible", _("This does not exist, or you cannot see it."))
NOT_A_MEMBER = Sentence("access.not_a_member", _("You are not a member of this team."))
DENIED = Sentence(
    "access.denied",
    _("%(people)s can't do this. Required role: %(roles)s. An owner of the team can change your role."),
)
NARROWED = Sentence("access.narrowed", _("Your membership does not cover this."))
NOT_BY_TOKEN = Sentence(
    "access.not_by_token",
    _("This API token does not allow it, though its person may do it. They can make a token that does."),
)
TOO_HIGH = Sentence(
    "access.role_too_high",
    _("%(people)s can't give the role %(role)s, because it can do more than their own. An owner can."),
)
ADMINS_ONLY = Sentence(
    "access.admins_only",
    _("Only portal administrators can create teams and switch accounts on and off."),
)
PORTAL_ADMIN = Sentence("role.portal_admin", _("Portal administrator"))


@dataclass(frozen=True)
class Grant:
    """What a person may do in one team: what the role allows, in `places`; a token's `rights` narrow it."""

    role: Role
    places: Places = EVERYWHERE
    rights: frozenset | None = None

    @classmethod
    def of(cls, membership):
        return cls(Role(membership.role), Places.of(membership.places))

    def has(self, right):
        return self.role in ALLOWED[right] and (self.rights is None or right in self.rights)

    def limited(self, limits):
        rights = limits.rights if self.rights is None else self.rights & limits.rights
        return Grant(self.role, self.places & limits.places, rights)


@dataclass(frozen=True)
class Spot:
    """A place on a connection as a thing: where an object is to be made, or is meant to move.

    It is not secret that there may be such a place: who sees the connection is told that they may not.
    """

    connection: object
    space: str = ""

    team_path, connection_path, space_path = "connection__team_id", "connection__pk", "space"


def may(user, right, thing):
    """Whether the person has the right for this thing. No thing (None) gives no right."""
    grant = _grant(user, thing)
    is_granted = grant is not None and grant.has(right) and _covers(grant.places, right, thing)
    return is_granted or _reads(user, right, thing)


def require(user, right, thing):
    """Raise NotVisible for people who do not see the thing, NotAllowed for those who lack the right."""
    if may(user, right, thing):
        return
    grant = _grant(user, thing)
    seen = thing.connection if isinstance(thing, Spot) else thing
    if grant is None or not _covers(grant.places, "view", seen):
        raise NotVisible(NOT_VISIBLE())
    raise NotAllowed(_denied(grant, right), right=right, granted_by=[str(ROLES[OWNER]())])


def people_who(right, thing):
    """[(User, Membership)] of active people whose membership gives the right for the thing, by name."""
    rows = Membership.objects.filter(team=_team_of(thing) or None, user__is_active=True)
    found = []
    for row in rows.select_related("user").order_by("user__name", "user__email"):
        grant = Grant.of(row)
        if grant.has(right) and _covers(grant.places, right, thing):
            found.append((row.user, row))
    return found


def granters(thing):
    """Names of the people who can give a right for the thing: its team's owners, as pages call them."""
    return [str(user) for user, row in people_who("roles", thing) if Grant.of(row).places.is_everywhere]


def require_portal_admin(user):
    """Raise NotAllowed for all but portal administrators."""
    if not user.is_portal_admin:
        raise NotAllowed(ADMINS_ONLY(), right="portal_admin", granted_by=[str(PORTAL_ADMIN())])


def explain(user, right, thing):
    """Why the person may not, which role it takes and who can grant it, as text; "" if they may."""
    if may(user, right, thing):
        return ""
    grant = _grant(user, thing)
    return str(NOT_A_MEMBER() if grant is None else _denied(grant, right))


def visible_to(user, queryset, right="view"):
    """The rows for which the person has the right. The model of the queryset has a `team_path`.

    Entries of the record: "view" finds those whose one line the person may see, "read_record" those whose
    request and answer they may read. That includes their own entries if their role reads its own, and for a
    portal auditor the entries of every team. A portal administrator reads those of the portal itself.
    """
    if getattr(queryset.model, "is_record", False):
        return queryset.filter(_entries(user, right, queryset.model))
    return queryset.filter(_granted(user, right, queryset.model))


def in_places(user, queryset):
    """The same rows less those outside the places of narrowed memberships, for rows of connections they see.

    Without such a membership the queryset is as it was.
    """
    model, found = queryset.model, Q()
    for team, grant in _grants(user).items():
        if not grant.places.is_everywhere:
            found &= ~Q(**{model.team_path: team}) | _placed(grant.places, model)
    return queryset.filter(found) if found else queryset


def places_in(user, thing):
    """The Places of the person's membership in the thing's team; NOWHERE for people outside it."""
    grant = _grant(user, thing)
    return NOWHERE if grant is None else grant.places


def role_in(user, thing):
    """The person's Role in the team that the thing belongs to; None for people outside it."""
    grant = _grant(user, thing)
    return grant and grant.role


def roles_of(user):
    """The roles that the person has in any team."""
    return {grant.role for grant in _grants(user).values()}


def role_may(role, right):
    """Whether the role has the right, in whatever team."""
    return role in ALLOWED[right]


def roles_to_give(user, team):
    """The roles to which the person may invite others: those that can do no more than their own."""
    if not may(user, "invite", team):
        return []
    mine = role_in(user, team)
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
    mine = {"role": F("memberships__role"), "places": F("memberships__places")}
    rows = User.objects.filter(pk=id).annotate(**team, **mine).order_by("team_name")
    found = list(rows)
    if not found:
        return None
    names = ("role", "places", *team)
    rows = [tuple(getattr(row, name) for name in names) for row in found if row.team_id]
    _keep(found[0], rows)
    return found[0]


def teams_of(user):
    """The teams of a person, by name."""
    grants = _grants(user)
    return [Team(**team) for team in user._teams if str(team["id"]) in grants]


def forget(user):
    """Read the memberships again: after they changed, or before a long job acts for the person."""
    for name in ("_granted", "_teams"):
        if hasattr(user, name):
            delattr(user, name)  # not by vars(): request.user is a lazy wrapper with a dict of its own


def _rights_of(role):
    return {right for right, roles in ALLOWED.items() if role in roles}


def _grants(user):
    """{team id as text: Grant}, read once per request: each request has its own user object.

    `user.limits`, where somebody acts by a token, has a `team_id`, `rights` and `places`, and narrows that.
    """
    if not user.is_authenticated or not user.is_active:
        return {}
    if not hasattr(user, "_granted"):
        rows = Team.objects.filter(memberships__user=user.pk)
        columns = ("memberships__role", "memberships__places", "id", "name", "mfa_required")
        _keep(user, rows.values_list(*columns))
    if (limits := _limits(user)) is None:
        return user._granted
    grant = user._granted.get(str(limits.team_id))
    return {} if grant is None else {str(limits.team_id): grant.limited(limits)}


def _limits(user):
    return getattr(user, "limits", None)


def _keep(user, rows):
    """`rows` are (role, places, and id, name and mfa_required of the team) of memberships, by team name."""
    rows = list(rows)
    user._granted = {str(id): Grant(Role(role), Places.of(places)) for role, places, id, *_more in rows}
    user._teams = [{"id": id, "name": name, "mfa_required": mfa} for _role, _places, id, name, mfa in rows]


def _grant(user, thing):
    return _grants(user).get(_team_of(thing))


def _team_of(thing):
    """The id of the thing's team as text, as entries of the record keep it; "" if it has none."""
    if thing is None:
        return ""
    return str(_at(thing, thing.team_path))


def _at(thing, path):
    for name in path.split("__"):
        thing = getattr(thing, name)
    return thing


def _covers(places, right, thing):
    """Whether the thing is in the places, as far as the right needs."""
    if places.is_everywhere:
        return True
    if parts := getattr(thing, "parts_path", ""):
        parts = list(getattr(thing, parts).all())
        return bool(parts) and all(_covers(places, right, part) for part in parts)
    if not hasattr(thing, "connection_path"):
        return right not in TEAM_WIDE
    connection = _at(thing, thing.connection_path)
    if thing.space_path is None:
        return places.touches(connection) if right in IN_PART else places.covers(connection)
    return places.covers(connection, _at(thing, thing.space_path) if thing.space_path else "")


def _granted(user, right, model):
    """A Q for the rows of a model for which a membership gives the right."""
    whole, parts = [], Q()
    for team, grant in _grants(user).items():
        if not grant.has(right):
            continue
        if grant.places.is_everywhere:
            whole.append(team)
        elif hasattr(model, "connection_path") or hasattr(model, "parts_path"):
            parts |= Q(**{model.team_path: team}) & _placed(grant.places, model)
        elif right not in TEAM_WIDE:
            whole.append(team)
    return Q(**{f"{model.team_path}__in": whole}) | parts


def _placed(places, model):
    """A Q for the rows of a model that are in the places."""
    if parts := getattr(model, "parts_path", ""):
        relation = model._meta.get_field(parts)
        of_this = Q(**{relation.field.name: OuterRef("pk")})
        all_of_it = relation.related_model.objects.filter(of_this)
        return Exists(all_of_it) & ~Exists(all_of_it.exclude(_placed(places, relation.related_model)))
    space = model.space_path
    if space and f"{space}_key" in {field.name for field in model._meta.fields}:
        space = f"{space}_key"  # it has the index, and ids of spaces are shorter than it is cut
    return places.as_q(model.connection_path, space)


def _is_reviewer(user, right):
    return _acts_freely(user) and user.is_portal_auditor and right in READING


def _is_admin(user, right):
    return _acts_freely(user) and user.is_portal_admin and right in READING


def _acts_freely(user):
    return user.is_authenticated and user.is_active and _limits(user) is None


def _reads(user, right, thing):
    """Whether an entry of the record may be read by what is said in `visible_to`, whatever the role."""
    if not getattr(thing, "is_record", False):
        return False
    if _is_admin(user, right) and thing.team_id == "" and thing.kind in OF_PORTAL:
        return True
    is_own = right == "read_record" and thing.actor_id == str(user.pk)
    if _is_reviewer(user, right):
        return True
    grant = _grant(user, thing)
    return (
        is_own and grant is not None and grant.has("read_own_record") and _covers(grant.places, right, thing)
    )


def _entries(user, right, model):
    """The same as a Q over record.Entry and record.Facet."""
    if _is_reviewer(user, right):
        return Q()
    found = _granted(user, right, model)
    if _is_admin(user, right):
        found |= Q(team_id="", kind__in=OF_PORTAL)
    if right == "read_record":
        found |= _granted(user, "read_own_record", model) & Q(actor_id=str(user.pk))
    return found


def _denied(grant, right):
    if grant.has(right):
        return NARROWED()
    if grant.role in ALLOWED[right]:
        return NOT_BY_TOKEN()
    return DENIED(
        people=PEOPLE[grant.role](), roles=_either([each for each in Role if each in ALLOWED[right]])
    )


def _either(roles):
    """Auditor, Manager or Owner: a Said of Saids, so that each reader gets it in their language."""
    *others, last = (ROLES[role]() for role in roles)
    if not others:
        return last
    first, *more = others
    for each in more:
        first = AND_SO_ON(first=first, second=each)
    return EITHER(first=first, second=last)
