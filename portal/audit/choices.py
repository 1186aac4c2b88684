"""What the selects of the filters offer: what occurs in the record that the person may read, by name."""

from dataclasses import dataclass

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.audit.statements import Statement
from portal.audit.survey import COLUMNS, NAMES, NOBODY
from portal.kinds.saying import kind_label, verb_label
from portal.outside import folded
from portal.record.models import Facet
from portal.web.templatetags.web import BADGES

CHOICES_MAX = 1_000  # of one filter
KEPT = 200  # offers that a process remembers
LABELS = {
    "actor": (gettext_lazy("Who"), gettext_lazy("Anybody")),
    "verb": (gettext_lazy("Action"), gettext_lazy("Any action")),
    "kind": (gettext_lazy("Kind"), gettext_lazy("Any kind")),
    "connection": (gettext_lazy("Connection"), gettext_lazy("Any connection")),
    "outcome": (gettext_lazy("Outcome"), gettext_lazy("Any outcome")),
    "team": (gettext_lazy("Team"), gettext_lazy("Any team")),
}
_kept = {}


@dataclass(frozen=True)
class Select:
    """`choices` are (value, label, whether it is chosen)."""

    name: str
    label: str
    all: str
    choices: list


def selects(filters):
    """[Select]. What the address asks for is offered even if nothing has it; one team alone is no choice."""
    offers, found = _offers(filters), []
    for name, (label, everything) in LABELS.items():
        chosen = filters.values[name]
        values = [(value or NOBODY, _label(name, value, called)) for value, called in offers.get(name, [])]
        picked = _picked(name, chosen, values)
        if chosen and picked is None:
            picked = chosen
            values.append((chosen, chosen))
        if name == "team" and len(values) < 2 and not chosen:
            continue
        values.sort(key=lambda choice: folded(choice[1]))
        found.append(Select(name, label, everything, [(*each, each[0] == picked) for each in values]))
    return found


def _offers(filters):
    """{filter: [(value, name)]}. Facets are never deleted, so as long as there is no new one the same is
    offered, and nothing has to be read."""
    statement = Statement()
    visible = statement.visible(filters.user, Facet, *NAMES)
    of = visible, str(statement.values), connection.settings_dict["NAME"]
    edition, offers = _kept.get(of, ((), {}))
    if edition != filters.survey.edition:
        offers = _read(statement, visible)
        if len(_kept) >= KEPT:
            _kept.clear()
        _kept[of] = filters.survey.edition, offers
    return offers


def _read(statement, visible):
    branches = []
    for filter, (column, name) in COLUMNS.items():
        named = f"coalesce(e.{name}, '')" if name else "''"
        joined = "LEFT JOIN record_entry e ON e.seq = g.newest" if name else ""
        branches.append(
            f"SELECT '{filter}', g.value, {named} FROM"
            f" (SELECT {column} AS value, max(newest) AS newest FROM v GROUP BY {column}"
            f" LIMIT {CHOICES_MAX}) g {joined}"
        )
    offers = {}
    for filter, value, name in statement.rows(f"WITH v AS ({visible}) " + " UNION ALL ".join(branches)):
        offers.setdefault(filter, []).append((value, name))
    return offers


def _picked(name, chosen, values):
    """The value of the choice that the address means: people and places may be written by name."""
    for value, label in values:
        is_name = name in ("actor", "team", "connection") and label.lower() == chosen.lower()
        if chosen and (value == chosen or is_name):
            return value
    return None


def _label(name, value, called):
    if name == "kind":
        return kind_label(value) if value else _("none")
    if name == "verb":
        return verb_label(value)
    if name == "outcome":
        return str(BADGES[value][2]) if value in BADGES else value
    if not value:
        return {"actor": _("nobody signed in"), "team": _("no team")}.get(name, _("none"))
    return called or value
