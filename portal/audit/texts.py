"""Entries that hold a text: looked up by pieces of three characters, in the index of either database."""

from dataclasses import dataclass

from portal.audit.statements import sees_all
from portal.record import searching
from portal.record.models import Entry

PIECES = 12  # that are looked up of a long text; the text of the entry decides
LIKE = str.maketrans({"\\": "\\\\", "%": "\\%", "_": "\\_"})


@dataclass(frozen=True)
class Text:
    """A text in the fields of an entry or in its body, as record/searching.py writes both.

    `window`: PostgreSQL's index knows no order. So among the newest entries a text is looked for without it,
    because frequent texts are found there at once.
    """

    value: str
    user: object
    window = 3_000

    @classmethod
    def of(cls, value, filters):
        return cls(searching.written(value), filters.user)

    def seqs(self, statement, narrow):
        visible = statement.visible(self.user, Entry, "seq")
        if not statement.is_sqlite:
            readable = "" if sees_all(self.user, Entry) else f" JOIN ({visible}) e ON e.seq = texts.seq"
            texts = f"SELECT seq FROM record_body WHERE {self._has(statement, 'record_body')}{narrow('seq')}"
            return f"WITH texts AS MATERIALIZED ({texts}) SELECT texts.seq FROM texts{readable}"
        # What may be read is looked up first: it is quicker than to read a text.
        readable = "" if sees_all(self.user, Entry) else f" CROSS JOIN ({visible}) e ON e.seq = f.rowid"
        return (
            f"SELECT f.rowid AS seq FROM record_search f{readable}"
            f" CROSS JOIN record_body b ON b.seq = f.rowid WHERE f.record_search MATCH"
            f" {statement.value(self._pieces)} AND {self._has(statement, 'b')}{narrow('f.rowid')}"
        )

    def holds(self, statement, entry):
        has = self._has(statement, "b")
        return f"EXISTS (SELECT 1 FROM record_body b WHERE b.seq = {entry}.seq AND {has})"

    def _has(self, statement, body):
        if statement.is_sqlite:
            return f"instr({body}.search, {statement.value(self.value)}) > 0"
        return f"{body}.search LIKE {statement.value(f'%{self.value.translate(LIKE)}%')}"

    @property
    def _pieces(self):
        """What SQLite's index is asked for: the last three characters, and those beside each other before."""
        length = searching.SHORTEST
        starts = [len(self.value) - length, *range(0, len(self.value) - length + 1, length)]
        pieces = list(dict.fromkeys(self.value[start : start + length] for start in starts))[:PIECES]
        return " AND ".join('"{}"'.format(piece.replace('"', '""')) for piece in pieces)
