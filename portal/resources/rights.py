"""What a connection's account must be allowed on its platform, so that a team can do what it does here."""

import json
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from portal.connections.views import find
from portal.kinds.registry import KINDS, Kind
from portal.platforms import declared
from portal.teams.access import role_may, roles_held
from portal.teams.models import Role
from portal.web.pages import page

# How far the use goes: (name, label, the role that may do all of it)
LEVELS = (
    ("read", _("Read only"), Role.VIEWER),
    ("operate", _("Operate: what operators may do"), Role.OPERATOR),
    ("everything", _("Everything: what managers and owners may do, too"), Role.OWNER),
)


@dataclass(frozen=True)
class Row:
    """One call: `what` it does and the `permission` that it takes; "" if no document names one."""

    kind: Kind
    what: str
    permission: str
    right: str = "view"

    def __str__(self):
        return f"{self.kind.plural}: {self.what}"

    @property
    def roles(self):
        """The roles whose members make the portal send it."""
        return [role.label for role in Role if role_may(role, self.right)]

    @property
    def service(self):
        """(service, access level) of a permission that is written so."""
        service, _colon, level = self.permission.partition(": ")
        return service, level


def reads(kinds):
    """A Row of each call by which the portal reads objects of these kinds."""
    for kind in kinds:
        yield Row(kind, _("List"), kind.permissions.get("list", ""))
        yield Row(kind, _("One object"), kind.permissions.get("get", ""))
        for each in (*kind.related, *filter(None, [kind.facts])):
            yield Row(kind, each.label, each.permission)


def changes(kinds, role):
    """A Row of each verb of these kinds that the role may use."""
    for kind in kinds:
        for verb in kind.verbs:
            if role_may(role, verb.right):
                yield Row(kind, verb.label, verb.permission, verb.right)


def policy(permissions, version):
    """An IAM policy that allows these actions and nothing else, as text."""
    statement = {"Effect": "Allow", "Action": permissions}
    return json.dumps({"Version": version, "Statement": [statement]}, indent=2)


def usual_level(team, kinds):
    """The name of the first level in which all is that the roles of the team's members allow."""
    held = roles_held(team)
    wanted = {
        verb.right for kind in kinds for verb in kind.verbs if any(role_may(r, verb.right) for r in held)
    }
    return next(name for name, _label, role in LEVELS if all(role_may(role, right) for right in wanted))


def chosen_kinds(query, kinds):
    """Those that the query names; all of them before anybody has chosen."""
    return [kind for kind in kinds if kind.slug in query.getlist("kind")] if "chosen" in query else kinds


@require_safe
def rights(request, id):
    connection, query = find(request, id), request.GET
    kinds = [kind for kind in KINDS.values() if kind.platform == connection.platform]
    usual, chosen = usual_level(connection.team, kinds), chosen_kinds(query, kinds)
    level = query.get("level") if query.get("level") in {name for name, *_rest in LEVELS} else usual
    context = {"connection": connection, "levels": LEVELS, "level": level, "usual": usual}
    context |= {"kinds": kinds, "chosen": chosen, **_needs(connection, chosen, level, query.get("policy"))}
    return page(request, "resources/rights.html", context, partial="rights")


def _needs(connection, kinds, level, version):
    """Context: the calls of these kinds, and what there is to grant for them."""
    role = next(role for name, _label, role in LEVELS if name == level)
    reading, changing = list(reads(kinds)), list(changes(kinds, role))
    rows = [*reading, *changing]
    needed = {row.permission: row for row in rows if row.permission}
    versions = declared(connection.platform, "POLICIES")
    version = version if version in versions else next(iter(versions), "")
    return {
        "reading": reading,
        "changing": changing,
        "needed": list(needed.values()),
        "unknown": sorted((row for row in rows if not row.permission), key=lambda row: kinds.index(row.kind)),
        "versions": versions,
        "version": version,
        "policy": policy(list(needed), version) if needed and version else "",
    }
