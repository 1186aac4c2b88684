"""Tags that every page uses: icons, form fields, times, badges, empty states; the filters of guests.py."""

import json
import re
from datetime import UTC
from pathlib import Path

from django import template
from django.contrib.staticfiles import finders
from django.core.serializers.json import DjangoJSONEncoder
from django.forms import CheckboxInput, CheckboxSelectMultiple, RadioSelect, Select, Textarea
from django.forms.widgets import Input
from django.template.defaulttags import CsrfTokenNode
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.bounds import LINE_MAX
from portal.web import guests
from portal.web.kept import MARK
from portal.web.zones import zone_of

register = template.Library()
for each in guests.FILTERS:
    register.filter(each)

SPRITE = "vendor/tabler-icons-3.51.0/sprite.svg"
LONE_AMPERSAND = re.compile("&amp;(?![A-Za-z0-9#])")
THEMES = ("light", "dark", "auto")

# State or outcome -> (colour, icon, word). Colour alone never carries the meaning.
STATES = {
    "intent": ("blue", "clock", gettext_lazy("about to be sent")),
    "sending": ("blue", "send", gettext_lazy("being sent")),
    "done": ("green", "check", gettext_lazy("done")),
    "partly": ("orange", "circle-dot", gettext_lazy("partly done")),
    "rejected": ("red", "x", gettext_lazy("rejected")),
    "not_sent": ("orange", "send-off", gettext_lazy("not sent")),
    "in_doubt": ("yellow", "question-mark", gettext_lazy("in doubt")),
    "found": ("green", "checks", gettext_lazy("found")),
    "absent": ("secondary", "circle-off", gettext_lazy("absent")),
    "needs_human": ("purple", "user-exclamation", gettext_lazy("needs a human")),
    "cancelled": ("secondary", "ban", gettext_lazy("cancelled")),
    "denied": ("red", "lock", gettext_lazy("denied")),
    "noted": ("secondary", "notes", gettext_lazy("noted")),
    "running": ("blue", "player-play", gettext_lazy("running")),
    "incomplete": ("orange", "circle-dot", gettext_lazy("incomplete")),
    "stopped": ("secondary", "ban", gettext_lazy("stopped")),
    "waiting": ("secondary", "clock", gettext_lazy("waiting")),
    "left_out": ("secondary", "circle-off", gettext_lazy("never began")),
    "refused_here": ("red", "x", gettext_lazy("not requested")),
    "asked": ("blue", "clock", gettext_lazy("asked")),
    "again": ("blue", "refresh", gettext_lazy("asked again")),
}
# Statuses that platforms report, in lower case: a platform's "Sending" is not the portal's.
STATUSES = {
    "tobesynchronized": ("yellow", "clock", gettext_lazy("to be synchronized")),
    "synchronizing": ("blue", "refresh", gettext_lazy("synchronizing")),
    "synchronized": ("green", "check", gettext_lazy("synchronized")),
    "online": ("green", "wifi", gettext_lazy("online")),
    "offline": ("secondary", "wifi-off", gettext_lazy("offline")),
    "active": ("green", "check", gettext_lazy("active")),
    "inactive": ("secondary", "circle-dashed", gettext_lazy("inactive")),
    "abnormal": ("orange", "alert-triangle", gettext_lazy("abnormal")),
    "frozen": ("red", "lock", gettext_lazy("frozen")),
    "enabled": ("green", "check", gettext_lazy("enabled")),
    "disabled": ("secondary", "ban", gettext_lazy("disabled")),
    "allow": ("green", "check", gettext_lazy("allow")),
    "deny": ("red", "ban", gettext_lazy("deny")),
}
HEALTH = {
    "ok": ("green", "check", gettext_lazy("ok")),
    "failed": ("red", "x", gettext_lazy("failed")),
    "stale": ("orange", "clock-exclamation", gettext_lazy("stale")),
    "paused": ("orange", "clock-pause", gettext_lazy("paused")),
    "unknown": ("secondary", "question-mark", gettext_lazy("unknown")),
}
BADGES = {**STATES, **STATUSES, **HEALTH}


@register.simple_tag
def icon(name, extra=""):
    """A decorative icon of the sprite; the text beside it, or the label of its button, says what it means."""
    return format_html(
        '<svg class="icon{}" aria-hidden="true"><use href="{}#{}"/></svg>',
        f" {extra}" * bool(extra),
        static(SPRITE),
        name,
    )


@register.filter
def as_json(value):
    """The JSON text of a value, for an attribute that a script reads."""
    return json.dumps(value, cls=DjangoJSONEncoder)


@register.simple_tag(takes_context=True)
def theme_choice(context):
    """light, dark or auto, from the cookie; auto where there is no request, as on the 500 page."""
    request = context.get("request")
    chosen = request.COOKIES.get("theme") if request else None
    return chosen if chosen in THEMES else "auto"


@register.simple_tag(takes_context=True)
def csrf_token(context):
    """Django's CSRF field, and the field that says for whom the form was made (portal/web/kept.py)."""
    person = getattr(context.get("request"), "made_for", "")
    made_for = format_html('<input type="hidden" name="{}" value="{}">', MARK, person) if person else ""
    return format_html("{}{}", CsrfTokenNode().render(context), made_for)


@register.simple_tag(takes_context=True)
def when(context, value, zone=None):
    """An aware datetime as `2026-11-20 20:36:05 UTC`; a dash for None.

    In the zone of the person who looks at it, or in `zone` (a ZoneInfo); where that is not UTC, with its
    distance from UTC. The title tells UTC.
    """
    if value is None:
        return format_html('<span class="text-secondary">{}</span>', "–")
    zone = zone or zone_of(getattr(context.get("request"), "user", None))
    iso = value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    moment = value.astimezone(zone or UTC)
    apart = moment.strftime("%z") if moment.utcoffset() else "UTC"
    apart = apart if apart == "UTC" else f"{apart[:3]}:{apart[3:5]}"
    return format_html(
        '<time datetime="{}" title="{}">{} {}</time>', iso, iso, moment.strftime("%Y-%m-%d %H:%M:%S"), apart
    )


@register.simple_tag
def badge(value, label="", tone=""):
    """A state of the portal's or an outcome as a badge; an unknown word is shown as it is."""
    return _badge(BADGES.get(str(value).lower()), value, label, tone)


@register.simple_tag
def status(value):
    """A platform's status as a badge; what the portal does not know is shown as the platform wrote it."""
    return _badge(STATUSES.get(str(value).lower()), value)


def _badge(known, value, label="", tone=""):
    colour, name, word = known or ("secondary", "point", guests.guest(str(value)))
    return format_html(
        '<span class="badge state-badge{} bg-{}-lt">{}{}</span>',
        "" if known or label else " badge-as-written",
        tone or colour,
        icon(name),
        label or word or "–",
    )


@register.inclusion_tag("web/_empty.html")
def empty(icon, title, text="", url="", label=""):
    """Shown instead of an empty list; `url` and `label` make a button, usually to create the first row."""
    return {"icon": icon, "title": title, "text": text, "url": url, "label": label}


@register.simple_tag(takes_context=True)
def field(context, bound, above=""):
    """One form field with its label, control, rule, source, counter and errors.

    Uses the form field's attributes `rule`, `source` (title, updated), `problem` and `kept` if it has them.
    `above` is a template to draw between label and control; it gets `bound` and the page's context.
    """
    if bound.is_hidden:
        return control(bound, None)
    form_field, widget = bound.field, bound.field.widget
    ids = {part: f"{bound.auto_id}_{part}" for part in ("error", "kept", "rule", "help", "count")}
    rule, limit, kept = getattr(form_field, "rule", ""), _limit(widget), getattr(form_field, "kept", ())
    described = [
        (bound.errors, ids["error"]),
        (kept, ids["kept"]),
        (rule or getattr(form_field, "source", None), ids["rule"]),
        (bound.help_text, ids["help"]),
        (limit, ids["count"]),
    ]
    described_by = " ".join(id for shown, id in described if shown)
    kind = _kind(widget)
    value = bound.value()
    content = {
        "bound": bound,
        "kind": kind,
        "ids": ids,
        "control": "" if kind == "group" else control(bound, _attributes(bound, kind, described_by)),
        "options": _options(bound) if kind == "group" else [],
        "described_by": described_by,
        "rule": _(str(rule)) if rule else "",
        "source": getattr(form_field, "source", None),
        "problem": getattr(form_field, "problem", None),
        "kept": kept,
        "limit": limit,
        "count": len(str(value)) if value not in (None, "") else 0,
        "above": above,
    }
    return render_to_string("web/_field.html", {**context.flatten(), **content})


def control(bound, attributes):
    """The input of a field with its value. A line that a person typed is cut where no rule allows so much.

    A text area is whole, and so is what the platform showed: a form of it must come back as it was drawn.
    Inside a text area only < and & have to be escaped: 97 KB of quotes would be 580 KB.
    """
    form_field = bound.field
    if isinstance(form_field.widget, Input) and bound.form.is_bound and not _is_untouched(bound):
        prepared = form_field.prepare_value
        form_field.prepare_value = lambda value: _cut(prepared(value))
    html = bound.as_widget(attrs=attributes)
    if not isinstance(form_field.widget, Textarea):
        return html
    tag, _bracket, text = html.partition(">")
    for entity, character in (("&quot;", '"'), ("&#x27;", "'"), ("&gt;", ">")):
        text = text.replace(entity, character)
    return mark_safe(f"{tag}>{LONE_AMPERSAND.sub('&', text)}")  # noqa: S308 - a widget's HTML


def _is_untouched(bound):
    judge = getattr(bound.field, "is_untouched", None)
    return bool(judge) and judge(bound.value())


def _cut(value):
    return value[: LINE_MAX + 1] if isinstance(value, str) else value


def _kind(widget):
    if isinstance(widget, RadioSelect | CheckboxSelectMultiple):
        return "group"
    return "check" if isinstance(widget, CheckboxInput) else "plain"


def _limit(widget):
    """The limit that the counter shows; "" for fields without a counter: choices, addresses, passwords."""
    if isinstance(widget, Select):
        return ""
    counts = getattr(widget, "input_type", "text") == "text"
    return widget.attrs.get("data-counter") or (counts and widget.attrs.get("maxlength")) or ""


def _attributes(bound, kind, described_by):
    widget = bound.field.widget
    look = (
        "form-check-input"
        if kind == "check"
        else "form-select"
        if isinstance(widget, Select)
        else "form-control"
    )
    classes = [look, widget.attrs.get("class", ""), "is-invalid" if bound.errors else ""]
    attributes = {"class": " ".join(filter(None, classes))}
    if described_by:
        attributes["aria-describedby"] = described_by
    if bound.field.required and not bound.field.disabled:
        attributes["aria-required"] = "true"
    if _limit(widget):
        attributes["data-counter"] = _limit(widget)
    return attributes


def _options(bound):
    look = "form-check-input is-invalid" if bound.errors else "form-check-input"
    for option in bound.subwidgets:
        option.data["attrs"]["class"] = look
        yield option


def sprite_names():
    """Names of all icons in the sprite."""
    text = Path(finders.find(SPRITE)).read_text()
    return {part.split('"', 1)[0] for part in text.split('<symbol id="')[1:]}
