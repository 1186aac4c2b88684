"""Odd objects through plain HTTP: what nobody touched is not sent, and one change is sent alone.

Would catch: a DENY that becomes ALLOW, a text of digits that becomes a number, a line break that vanishes,
tags that are emptied, a name that is trimmed, because a form was saved that happened to show them.
"""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import EVERY_UPDATE, EXAMPLES
from tests.support.plugin import engine
from tests.untouched import shown
from tests.untouched.changes import Json, Removal, any_change
from tests.untouched.desk import Desk, form_of, tried, visible

pytestmark = [pytest.mark.anywhere, pytest.mark.every_kind]

OBJECTS, REDRAWN = 300, 30
FULL = 10_000
ON_A_SERVER = 20  # the forms are the same on PostgreSQL
AMOUNTS = [pytest.param(1, id="some"), pytest.param(FULL // OBJECTS + 1, id="many", marks=pytest.mark.full)]


@pytest.fixture
def desk(plant, emulator, slug):
    return Desk(plant, emulator, slug)


@pytest.fixture
def share(request):
    return 1 if engine(request.config) == "sqlite" else ON_A_SERVER / OBJECTS


@EVERY_UPDATE
@pytest.mark.parametrize("times", AMOUNTS)
def test_a_press_without_a_change_sends_nothing_and_one_change_is_sent_alone(desk, slug, times, share):
    @tried(int(OBJECTS * times * share))
    @given(data=st.data(), thing=shown.objects(slug))
    def every(data, thing):
        desk.show(thing)
        desk.script = data.draw(st.booleans(), label="script")
        form = desk.press_untouched(desk.open())
        change = data.draw(any_change(form, thing), label="change")
        before = copy.deepcopy(form)
        change.do(form)
        if f"{change.field}_was" in form.names() and data.draw(st.booleans(), label="follow"):
            form = desk.follow(form, change.field, edited_json=isinstance(change, Json))
        desk.save(form, change, thing, before)

    every()


@EVERY_UPDATE
@pytest.mark.parametrize("times", AMOUNTS)
def test_a_form_that_is_drawn_again_keeps_what_nobody_touched(desk, slug, times, share):
    @tried(int(REDRAWN * times * share))
    @given(data=st.data(), thing=shown.objects(slug))
    def every(data, thing):
        desk.show(thing)
        form = refused(desk, desk.open())
        if buttons := additions(form):
            button = data.draw(st.sampled_from(buttons), label="added")
            form = remove_last(desk.touch(form, button), button, desk)
        form = desk.press_untouched(form)
        removals = [Removal.by(each, thing) for each in form.buttons if ":remove:" in each.value]
        if not any(removals):
            return
        change = data.draw(st.sampled_from([each for each in removals if each]), label="removed")
        desk.save(desk.touch(form, change.button), change, thing, form)

    every()


def refused(desk, form):
    """The form after a press with a broken value, which is then put back as it was."""
    example = EXAMPLES[desk.slug]
    broken = {**example.broken, **example.oddities.broken}
    for control in form:
        if control.name in broken and control.is_typed:
            was, control.text = control.text, broken[control.name]
            again = form_of(desk.press(form), 422)
            its_json = {control.name.partition("-")[0]} - {control.name}  # which follows the editor
            assert visible(again, its_json) == visible(form, its_json)
            again.named(control.name).text = was
            return again
    return form


def additions(form):
    """The buttons that neither send the form nor take something out of it."""
    return [each for each in form.buttons if each.name == "touch" and ":remove:" not in each.value]


def remove_last(form, button, desk):
    """Take out again what the button has added."""
    name = button.value.removesuffix(":add")
    removing = [each for each in form.buttons if each.value.startswith(f"{name}:remove:")]
    if name == button.value or not removing:
        return form
    return desk.touch(form, removing[-1])
