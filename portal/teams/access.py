"""The one place that answers "may this person do this to that thing?".

A thing is a Team, or anything that belongs to one: a Connection, a mirrored resource, an Operation, an entry
of the record, a Membership. Its model names the way to its team in `team_path`, for example
"connection__team_id"; only this file reads it. So nobody else handles ids of teams.

A membership may be narrowed to places (places.py): connections, or spaces of these. A model says where its
rows are by `connection_path` and `space_path`, the ways to the ids of both:

- no `connection_path`: a matter of the team itself. TEAM_WIDE are the rights that take a whole membership.
- `space_path` "": rows whose space nobody knows, so only a whole connection covers them.
- `space_path` None: a connection. Whoever has a part of it sees it; OF_WHOLE takes all of it.
- `parts_path`: the rows are made of others, as a job is of its steps; all of these have to be covered.

Services ask `require`, lists ask `visible_to`, people ask `explain`; templates only hide buttons. What a
person cannot see does not exist for them (404); what they see but may not do says why not (403).
"""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_noop as _

from portal.errors import NotAllowed, NotVisible
from portal.teams import denying
from portal.teams.grants import Grant, grants, limits_of, owners, told_places
from portal.teams.grants import forget as forget
from portal.teams.grants import person as person
from portal.teams.grants import teams_of as teams_of
from portal.teams.models import Membership, Role
from portal.teams.places import EVERYWHERE, NOWHERE, Places
from portal.teams.roles import (
    ALLOWED,
    OF_PORTAL,
    OF_WHOLE,
    PEOPLE,
    READING,
    ROLES,
    TEAM_WIDE,
)
from portal.words import Sentence

NOT_VISIBLE = Sentence("access.not_visible", _("This does not exist, or you cannot see it."))
NOT_A_MEMBER = Sentence("access.not_a_member", _("You are not a member of this team."))
ADMINS_ONLY = Sentence(
    "access.admins_only",
    _("Only portal administrators can create teams and switch accounts on and off."),
)
PORTAL_ADMIN = Sentence("role.portal_admin", _("Portal administrator"))


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
    names = owners(user, _team_of(thing))
    raise NotAllowed(_why(user, grant, right, thing), right=right, granted_by=denying.granted_by(names))


def people_who(right, thing):
    """[(User, Membership)] of active people whose membership gives the right for the thing, by name."""
    return people_by_right([right], thing)[right]


def people_by_right(rights, thing):
    """{right: what people_who(right, thing) is}, in one statement."""
    rows = Membership.objects.filter(team=_team_of(thing) or None, user__is_active=True)
    rows = [(row, Grant.of(row)) for row in rows.select_related("user").order_by("user__name", "user__email")]
    return {
        right: [
            (row.user, row) for row, each in rows if each.has(right) and _covers(each.places, right, thing)
        ]
        for right in rights
    }


def granters(thing):
    """Names of the people who can give a right for the thing: its team's owners, as pages call them."""
    return [str(user) for user, row in people_who("roles", thing) if Grant.of(row).places.is_everywhere]


def require_portal_admin(user):
    """Raise NotAllowed for all but portal administrators."""
    if not user.is_portal_admin:
        raise NotAllowed(ADMINS_ONLY(), right="portal_admin", granted_by=[str(PORTAL_ADMIN())])


def audits_portal(user):
    """Whether the person is a portal auditor, who also reviews who has access to the teams."""
    return _acts_freely(user) and user.is_portal_auditor


def explain(user, right, thing):
    """Why the person may not, which role it takes and who can grant it, as text; "" if they may."""
    if may(user, right, thing):
        return ""
    grant = _grant(user, thing)
    return str(NOT_A_MEMBER() if grant is None else _why(user, grant, right, thing))


def visible_to(user, queryset, right="view"):
    """The rows for which the person has the right. The model of the queryset has a `team_path`.

    Entries of the record: "view" finds those whose one line the person may see, "read_record" those whose
    request and answer they may read. That includes their own entries if their role reads its own, and for a
    portal auditor the entries of every team. A portal administrator reads those of the portal itself.
    """
    if getattr(queryset.model, "is_record", False):
        return queryset.filter(_entries(user, right, queryset.model))
    return queryset.filter(_granted(user, right, queryset.model))


def in_places(user, queryset, connections):
    """The rows of a mirror, on connections that the person sees, less those in spaces that they do not.

    For the portal itself (None), and where a membership covers the connections, it is as it was.
    """
    spaces = {each.pk: open_spaces(user, each) for each in connections}
    if user is None or set(spaces.values()) <= {None}:
        return queryset
    pairs = [(str(at), space) for at, some in spaces.items() for space in ([""] if some is None else some)]
    return queryset.filter(_placed(Places(frozenset(pairs)), queryset.model))


def open_spaces(user, connection):
    """Ids of the spaces of the connection that the person's membership covers; None if that is all of it."""
    return places_in(user, connection).spaces_of(connection.pk) if user else None


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
    return {grant.role for grant in grants(user).values()}


def role_may(role, right):
    """Whether the role has the right, in whatever team."""
    return role in ALLOWED[right]


def roles_to_give(user, team):
    """The roles to which the person may invite others: those that can do no more than their own."""
    if not may(user, "invite", team):
        return []
    mine = role_in(user, team)
    return [role for role in Role if _rights_of(role) <= _rights_of(mine)]


def require_to_give(user, role, team, places=EVERYWHERE):
    """Raise like `require(user, "invite", team)`, and NotAllowed for more than they have themselves.

    That is a role that can do more than theirs, or places that their own membership does not cover.
    """
    require(user, "invite", team)
    mine, names = _grant(user, team), denying.granted_by(owners(user, _team_of(team)))
    if role not in roles_to_give(user, team):
        message = denying.TOO_HIGH(people=PEOPLE[mine.role](), role=ROLES[Role(role)]())
        raise NotAllowed(message, right="roles", granted_by=names)
    if not places.within(mine.places):
        message = denying.TOO_WIDE(places=told_places(user, _team_of(team)))
        raise NotAllowed(message, right="roles", granted_by=names)


def roles_held(team):
    """The roles that members of the team have."""
    return {Role(role) for role in Membership.objects.filter(team=team).values_list("role", flat=True)}


def _rights_of(role):
    return {right for right, roles in ALLOWED.items() if role in roles}


def _grant(user, thing):
    return grants(user).get(_team_of(thing))


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
        return places.covers(connection) if right in OF_WHOLE else places.touches(connection)
    return places.covers(connection, _at(thing, thing.space_path) if thing.space_path else "")


def _granted(user, right, model):
    """A Q for the rows of a model for which a membership gives the right."""
    whole, parts = [], Q()
    for team, grant in grants(user).items():
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
    return audits_portal(user) and right in READING


def _is_admin(user, right):
    return _acts_freely(user) and user.is_portal_admin and right in READING


def _acts_freely(user):
    return user.is_authenticated and user.is_active and limits_of(user) is None


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


def _why(user, grant, right, thing):
    """What the grant lacks, as a Said."""
    names = owners(user, _team_of(thing))
    if grant.role in ALLOWED[right] and not grant.has(right):
        limits = limits_of(user)
        return denying.BY_TOKEN() if limits and right not in limits.rights else denying.REVIEWS()
    if grant.role in ALLOWED[right] and not grant.places.is_everywhere:
        return denying.narrowed(told_places(user, _team_of(thing)), names)
    return denying.denied(grant.role, right, names)
