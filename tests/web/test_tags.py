"""What the template tags show to a person."""

from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace

import pytest
from django import forms
from django.template import Context, Template

from portal.web.guests import json_pretty
from portal.web.templatetags.web import BADGES, sprite_names


def draw(source, **context):
    return " ".join(Template("{% load web %}" + source).render(Context(context)).split())


class DeviceForm(forms.Form):
    bus_name = forms.CharField(label="Bus name", widget=forms.TextInput(attrs={"data-counter": 64}))
    note = forms.CharField(required=False, help_text="Seen by auditors.", widget=forms.Textarea)
    group = forms.CharField(
        widget=forms.Select(attrs={"size": 6, "data-counter": 36}, choices=[("a", "boilers")])
    )
    effect = forms.ChoiceField(widget=forms.RadioSelect, choices=[("ALLOW", "Allow"), ("DENY", "Deny")])
    actions = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple, choices=[("p", "Publish"), ("s", "Subscribe")]
    )
    secret = forms.BooleanField(label="Return the secret", required=False)
    password = forms.CharField(max_length=99, widget=forms.PasswordInput)
    key = forms.CharField(widget=forms.HiddenInput)


@pytest.fixture
def fields():
    def drawn(name, form=None):
        return draw("{% field bound %}", bound=(form or DeviceForm())[name])

    return drawn


def test_a_field_has_its_label_its_mark_and_its_counter(fields):
    text = fields("bus_name", DeviceForm({"bus_name": "nörth"}))
    assert '<label class="form-label required" for="id_bus_name">Bus name</label>' in text
    assert ">5 / 64</span>" in text
    assert 'class="form-control"' in text
    assert 'aria-required="true"' in text


def test_a_wrong_field_is_tied_to_its_error(fields):
    text = fields("bus_name", DeviceForm({"bus_name": ""}))
    assert 'aria-invalid="true"' in text
    assert 'aria-describedby="id_bus_name_error id_bus_name_count"' in text
    assert (
        '<div class="invalid-feedback d-block" id="id_bus_name_error"><div>This field is required.</div>'
        in text
    )


def test_a_field_shows_its_rule_with_the_source_and_what_its_choices_lack(fields):
    form = DeviceForm()
    form.fields["group"].rule = "1 to 36 characters."
    form.fields["group"].source = SimpleNamespace(title="Create a soft bus", updated="2025-11-20")
    form.fields["group"].problem = "The platform did not answer."
    text = fields("group", form)
    assert "1 to 36 characters." in text
    assert "Source: Create a soft bus, 2025-11-20" in text
    assert 'aria-describedby="id_group_rule"' in text
    assert "<span>The platform did not answer.</span>" in text


def test_help_is_read_out_with_its_field(fields):
    text = fields("note")
    assert 'aria-describedby="id_note_help"' in text
    assert '<div class="form-hint" id="id_note_help">Seen by auditors.</div>' in text


@pytest.mark.parametrize(("name", "type_"), [("effect", "radio"), ("actions", "checkbox")])
def test_choices_that_belong_together_are_one_group_with_a_name(fields, name, type_):
    text = fields(name)
    assert "<fieldset" in text
    assert "<legend" in text
    assert text.count(f'type="{type_}"') == 2
    assert text.count('class="form-check-input"') == 2


def test_one_checkbox_stands_beside_its_label(fields):
    text = fields("secret")
    assert 'class="form-check-input"' in text
    assert '<span class="form-check-label">Return the secret</span>' in text


def test_a_listbox_looks_like_one_and_neither_choices_nor_passwords_are_counted(fields):
    assert " / 36" not in fields("group")
    assert 'class="form-select"' in fields("group")
    assert 'size="6"' in fields("group")
    assert " / 99" not in fields("password")


def test_a_hidden_field_draws_nothing_around_itself(fields):
    assert fields("key") == '<input type="hidden" name="key" id="id_key">'


def test_the_error_summary_leads_to_each_field():
    text = draw(
        '{% include "web/_errors.html" %}', form=DeviceForm({"bus_name": "x", "key": "k", "password": "p"})
    )
    assert "2 things need your attention." in text
    assert '<a class="alert-link" href="#id_group">Group</a>: This field is required.' in text
    assert 'tabindex="-1" data-errors' in text
    assert draw('{% include "web/_errors.html" %}', form=DeviceForm()) == ""


def test_times_are_said_in_utc_to_the_second():
    there = timezone(timedelta(hours=8))
    text = draw("{% when value %}", value=datetime(2026, 11, 21, 4, 36, 5, 999999, tzinfo=there))
    assert text == (
        '<time datetime="2026-11-20T20:36:05Z" title="2026-11-20T20:36:05Z">2026-11-20 20:36:05 UTC</time>'
    )
    assert "–" in draw("{% when value %}", value=None)
    assert datetime(2026, 11, 20, tzinfo=UTC).isoformat() not in text


STATES = {
    "intent": "about to be sent",
    "sending": "being sent",
    "done": "done",
    "rejected": "rejected",
    "not_sent": "not sent",
    "in_doubt": "in doubt",
    "found": "found",
    "absent": "absent",
    "needs_human": "needs a human",
    "cancelled": "cancelled",
    "Synchronized": "synchronized",
    "ToBeSynchronized": "to be synchronized",
    "Strange <state>": "Strange &lt;state&gt;",
}


@pytest.mark.parametrize(("state", "word"), STATES.items())
def test_a_state_is_said_by_word_and_icon_not_by_colour_alone(state, word):
    text = draw("{% badge state %}", state=state)
    assert f"{word}</span>" in text
    assert "<svg" in text


def test_every_badge_has_an_icon_that_exists():
    assert {icon for _colour, icon, _word in BADGES.values()} <= sprite_names()


def test_an_empty_state_shows_the_way_to_the_first_one():
    text = draw('{% empty "cpu" "No devices yet" "They appear here." "/new/" "New device" %}')
    assert "No devices yet" in text
    assert '<a class="btn btn-primary" href="/new/">' in text
    assert "<a" not in draw('{% empty "cpu" "No devices yet" %}')


def test_json_keeps_big_numbers_fractions_and_letters():
    assert json_pretty('{"id":99999999999999999,"v":1.10,"n":"größe"}') == (
        '{\n  "id": 99999999999999999,\n  "v": 1.10,\n  "n": "größe"\n}'
    )
    assert json_pretty({"id": 99999999999999999}) == '{\n  "id": 99999999999999999\n}'
    assert json_pretty("not <json>") == "not <json>"
    assert "&lt;b&gt;" in draw("{{ value|json_pretty }}", value={"t": "<b>"})
