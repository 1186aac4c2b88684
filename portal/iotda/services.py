"""The editor of a product's services."""

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from portal.kinds.comparing import NOTHING
from portal.kinds.telling import Table
from portal.resources.editing import NEW, Editor, Row, kept

PARTS = ("service_id", "service_type")


class ServicesEditor(Editor):
    """Shows each service as a pair of id and type, with an empty pair at the end.

    Properties, commands and all else that a service has stay as they are; the JSON side changes them.
    """

    template = "iotda/_services_editor.html"

    def can_show(self, value):
        return value in NOTHING or isinstance(value, list)

    def rows(self, value):
        return [*map(self._row, value or []), self.new_row()]

    def _row(self, item):
        row = Row(was=item)
        if not isinstance(item, dict):
            row.notes.append(kept(item))
            return row
        row.texts = self.shown(row)
        odd = {name: each for name, each in item.items() if name not in row.texts}
        row.notes += [kept(odd)] if odd else []
        return row

    def shown(self, row):
        """A member that is no text has no input."""
        item = {} if row.was is NEW else row.was
        texts = {part: item.get(part, "") for part in PARTS}
        return {part: text for part, text in texts.items() if isinstance(text, str)}

    def tidy(self, rows):
        return [*(row for row in rows if row.was is not NEW or self.touched(row)), self.new_row()]

    def compose(self, rows, drawn):
        services = []
        for row in rows:
            touched = self.touched(row)
            if touched:
                item = {} if row.was is NEW else row.was
                services.append({**item, **{part: row.texts[part] for part in PARTS if part in touched}})
            elif row.was is not NEW:
                services.append(row.was)
        return services or None

    def place(self, path, rows):
        number, _bracket, rest = path.removeprefix("[").partition("]")
        counted = [row for row in rows if row.was is not NEW or self.touched(row)]
        if not number.isdecimal() or int(number) >= len(counted):
            return None
        row, part = counted[int(number)], rest.removeprefix(".").partition("[")[0]
        words = _now("Service %(number)s") % {"number": rows.index(row) + 1}
        if part == "service_id":
            words = _now("%(service)s, id") % {"service": words}
        elif part == "service_type":
            words = _now("%(service)s, type") % {"service": words}
        return words, row, part


def told_services(value):
    """A row for each service, with the names of its properties and commands."""
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        return None
    heads = _("Service"), _("Type"), _("Description"), _("Properties"), _("Commands")
    return Table(heads, tuple(_told(item) for item in value))


def _told(item):
    texts = (item.get(name) for name in (*PARTS, "description"))
    return *texts, _names(item, "properties", "property_name"), _names(item, "commands", "command_name")


def _names(item, name, member):
    """The names of a service's properties or commands, as one text; what has another form as it is."""
    value = item.get(name)
    if not isinstance(value, list) or not all(
        isinstance(each, dict) and isinstance(each.get(member), str) for each in value
    ):
        return value
    return ", ".join(each[member] for each in value)
