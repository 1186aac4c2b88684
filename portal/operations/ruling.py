"""set_rules(): what a team asks for its changes; owners alone decide that."""

from django.utils.translation import gettext_noop as _

from portal.errors import NotDecidable
from portal.operations.rules import DEMANDS, Rules, case_of
from portal.record.store import append
from portal.teams.locking import locked
from portal.teams.recording import line
from portal.words import Sentence

RIGHT, VERB, KIND = "team_rules", "team_rules", "portal/teams"
CHANGED_MEANWHILE = Sentence(
    "rules.changed_meanwhile",
    _("Somebody else changed the rules after this page was opened. Nothing was saved. Check them below."),
)


def current(team):
    """{name of a Case: demands} as the team has them now."""
    return Rules.objects.filter(team=team).values_list("demands", flat=True).first() or {}


def tried(team, actor, via="web"):
    about = {"object_id": team.pk, "object_name": team.name}
    return line(VERB, kind=KIND, actor=actor, team=team, via=via, **about)


def set_rules(team, demands, *, actor, opened=None, via="web"):
    """Ask for this from now on: {name of a Case: some of DEMANDS}. Whether it was something else before.

    What waits for approval under other rules becomes void when somebody wants to approve it. `opened` are the
    rules that the person saw. Raises NotVisible, NotAllowed (recorded), NotDecidable if somebody else changed
    them since, and ValueError for a Case that is none.
    """
    wanted = {name: [each for each in DEMANDS if each in asked] for name, asked in demands.items()}
    wanted = {name: asked for name, asked in sorted(wanted.items()) if asked}
    if unknown := [name for name in wanted if case_of(name) is None]:
        raise ValueError(f"no changes are called {unknown}")
    about = tried(team, actor, via)
    with locked(team, actor, about, RIGHT):
        before = current(team)
        if opened is not None and opened != before:
            raise NotDecidable(CHANGED_MEANWHILE())
        if wanted == before:
            return False
        Rules.objects.update_or_create(team=team, defaults={"demands": wanted})
        append({**about, "body": {"before": {"rules": before}, "after": {"rules": wanted}}})
    return True
