"""What the selects of the filters offer: what occurs in the record, by name, with the number of its rows."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.audit.survey import NOBODY
from portal.kinds.saying import kind_label, verb_label
from portal.outside import folded
from portal.web.templatetags.web import BADGES

LABELS = {
    "actor": (gettext_lazy("Who"), gettext_lazy("Anybody")),
    "verb": (gettext_lazy("Action"), gettext_lazy("Any action")),
    "kind": (gettext_lazy("Kind"), gettext_lazy("Any kind")),
    "connection": (gettext_lazy("Connection"), gettext_lazy("Any connection")),
    "outcome": (gettext_lazy("Outcome"), gettext_lazy("Any outcome")),
    "team": (gettext_lazy("Team"), gettext_lazy("Any team")),
}


@dataclass(frozen=True)
class Select:
    """`choices` are (value, label, number of rows or None, whether it is chosen)."""

    name: str
    label: str
    all: str
    choices: list


def selects(filters):
    """[Select]. One value alone is no choice; what was asked for is offered even if nothing has it."""
    found = []
    for name, (label, everything) in LABELS.items():
        chosen, offered = filters.values[name], filters.survey.choices.get(name, [])
        values = [(value or NOBODY, _label(name, value, called), number) for value, called, number in offered]
        picked = _picked(name, chosen, values)
        if chosen and picked is None:
            picked = chosen
            values.append((chosen, chosen, None))
        if name == "team" and len(values) < 2 and not chosen:
            continue
        values.sort(key=lambda choice: folded(choice[1]))
        found.append(Select(name, label, everything, [(*each, each[0] == picked) for each in values]))
    return found


def _picked(name, chosen, values):
    """The value of the choice that the address means: people and places may be written by name."""
    for value, label, _number in values:
        if chosen and (
            value == chosen or (name in ("actor", "team", "connection") and label.lower() == chosen.lower())
        ):
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
