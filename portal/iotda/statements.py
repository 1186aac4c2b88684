"""The editor of a policy's statements."""

import json

from django.utils.translation import gettext as _now

from portal.kinds.comparing import NOTHING
from portal.platforms.iotda.contract import policies as contract
from portal.resources.editing import NEW, Editor, Row, kept

BLANK = {"effect": "ALLOW", "actions": [], "resources": []}
KEPT = "kept"  # what a list posts for an effect that is none of its choices


class StatementEditor(Editor):
    """Shows each statement as a block: effect, two actions, and resources, one per line.

    An effect that no document knows, or a missing one, stays while its statement does; a statement that is
    changed needs one of the two. Unknown actions have a box of their own. A resource that is no line of text
    stays in its place.
    """

    template = "iotda/_statement_editor.html"
    asked = {"asked": "1"}
    effects = contract.EFFECTS
    variables = contract.VARIABLES

    def can_show(self, value):
        return value in NOTHING or isinstance(value, list)

    def rows(self, value):
        return self.tidy([self._row(item) for item in value or []])

    def tidy(self, rows):
        return rows or [self.new_row()]

    def _row(self, item):
        row = Row(was=item)
        if not isinstance(item, dict):
            row.notes.append(kept(item))
            return row
        row.texts = self.shown(row)
        if row.texts["effect"] == KEPT:
            row.other = kept(item["effect"]) if "effect" in item else _now("No effect")
        odd = {key: each for key, each in item.items() if key not in BLANK}
        if lines := [each for each in _list(item, "resources") if not _is_line(each)]:
            odd["resources"] = lines
        row.notes += [kept(odd)] if odd else []
        row.notes += [
            _now("No list, so it is replaced if you choose here: %(value)s")
            % {"value": json.dumps({key: item[key]}, ensure_ascii=False)}
            for key in ("actions", "resources")
            if not isinstance(item.get(key, []), list)
        ]
        return row

    def shown(self, row):
        item = BLANK if row.was is NEW else row.was
        return {
            "effect": item.get("effect") if item.get("effect") in contract.EFFECTS else KEPT,
            "actions": _marks(item),
            "resources": "\n".join(filter(_is_line, _list(item, "resources"))),
            **({"asked": ""} if row.was is NEW else {}),
        }

    def redrawn(self, rows, drawn):
        for row in rows:
            row.choices = self._choices(row) if row.texts else []
        return rows

    def _choices(self, row):
        """[(mark, text, is it ticked, is it known)] of the actions that a row can have."""
        known = [(each, each, True) for each in contract.ACTIONS]
        item = row.was if isinstance(row.was, dict) else BLANK
        odd = [
            (mark, json.dumps(each, ensure_ascii=False), False)
            for mark, each in zip(_marks(item), _list(item, "actions"), strict=True)
            if mark not in contract.ACTIONS
        ]
        ticked = row.texts["actions"]
        return [(mark, text, mark in ticked, is_known) for mark, text, is_known in (*known, *odd)]

    def compose(self, rows, drawn):
        """The statements. Of a changed one the members that the editor does not know stay."""
        statements = []
        for row in rows:
            touched = self.touched(row)
            if row.was is NEW and not touched:
                continue
            item = dict(BLANK) if row.was is NEW else row.was
            if touched:
                item = {**item, **{part: self._member(row, item, part) for part in touched if part in BLANK}}
            statements.append(item)
        return statements or None

    def _member(self, row, item, part):
        if part == "effect":
            return row.texts["effect"]
        if part == "resources":
            lines = [line for line in row.texts["resources"].split("\n") if line]
            for number, each in enumerate(_list(item, "resources")):
                if not _is_line(each):
                    lines.insert(number, each)
            return lines
        ticked, marks = row.texts["actions"], _marks(item)
        stay = [each for mark, each in zip(marks, _list(item, "actions"), strict=True) if mark in ticked]
        return [*stay, *(each for each in contract.ACTIONS if each in ticked and each not in marks)]

    def touched(self, row):
        touched = super().touched(row)
        # One box stands for an action that is there twice, and boxes are posted in their own order.
        if "actions" in touched and set(row.texts["actions"]) == set(self.shown(row)["actions"]):
            touched.remove("actions")
        return touched

    def place(self, path, rows):
        number, _bracket, rest = path.removeprefix("[").partition("]")
        counted = [row for row in rows if row.was is not NEW or self.touched(row)]
        if not number.isdecimal() or int(number) >= len(counted):
            return None
        row, part = counted[int(number)], rest.removeprefix(".").partition("[")[0]
        words = _now("Statement %(number)s") % {"number": rows.index(row) + 1}
        if part == "effect":
            words = _now("%(statement)s, effect") % {"statement": words}
        elif part == "actions":
            words = _now("%(statement)s, actions") % {"statement": words}
        elif part == "resources":
            words = _now("%(statement)s, resources") % {"statement": words}
            line = rest.partition("[")[2].removesuffix("]")
            if line.isdecimal():
                words = _now("%(statement)s, resource %(line)s") % {
                    "statement": _now("Statement %(number)s") % {"number": rows.index(row) + 1},
                    "line": int(line) + 1,
                }
        return words, row, part


def _list(item, name):
    return item.get(name) if isinstance(item.get(name), list) else []


def _is_line(value):
    """Whether a resource can stand in the text area, one per line."""
    return isinstance(value, str) and value != "" and not set("\r\n") & set(value)


def _marks(item):
    """What the boxes of a statement's actions post: a known action itself, else its number."""
    return [
        each if each in contract.ACTIONS else f"kept-{number}"
        for number, each in enumerate(_list(item, "actions"))
    ]


def denies(values):
    """Whether a statement denies, or has an effect that nobody knows; None where they are not shown."""
    statements = values.get("statement")
    if not isinstance(statements, list):
        return None
    return any(not isinstance(each, dict) or each.get("effect") != "ALLOW" for each in statements)
