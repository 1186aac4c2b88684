"""Tags that every page uses: icons, form fields, times, state badges, empty states, JSON."""

import json
from datetime import UTC
from pathlib import Path

from django import template
from django.contrib.staticfiles import finders
from django.forms import CheckboxInput, CheckboxSelectMultiple, RadioSelect, Select
from django.template.defaulttags import CsrfTokenNode
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.web.kept import MARK

register = template.Library()

SPRITE = "vendor/tabler-icons-3.51.0/sprite.svg"
THEMES = ("light", "dark", "auto")

# State or outcome -> (colour, icon, word). The word and the icon say it too: never colour alone.
BADGES = {
    "intent": ("blue", "clock", gettext_lazy("about to be sent")),
    "sending": ("blue", "send", gettext_lazy("being sent")),
    "done": ("green", "check", gettext_lazy("done")),
    "rejected": ("red", "x", gettext_lazy("rejected")),
    "not_sent": ("orange", "send-off", gettext_lazy("not sent")),
    "in_doubt": ("yellow", "question-mark", gettext_lazy("in doubt")),
    "found": ("green", "checks", gettext_lazy("found")),
    "absent": ("secondary", "circle-off", gettext_lazy("absent")),
    "needs_human": ("purple", "user-exclamation", gettext_lazy("needs a human")),
    "cancelled": ("secondary", "ban", gettext_lazy("cancelled")),
    "denied": ("red", "lock", gettext_lazy("denied")),
    "noted": ("secondary", "notes", gettext_lazy("noted")),
    # words of the platforms, in lower case
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
    # health
    "ok": ("green", "check", gettext_lazy("ok")),
    "failed": ("red", "x", gettext_lazy("failed")),
    "stale": ("orange", "clock-exclamation", gettext_lazy("stale")),
    "paused": ("orange", "clock-pause", gettext_lazy("paused")),
    "unknown": ("secondary", "question-mark", gettext_lazy("unknown")),
}


@register.simple_tag
def icon(name, extra=""):
    """An icon of the sprite, for decoration: the word beside it (or the button's label) names it."""
    return format_html(
        '<svg class="icon{}" aria-hidden="true"><use href="{}#{}"/></svg>',
        f" {extra}" * bool(extra),
        static(SPRITE),
        name,
    )


@register.simple_tag(takes_context=True)
def theme_choice(context):
    """light, dark or auto, from the cookie; auto when there is no request (the 500 page)."""
    request = context.get("request")
    chosen = request.COOKIES.get("theme") if request else None
    return chosen if chosen in THEMES else "auto"


@register.simple_tag(takes_context=True)
def csrf_token(context):
    """Django's own, in every form; beside it for whom the form was made (portal/web/kept.py)."""
    person = getattr(context.get("request"), "made_for", "")
    made_for = format_html('<input type="hidden" name="{}" value="{}">', MARK, person) if person else ""
    return format_html("{}{}", CsrfTokenNode().render(context), made_for)


@register.simple_tag
def when(value):
    """An aware datetime as `2026-11-20 20:36:05 UTC`; a dash for None."""
    if value is None:
        return format_html('<span class="text-secondary">{}</span>', "–")
    moment = value.astimezone(UTC)
    iso = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    return format_html(
        '<time datetime="{}" title="{}">{} UTC</time>', iso, iso, moment.strftime("%Y-%m-%d %H:%M:%S")
    )


@register.simple_tag
def badge(value, label="", tone=""):
    """A state, an outcome or a platform's status as a badge; unknown words stay as they are."""
    colour, name, word = BADGES.get(str(value).lower(), ("secondary", "point", str(value)))
    return format_html(
        '<span class="badge state-badge bg-{}-lt">{}{}</span>',
        tone or colour,
        icon(name),
        label or word or "–",
    )


@register.inclusion_tag("web/_empty.html")
def empty(icon, title, text="", url="", label=""):
    """What stands where rows would be; with `url` and `label` also the way to the first one."""
    return {"icon": icon, "title": title, "text": text, "url": url, "label": label}


@register.filter
def json_pretty(value):
    """JSON for people: indented, integers exact, letters as they are. Text that is no JSON stays as it is."""
    if isinstance(value, str):
        try:
            value = json.loads(value, parse_float=_Literal)
        except (ValueError, RecursionError):
            return value
    try:
        return _unquoted(json.dumps(value, ensure_ascii=False, indent=2, default=str))
    except RecursionError:
        return str(value)


class _Literal(str):
    """A number with a fraction, kept as it was written: 1.10 must not become 1.1."""

    def __new__(cls, text):
        return super().__new__(cls, f"\ue000{text}\ue001")


def _unquoted(text):
    return text.replace('"\ue000', "").replace('\ue001"', "")


@register.simple_tag(takes_context=True)
def field(context, bound, above=""):
    """One form field with its label, control, rule, source, counter and errors.

    Reads `rule`, `source` (title, updated) and `problem` of the form field when it has them. `above` is a
    template drawn between label and control, with `bound` and the page's context.
    """
    if bound.is_hidden:
        return bound.as_widget()
    form_field, widget = bound.field, bound.field.widget
    ids = {part: f"{bound.auto_id}_{part}" for part in ("error", "rule", "help", "count")}
    rule, limit = getattr(form_field, "rule", ""), _limit(widget)
    described = [
        (bound.errors, ids["error"]),
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
        "control": "" if kind == "group" else bound.as_widget(attrs=_attributes(bound, kind, described_by)),
        "options": _options(bound) if kind == "group" else [],
        "described_by": described_by,
        "rule": _(str(rule)) if rule else "",
        "source": getattr(form_field, "source", None),
        "problem": getattr(form_field, "problem", None),
        "limit": limit,
        "count": len(str(value)) if value not in (None, "") else 0,
        "above": above,
    }
    return render_to_string("web/_field.html", {**context.flatten(), **content})


def _kind(widget):
    if isinstance(widget, RadioSelect | CheckboxSelectMultiple):
        return "group"
    return "check" if isinstance(widget, CheckboxInput) else "plain"


def _limit(widget):
    """How many characters to count up to; nobody counts those of a choice, an address or a password."""
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
    """Names of the icons that exist, for tests and for whoever adds one."""
    text = Path(finders.find(SPRITE)).read_text()
    return {part.split('"', 1)[0] for part in text.split('<symbol id="')[1:]}
