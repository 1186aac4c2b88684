"""Access is asked about things. Would catch: code that hands ids of teams to access, finds out by itself in
which team something is, or decides by the table of roles what a person may do."""

import ast
from pathlib import Path

PORTAL = Path(__file__).resolve().parents[2] / "portal"
# Function of access or recording -> which argument is the thing.
ASKED = {"require": 2, "may": 2, "explain": 2, "require_recorded": 2, "role_in": 1}
PRIVATE = {"ALLOWED", "Membership", "_roles", "_teams_with", "team_path"}
# Where the private names of access are needed: people's memberships are what teams are about.
TEAMS = {
    "Membership": ("teams/", "home/demo.py"),
    "ALLOWED": ("teams/denying.py", "teams/grants.py", "teams/role_table.py"),
}


def modules():
    for path in sorted(PORTAL.rglob("*.py")):
        name = str(path.relative_to(PORTAL))
        if name != "teams/access.py" and not name.startswith("emulator/") and "migrations" not in name:
            yield name, ast.parse(path.read_text())


def called(node):
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def is_id_of_team(node):
    """`x.team_id`, `team.pk`, `x.team.id`, and the like inside str(...)."""
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute):
            owner = getattr(part.value, "attr", getattr(part.value, "id", ""))
            if part.attr == "team_id" or (part.attr in ("pk", "id") and owner.endswith("team")):
                return True
        if isinstance(part, ast.Name) and part.id == "team_id":
            return True
    return False


def ids_passed():
    """file:line of each call that hands the id of a team to access."""
    for name, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and called(node) in ASKED:
                things = node.args[ASKED[called(node)] :][:1]
                things += [keyword.value for keyword in node.keywords if keyword.arg == "thing"]
                if any(map(is_id_of_team, things)):
                    yield f"{name}:{node.lineno}"


def test_nobody_hands_ids_of_teams_to_access():
    assert list(ids_passed()) == []


def names_used(tree):
    """Names that are read or imported; a model that says `team_path = ...` reads nothing."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Load):
            yield getattr(node, "attr", getattr(node, "id", ""))


def test_only_access_knows_how_a_right_is_found():
    found = {
        (name, used)
        for name, tree in modules()
        for used in set(names_used(tree)) & PRIVATE
        if not name.startswith(TEAMS.get(used, ()))
    }
    assert found == set()
