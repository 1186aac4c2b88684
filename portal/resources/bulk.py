"""What can be asked of many rows of a list at once, and what of it can be done. The pages: bulk_page.py."""

from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext_noop as _

from portal.kinds.parts import Takes
from portal.kinds.registry import KINDS, Kind, Verb
from portal.operations.change import Change
from portal.operations.together import STEPS_MAX
from portal.teams.access import explain, in_places
from portal.web import following
from portal.words import Sentence

GONE = Sentence("bulk.gone", _("It no longer exists on the platform."))
TOO_MANY = Sentence(
    "bulk.too_many",
    _(
        "These are %(count)s changes, and at most %(most)s can be requested at once. Nothing was requested:"
        " select fewer."
    ),
)
SEVERAL_CONNECTIONS = Sentence(
    "bulk.several_connections",
    _(
        "What is selected is on several connections. One object takes only what is on its own connection:"
        " select objects of one connection. Nothing was requested."
    ),
)


@dataclass(frozen=True)
class Asked:
    """What is asked of the selected objects of `kind`: `verb`. With `takes` it is a verb of `owner`, one
    object of which takes them; else it acts on each alone."""

    kind: Kind
    owner: Kind
    verb: Verb
    takes: Takes | None = None

    @classmethod
    def all(cls, kind):
        """Everything that can be asked of objects of this kind."""
        alone = [cls(kind, kind, verb) for verb in kind.verbs if verb.is_alone]
        verbs = [(owner, verb) for owner in KINDS.values() for verb in owner.verbs]
        taking = [(*each, takes) for each in verbs for takes in each[1].takes if takes.kind == kind.slug]
        return [*alone, *(cls(kind, *each) for each in taking)]

    @property
    def label(self):
        return self.takes.label if self.takes else self.verb.label

    @property
    def title(self):
        """The label without the dots that say on a button that a question follows."""
        return str(self.label).rstrip("…")

    @property
    def address(self):
        if not self.takes:
            return reverse("resources:bulk", args=[self.kind, self.verb.name])
        owner = self.owner.slug.partition("/")[2]
        return reverse("resources:taking", args=[self.kind, owner, self.verb.name])


def buttons(user, kind, thing):
    """[(Asked, why the person may not or "")] for the list of a kind; rights are asked for `thing`."""
    return [(each, explain(user, each.verb.right, thing)) for each in Asked.all(kind)]


@dataclass(frozen=True)
class Selection:
    """The picked rows, in their order: `rows` can be done. `blocked` are (row, why it cannot).

    `unknown` counts picks that are no rows of these connections (any more), or none that `user` may see.
    """

    asked: Asked
    rows: list
    blocked: list
    unknown: int
    user: object

    @classmethod
    def of(cls, asked, picks, connections, user):
        """`connections` are those that the person sees in the list."""
        ids = {id for id in map(_uuid, picks) if id}
        own = {each.pk: each for each in connections}
        found = asked.kind.model.objects.filter(pk__in=ids, connection__in=own)
        found = in_places(user, found, connections)
        by_id = {row.pk: row for row in found}
        rows, blocked = [], []
        for id in dict.fromkeys(map(_uuid, picks)):
            row = by_id.get(id)
            if row is None:
                continue
            row.connection = own[row.connection_id]
            why = str(GONE()) if row.gone_at else explain(user, asked.verb.right, row)
            if why:
                blocked.append((row, why))
            else:
                rows.append(row)
        return cls(asked, rows, blocked, len(set(picks)) - len(by_id), user)

    @property
    def problem(self):
        """Why nothing of this can be requested, as a Said; None if something can."""
        if self.asked.takes and len({row.connection_id for row in self.found}) > 1:
            return SEVERAL_CONNECTIONS()
        if self.steps > STEPS_MAX:
            return TOO_MANY(count=self.steps, most=STEPS_MAX)
        return None

    @property
    def found(self):
        return [*self.rows, *(row for row, _why in self.blocked)]

    @property
    def connection(self):
        """The one on which all of it is; only where something takes it."""
        return self.found[0].connection

    @property
    def most(self):
        """How many of the objects one change is about."""
        return self.asked.takes.most if self.asked.takes else 1

    @property
    def steps(self):
        return -(-len(self.rows) // self.most)

    @cached_property
    def mark(self):
        """Stands for what the page shows of `rows`: if it differs, the person saw something else."""
        hints = self.asked.kind.hints
        return following.mark(
            self.asked.address,
            [
                (row.pk, row.identity, row.name, hints(row), row.connection_id, row.connection.changed_at)
                for row in self.rows
            ],
        )

    def changes(self, rows, other=None):
        """The Changes that these rows become; `other` is the object that takes them."""
        asked = self.asked
        if not asked.takes:
            return [Change(asked.kind, asked.verb, row.connection, row) for row in rows]
        ids = [row.remote_id for row in rows]
        parts = [ids[at : at + self.most] for at in range(0, len(ids), self.most)]
        return [
            Change(asked.owner, asked.verb, other.connection, other, asked.takes.data(part)) for part in parts
        ]


def _uuid(text):
    try:
        return UUID(text)
    except ValueError:
        return None
