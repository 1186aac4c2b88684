"""Rules for every template: no inline code or style, htmx only on what works without it, icons that exist."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from portal.web.templatetags.web import sprite_names

pytestmark = pytest.mark.anywhere

ROOT = Path(__file__).resolve().parents[2]
# A file of an export, read without the portal: no other file can hold its style.
ALONE = {ROOT / "templates/audit/summary.html"}
FILES = {path for place in ("templates", "portal") for path in (ROOT / place).rglob("*.html")}
TEMPLATES = sorted(FILES - ALONE)
VERBS = ("hx-post", "hx-put", "hx-patch", "hx-delete")


class Elements(HTMLParser):
    """Start tags as (name, attributes, enclosing form's attributes or None)."""

    def __init__(self, text):
        super().__init__()
        self.found, self.form = [], None
        # Template tags may hold quotes and angle brackets; conditions inside a tag leave its attributes.
        self.feed(re.sub(r"{%.*?%}|{{.*?}}|{#.*?#}", "x", text, flags=re.DOTALL))

    def handle_starttag(self, tag, attrs):
        if tag == "form":
            self.form = dict(attrs)
        self.found.append((tag, dict(attrs), self.form))

    def handle_endtag(self, tag):
        if tag == "form":
            self.form = None


# Whoever includes a fragment (_name.html) may do so inside a form; hx-post="" then means that form's address.
SOMEBODYS_FORM = {"method": "post", "action": ""}


def faults(text, is_fragment=False):
    for tag, attrs, form in Elements(text).found:
        for name, value in attrs.items():
            if name == "style" or name == "hx-on" or name.startswith(("hx-on:", "hx-on-", "on")):
                yield f"<{tag} {name}>: inline code or style"
            if value and value.strip().lower().startswith(("javascript:", "js:")):
                yield f"<{tag} {name}={value}>: code in an attribute"
            if name in ("hx-vals", "hx-headers") and value and "js:" in value:
                yield f"<{tag} {name}>: code in an attribute"
            if name == "hx-trigger" and value and "[" in value:
                yield f"<{tag} {name}={value}>: a filter needs eval, which is off"
        if tag == "style" or (tag == "script" and "src" not in attrs):
            yield f"<{tag}>: inline"
        if "hx-get" in attrs and not works_without_script(tag, attrs, form):
            yield f"<{tag} hx-get>: needs href, or a form with action"
        if any(verb in attrs for verb in VERBS):
            submits = tag == "button" and attrs.get("type", "submit") == "submit"
            own = attrs if tag == "form" else form if submits or tag in ("input", "select") else None
            if is_fragment and form is None and attrs.get("hx-post") == "":
                own = SOMEBODYS_FORM
            if not (own and "action" in own and own.get("method", "").lower() == "post"):
                yield f"<{tag} hx-post>: needs a form with action and method=post"


def works_without_script(tag, attrs, form):
    """A link, a form, a control of one, or a part of the page that only refreshes itself."""
    refreshes = "hx-trigger" in attrs and "click" not in attrs["hx-trigger"]
    in_form = tag in ("input", "select", "button") and form and "action" in form
    return "href" in attrs or (tag == "form" and "action" in attrs) or in_form or refreshes


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_template_keeps_the_house_rules(path):
    assert list(faults(path.read_text(), is_fragment=path.name.startswith("_"))) == []


@pytest.mark.parametrize(
    "wrong",
    [
        '<p style="color: red">',
        '<button hx-on:click="x()">',
        '<button onclick="x()">',
        "<script>x()</script>",
        "<style>p {}</style>",
        '<a href="javascript:x()">',
        '<div hx-vals="js:{a: 1}">',
        """<div hx-vals='{"a": "js:1"}'>""",
        '<input hx-get="/x" hx-trigger="keyup[target.value]" form="f">',
        '<button hx-get="/x/">',
        '<form hx-post="/x/"></form>',
        '<form action="/x/" hx-post="/x/"></form>',
        '<div hx-post="/x/"></div>',
        '<form action="/x/" method="post"><button type="button" hx-post="/x/"></form>',
    ],
)
def test_the_rules_find_what_they_forbid(wrong):
    assert list(faults(wrong))


@pytest.mark.parametrize(
    "right",
    [
        '<a href="/x/" hx-get="/x/">',
        '<form method="post" action="{% url "x" %}" hx-post="{% url "x" %}"><button name="a">',
        '<form method="post" action="/x/"><button hx-post="/y/">',
        '<div hx-get="/x/" hx-trigger="changed from:body">',
    ],
)
def test_the_rules_accept_what_works_without_script(right):
    assert list(faults(right)) == []


def test_a_fragment_may_post_to_the_form_around_it_and_nowhere_else():
    assert list(faults('<input hx-post="">', is_fragment=True)) == []
    assert list(faults('<input hx-post="/x/">', is_fragment=True))
    assert list(faults('<input hx-post="">'))


def test_every_icon_that_is_named_exists():
    named = set()
    for path in [*TEMPLATES, *(ROOT / "portal").rglob("*.py")]:
        text = path.read_text()
        named |= set(re.findall(r"{% (?:icon|empty) [\"']([\w-]+)[\"']", text))
        named |= (
            set(re.findall(r"\bicon[\"']?[:=] ?[\"']([\w-]+)[\"']", text)) if path.suffix == ".py" else set()
        )
    assert named - sprite_names() == set()
