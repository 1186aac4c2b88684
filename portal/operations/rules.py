"""Rules of teams: for which changes a team asks for a reason, a ticket, or the approval of a second person.

`admit` is called in the transaction that commits an operation, a batch or a job, and nowhere else: so pages,
the API, jobs, what follows a change and commands obey the same rules. What forms say beforehand is only said.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as _

from portal.errors import NeedsApproval, NotDecidable, WhyMissing
from portal.kinds.fields import JsonText
from portal.kinds.registry import KINDS
from portal.kinds.saying import kind_label
from portal.operations import entries
from portal.teams.models import Team
from portal.words import Sentence

REASON, TICKET, APPROVAL = DEMANDS = ("reason", "ticket", "approval")
ASKS = {
    REASON: Sentence("rules.asks_reason", _("Your team asks for a reason.")),
    TICKET: Sentence("rules.asks_ticket", _("Your team asks for a ticket.")),
}
MISSING = Sentence(
    "rules.missing",
    _("Your team asks why for a change like this. Nothing was sent. Enter what is missing."),
)
NEEDS_APPROVAL = Sentence(
    "rules.needs_approval",
    _(
        "Your team asks for approval of a change like this. Nothing was sent. Ask for it by the form of this"
        " change."
    ),
)
RULES_CHANGED = Sentence(
    "approval.rules_changed",
    _("The rules of the team changed after this was asked for. Nothing was sent. It has to be asked again."),
)


class Rules(models.Model):
    """`demands` is {name of a Case: [what is asked for it, of DEMANDS]}. A team without rules has no row."""

    team = models.OneToOneField(Team, on_delete=models.CASCADE, primary_key=True, related_name="rules")
    demands = JsonText(default=dict)

    team_path = "team_id"

    def __str__(self):
        return f"{self.team_id}: {self.demands}"


@dataclass(frozen=True)
class Case:
    """Changes that a rule is about. `covers(change)` says whether it is about this one, `may_cover(verb,
    kind)` whether it can be about one of that verb."""

    name: str
    label: str
    covers: Callable
    may_cover: Callable


def _by_rights(name, label, *rights):
    return Case(
        name, label, lambda change: change.verb.right in rights, lambda verb, kind: verb.right in rights
    )


ANYTHING = Case("any", gettext_lazy("Any change"), lambda change: True, lambda verb, kind: True)
DENYING = Case(
    "deny",
    gettext_lazy("Make, change or bind a policy with a statement that denies"),
    lambda change: _denies(change),
    lambda verb, kind: bool(kind.denies) and not verb.removes,
)
CASES = (
    Case(
        "delete",
        gettext_lazy("Delete anything"),
        lambda change: change.verb.removes,
        lambda verb, kind: verb.removes,
    ),
    _by_rights("bind", gettext_lazy("Bind or unbind a policy"), "bind", "unbind"),
    DENYING,
    _by_rights("reset_key", gettext_lazy("Reset a key"), "reset_key"),
    _by_rights("disable", gettext_lazy("Disable or replace a device"), "disable", "replace"),
    ANYTHING,
)


def case_of(name):
    """The Case with that name, `delete` or `iotda/policies update`; None if there is none (any more)."""
    for case in CASES:
        if case.name == name:
            return case
    slug, _space, verb_name = name.partition(" ")
    found = [each for each in KINDS[slug].verbs if each.name == verb_name] if slug in KINDS else []
    return _of_verb(KINDS[slug], found[0]) if found else None


def _of_verb(kind, verb):
    def is_it(each, of):
        # Several creates in one call are creates.
        return of is kind and each.name in (verb.name, _batch_name(kind, verb))

    return Case(
        f"{kind.slug} {verb.name}",
        f"{kind_label(kind.slug)}: {verb.label}",
        lambda change: is_it(change.verb, change.kind),
        is_it,
    )


def _batch_name(kind, verb):
    return kind.batch.name if kind.batch and verb.name == "create" else verb.name


def of_team(team):
    """{name of a Case: demands} of the team."""
    try:
        return team.rules.demands
    except ObjectDoesNotExist:
        return {}


def _denies(change, around=None):
    """Whether it makes a policy that denies, or leaves one. A policy whose statements nobody knows may."""
    kind, verb = change.kind, change.verb
    if kind.denies is None or verb.removes:
        return False
    values = dict(around or {})
    if row := change.target:
        unshown = {*(row.unshown or ())}
        values |= {each.name: getattr(row, each.name) for each in row.platform_fields()}
        values = {name: value for name, value in values.items() if name not in unshown}
    values |= change.expected or {}
    if verb.fields or not verb.on_object:
        values |= change.data
    return kind.denies(values) is not False


def demanded(demands, change):
    """What rules ask for a Change and for what is to follow it, as a set of DEMANDS."""
    found, parts = set(), [change, *(each.of(change) for each in change.then)]
    for name, asked in demands.items():
        case = case_of(name)
        if case is DENYING:
            # What follows acts on what the Change makes, which its data describe.
            around = None if change.verb.on_object else change.data
            is_covered = any(_denies(each, around if each.target is None else None) for each in parts)
        else:
            is_covered = case is not None and any(map(case.covers, parts))
        found |= set(asked) if is_covered else set()
    return found


def possible(demands, kind, verb):
    """(what is asked for each change of that verb, what may be asked for some), as sets of DEMANDS."""
    certain, possible = set(), set()
    for name, asked in demands.items():
        case = case_of(name)
        if case is None:
            continue
        if case.may_cover(verb, kind):
            (possible if case is DENYING else certain).update(asked)
        elif verb.form and verb.form.together:
            possible |= set(asked)
    return certain, possible | certain


def require_why(demands, changes):
    """Raise WhyMissing if one of the changes lacks what is asked for it; what is asked for all, as a set."""
    found, missing = set(), {}
    for change in changes:
        asked = demanded(demands, change)
        found |= asked
        missing |= {
            name: ASKS[name]() for name in ASKS if name in asked and not getattr(change, name).strip()
        }
    if missing:
        raise WhyMissing(MISSING(), fields=missing)
    return found


def admit(changes, grant=None):
    """Lock the connections of the changes, and hold them against the rules of their team as they are now.

    To be called in the transaction that commits them. `grant` is the approval that they have (approval.py).
    Raises RecordUnavailable if a connection was changed first, WhyMissing, NeedsApproval, and NotDecidable if
    something else is asked than when approval was asked for.
    """
    accounts, found = {each.connection.pk: each.connection for each in changes}, set()
    for pk, linked in sorted(accounts.items()):
        demands = entries.lock_account(linked)
        found |= require_why(demands, [each for each in changes if each.connection.pk == pk])
    if grant is None and APPROVAL in found:
        raise NeedsApproval(NEEDS_APPROVAL(), demands=sorted(found))
    if grant and grant.by and sorted(found) != grant.approval.demands:
        raise NotDecidable(RULES_CHANGED())
