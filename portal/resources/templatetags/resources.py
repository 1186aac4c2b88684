"""Tags of the generic pages: cells by column style, facts by field, JSON fields with their editor."""

import uuid
from datetime import UTC, datetime

from django import template
from django.utils.html import format_html
from django.utils.translation import gettext as _

from portal.kinds.fields import JsonText
from portal.web.templatetags.web import badge, json_pretty

register = template.Library()
MISSING = format_html('<span class="text-secondary">{}</span>', "–")


@register.simple_tag
def cell(row, column):
    """One value of a list, drawn by its column's style."""
    return STYLES[column.style](getattr(row, column.name))


def _text(value):
    return value if value not in (None, "") else MISSING


def _code(value):
    return format_html("<code>{}</code>", value) if value else MISSING


def _flag(value):
    return _("yes") if value else _("no")


def _stamp(value):
    """Huawei's yyyyMMdd'T'HHmmss'Z' made readable; other texts as the platform wrote them."""
    value = str(value or "")
    if len(value) == 16 and value[8] == "T" and value.endswith("Z"):
        day, time = value[:8], value[9:15]
        value = f"{day[:4]}-{day[4:6]}-{day[6:]} {time[:2]}:{time[2:4]}:{time[4:]} UTC"
    return value or MISSING


def _status(value):
    return badge(value) if value else MISSING


STYLES = {"text": _text, "code": _code, "flag": _flag, "stamp": _stamp, "status": _status}


@register.simple_tag
def fact(value, field):
    """One value of a detail page, drawn by the type of its model field."""
    if isinstance(field, JsonText):
        return (
            format_html('<pre class="wire" tabindex="0">{}</pre>', json_pretty(value)) if value else MISSING
        )
    if isinstance(value, bool):
        return _flag(value)
    if field.name == "status":
        return _status(value)
    if field.name.endswith("_time") and isinstance(value, int):
        return _milliseconds(value)
    if field.name.endswith("_time"):
        return _stamp(value)
    return _code(value) if field.name.endswith(("_id", "_key")) else _text(value)


def _milliseconds(value):
    try:
        return datetime.fromtimestamp(value / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return str(value)  # no date that a calendar knows


@register.simple_tag
def fresh_key():
    """An operation key for a button that is drawn with the page."""
    return str(uuid.uuid4())


@register.inclusion_tag("resources/_json_field.html", takes_context=True)
def json_field(context, bound):
    """A JsonField: its editor and the JSON beside it."""
    form, editor = context["form"], bound.field.editor
    attributes = {"class": "form-control font-monospace" + (" is-invalid" if bound.errors else "")}
    if bound.errors:
        attributes |= {"aria-invalid": "true", "aria-describedby": f"{bound.auto_id}_error"}
    value, was = form.sides(bound.name)
    return {
        "form": form,
        "bound": bound,
        "editor": editor,
        "rows": editor.rows(value),
        "control": bound.as_widget(attrs=attributes),
        "was": was,
    }
