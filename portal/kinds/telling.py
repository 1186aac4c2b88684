"""JSON of an object told in words: as sentences or as a table. The raw JSON stays beside it on the page.

A function in Kind.shown takes a value, secrets masked, and returns a Table or a list of Lines; None if the
value has another form than the documented one, so that the page shows the JSON alone. Texts in it are as the
platform wrote them: the template isolates them.
"""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Line:
    """A sentence: words of the portal, then values of the platform. `odd` is what nobody here understands."""

    text: str
    values: tuple = ()
    odd: tuple = ()


@dataclass(frozen=True)
class Table:
    """`rows` are tuples with a value for each of `heads`: texts, or any JSON."""

    heads: tuple
    rows: tuple

    @property
    def cells(self):
        """[(head, value) of each row], for a screen on which heads stand beside their values."""
        return [list(zip(self.heads, row, strict=True)) for row in self.rows]


def told_pairs(value):
    """Tags, attributes and other maps."""
    if not isinstance(value, dict):
        return None
    return Table((_("Name"), _("Value")), tuple(value.items()))
