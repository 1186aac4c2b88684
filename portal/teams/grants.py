"""What a person may do by their memberships, read in one statement. Only access.py says what that means."""

from dataclasses import dataclass

from django.db.models import F, FilteredRelation, Q

from portal.teams import offered
from portal.teams.models import Role, Team, User
from portal.teams.places import EVERYWHERE, Places
from portal.teams.roles import ALLOWED, OWNER


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


def person(id):
    """The User of that id with their teams and roles, in one statement; None if there is nobody."""
    columns = _columns("memberships__", "memberships__team__")
    rows = User.objects.filter(pk=id).annotate(owners=_owning("memberships__team__memberships"))
    rows = rows.annotate(**{f"of_{name}": F(path) for name, path in columns.items()})
    found = list(rows.order_by("of_name", "of_owner_name"))
    if not found:
        return None
    rows = [{name: getattr(row, f"of_{name}") for name in columns} for row in found]
    _keep(found[0], [row for row in rows if row["id"]])
    return found[0]


def teams_of(user):
    """The teams of a person, by name."""
    mine = grants(user)
    return [Team(**team) for team in user._teams if str(team["id"]) in mine]


def forget(user):
    """Read the memberships again: after they changed, or before a long job acts for the person."""
    for name in ("_granted", "_teams", "_owners", "_told"):
        if hasattr(user, name):
            delattr(user, name)  # not by vars(): request.user is a lazy wrapper with a dict of its own


def grants(user):
    """{team id as text: Grant}, read once per request: each request has its own user object.

    `user.limits`, where somebody acts by a token, has a `team_id`, `rights` and `places`, and narrows that.
    """
    if not user.is_authenticated or not user.is_active:
        return {}
    if not hasattr(user, "_granted"):
        rows = Team.objects.filter(memberships__user=user.pk).annotate(owners=_owning("memberships"))
        columns = _columns("memberships__", "")
        values = rows.order_by("name", "owners__user__name").values_list(*columns.values())
        _keep(user, [dict(zip(columns, row, strict=True)) for row in values])
    if (limits := limits_of(user)) is None:
        return user._granted
    grant = user._granted.get(str(limits.team_id))
    return {} if grant is None else {str(limits.team_id): grant.limited(limits)}


def limits_of(user):
    return getattr(user, "limits", None)


def _owning(path):
    """The memberships, on that path, of people who can grant what others lack."""
    return FilteredRelation(path, condition=Q(**{f"{path}__role": OWNER, f"{path}__places__isnull": True}))


def _columns(mine, team):
    """{name: path} of what `_keep` takes; a team's row comes once for each of its owners."""
    return {
        "role": f"{mine}role",
        "places": f"{mine}places",
        **{name: f"{team}{name}" for name in ("id", "name", "mfa_required")},
        **{f"owner_{name}": f"owners__user__{name}" for name in ("name", "email", "is_active")},
    }


def _keep(user, rows):
    user._granted, user._teams, user._owners, user._told = {}, [], {}, {}
    for row in rows:
        id = str(row["id"])
        if id not in user._granted:
            user._granted[id] = Grant(Role(row["role"]), Places.of(row["places"]))
            user._teams.append({name: row[name] for name in ("id", "name", "mfa_required")})
        if row["owner_is_active"]:
            user._owners.setdefault(id, []).append(row["owner_name"] or row["owner_email"])


def owners(user, team_id):
    """Names of the people who can grant what is missing in a team of the person's."""
    return user._owners.get(team_id, [])


def told_places(user, team_id):
    """What the person's membership in the team covers, as a Said; read once, however often it is said."""
    if team_id not in user._told:
        user._told[team_id] = offered.told(grants(user)[team_id].places, team_id)
    return user._told[team_id]
