"""Template tags of the generic pages: list cells, values of a detail page, JSON fields with their editor."""

import json
import math
import uuid
from datetime import UTC

from django import template
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.translation import gettext as _

from portal.kinds import stamps
from portal.kinds.fields import JsonText, Stamp
from portal.outside import isolated, parts, shortened
from portal.web.guests import guest, json_shown
from portal.web.templatetags.web import control, status
from portal.words import clock

register = template.Library()
EDITOR_MAX = 30_000  # characters of JSON; of more the page shows the JSON alone
IN_LISTS_MAX = 500  # characters of one value
MISSING = format_html('<span class="text-secondary">{}</span>', "–")


@register.filter
def brief(value):
    """For lists: platforms bound no text, and one row must not fill the page. The object's page has all."""
    return shortened(str(value), IN_LISTS_MAX)


@register.filter
def counted(number):
    """A number as people read it: 1,234."""
    return number_format(number, force_grouping=True)


@register.simple_tag
def ago(moment):
    """How long ago, with the exact time as a title; static/js/portal.js keeps it up to date."""
    seconds = max(0, int((timezone.now() - moment).total_seconds()))
    spans = [_("# s ago"), _("# min ago"), _("# h ago"), _("# d ago")]
    number = next(index for index, most in enumerate((60, 3600, 86400, math.inf)) if seconds < most)
    return format_html(
        '<time datetime="{}" title="{}" data-ago="{}">{}</time>',
        moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        clock(moment),
        "|".join(spans),
        spans[number].replace("#", str(seconds // (1, 60, 3600, 86400)[number])),
    )


@register.simple_tag
def cell(kind, row, column, names):
    """One value of a list: what it refers to (names.Names) or means, else formatted by its column's style."""
    value = getattr(row, column.name)
    if words := kind.meaning(column.name, value):
        return words
    if refers := names.of(row, column.name):
        return reference(refers)
    if column.style == "stamp":
        return _stamp(value, row._meta.get_field(column.name))
    value = brief(value) if isinstance(value, str) else value
    return STYLES[column.style](value)


def reference(refers):
    """What a value refers to (names.Reference): its name leads to its page, its id is one press away."""
    id = format_html("<code>{}</code>", guest(brief(refers.id)))
    if not refers.name:
        return format_html('<a href="{}">{}</a>', refers.address, id) if refers.address else id
    name = guest(brief(refers.name))
    name = format_html('<a href="{}">{}</a>', refers.address, name) if refers.address else name
    note = _("no longer exists") if refers.is_gone else ""
    return format_html(
        '<div class="refers">{}{} <details><summary>{}<span class="visually-hidden">: {}</span></summary>{}'
        "</details></div>",
        _("itself") if refers.is_itself else name,
        format_html(' <span class="text-secondary">({})</span>', note) if note else "",
        _("id"),
        guest(brief(refers.name)),
        id,
    )


def _text(value):
    return guest(value) if value not in (None, "") else MISSING


def _code(value):
    return format_html("<code>{}</code>", guest(value)) if value else MISSING


def _flag(value):
    return _("yes") if value else _("no")


def _stamp(value, field):
    """A time in a readable form, with what the platform wrote beside it as a title."""
    if not value:
        return MISSING
    text = stamps.shown(value, field.in_milliseconds)
    if text == value:
        return guest(text)
    return format_html('<span title="{}">{}</span>', isolated(value), guest(text))


def _status(value):
    return status(value) if value else MISSING


STYLES = {"text": _text, "code": _code, "flag": _flag, "status": _status}


@register.simple_tag
def fact(value, field):
    """One value of a detail page, formatted by the type of its model field."""
    if isinstance(field, JsonText) and not isinstance(value, str):
        shown = format_html('<pre class="wire" tabindex="0">{}</pre>', json_shown(value))
        return shown if value else MISSING
    if isinstance(value, bool):
        return _flag(value)
    if field.name == "status":
        return _status(value)
    if isinstance(field, Stamp):
        return _stamp(value, field)
    return _code(value) if field.name.endswith(("_id", "_key")) else _text(value)


@register.simple_tag
def shown_fact(fact_):
    """One facts.Fact of a detail page."""
    if fact_.words:
        return fact_.words
    return reference(fact_.refers) if fact_.refers else fact(fact_.value, fact_.field)


@register.filter
def told(value):
    """A value inside a sentence or a table: a text as a guest, anything else as JSON."""
    if isinstance(value, str):
        return _text(value)
    return MISSING if value is None else format_html("<code>{}</code>", json_shown(value))


@register.filter
def is_unseen(value):
    """Whether the text holds characters that pages show as marks: then it is offered for copying."""
    return isinstance(value, str) and any(mark for _piece, mark in parts(value))


@register.simple_tag
def fresh_key():
    """A new operation key for a button on the page."""
    return str(uuid.uuid4())


@register.inclusion_tag("resources/_json_field.html", takes_context=True)
def json_field(context, bound):
    """A JsonField: its editor, and the JSON beside it."""
    form, editor = context["form"], bound.field.editor
    attributes = {"class": "form-control font-monospace" + (" is-invalid" if bound.errors else "")}
    if bound.errors:
        attributes |= {"aria-invalid": "true", "aria-describedby": f"{bound.auto_id}_error"}
    sides = form.sides(bound.name)
    is_large = max(len(text or "") for text in (bound.value(), sides.was)) > EDITOR_MAX
    rows = None if is_large or sides.rows is None else editor.redrawn(sides.rows, sides.drawn)
    for number, row in enumerate(rows or []):
        row.names = {part: f"{bound.name}-{editor.input_of(number, row, part)}" for part in row.texts}
    return {
        "form": form,
        "bound": bound,
        "editor": editor,
        "sides": sides,
        "is_large": is_large,
        "rows": rows,
        "extra": [] if rows is None else editor.extra(sides.drawn),
        "json_is_broken": sides.is_broken,
        "control": control(bound, attributes),
        "drawn": json.dumps(sides.drawn),
    }
