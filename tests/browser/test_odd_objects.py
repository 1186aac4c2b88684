"""Odd objects in Chromium, with and without script: the same promises as in tests/untouched/test_plain.py.

It also proves the model of a browser there: Chromium posts of each form what the model posts.
"""

import copy
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import EVERY_UPDATE
from tests.resources.forms import changing
from tests.support.plant import demo_plant
from tests.untouched import posting, shown
from tests.untouched.changes import Choice, Tick, any_change
from tests.untouched.desk import NOTHING, Watched, tried

OBJECTS = 3  # with script, and as many without
AMOUNTS = [pytest.param(OBJECTS, id="some"), pytest.param(500, id="many", marks=pytest.mark.full)]
BROWSERS = pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "plain"])
# The controls of the form, as the model counts them.
CONTROLS = """([name, place]) => [...document.querySelector("#form").elements]
    .filter((each) => each.name === name && !each.matches("button, fieldset"))[place]"""


class Tab(Watched):
    def __init__(self, page, emulator, slug, *, javascript):
        super().__init__(emulator, slug, demo_plant().make(slug))
        self.page, self.script = page, javascript
        self.address = changing(self.row, "update")

    def open(self):
        return posting.read(self.page.goto(self.address, wait_until="domcontentloaded").text())

    def press(self):
        """Press Save; (the pairs that were posted, the response)."""
        with self.page.expect_response(is_press) as found:
            self.page.locator("#submit").click()
        response = found.value
        pairs = parse_qsl(response.request.post_data_buffer.decode(), keep_blank_values=True)
        return pairs, response

    def press_untouched(self, form):
        posted, response = self.press()
        assert posted == (form.pairs() if self.script else form.posted())
        html = response.text()
        assert NOTHING in html
        self.page.get_by_text(NOTHING).first.wait_for()
        return posting.read(html)

    def do(self, change):
        """As a person changes it."""
        control = self._control(change.control, change.place)
        if isinstance(change, Choice):
            control.select_option(change.typed)
        elif isinstance(change, Tick):
            control.click()
        else:
            control.fill(change.typed)
        for name, text in change.others:
            self._control(name, 0).fill(text) if text is not None else self._control(name, 0).check()

    def _control(self, name, place):
        return self.page.evaluate_handle(CONTROLS, [name, place]).as_element()

    def save(self, change, thing, before):
        _posted, response = self.press()
        is_done = response.status == 302 or "hx-redirect" in response.headers
        assert is_done or response.status == 422, response.status
        text = "" if is_done else response.text()
        if is_done:
            self.page.wait_for_url(lambda address: not address.endswith("/update/"))
        self.check(change, thing, before, is_done=is_done, text=text)


def is_press(response):
    """The answer to the button, not to an editor that brings its other side up to date."""
    data = response.request.post_data_buffer or b""
    return response.request.method == "POST" and b"touch=" not in data


@EVERY_UPDATE
@BROWSERS
@pytest.mark.parametrize("amount", AMOUNTS)
def test_a_press_without_a_change_sends_nothing_and_one_change_is_sent_alone(
    open_page, emulator, slug, javascript, amount
):
    page = open_page(javascript=javascript, email="operator@example.test")
    tab = Tab(page, emulator, slug, javascript=javascript)

    @tried(amount, shrinks=False)
    @given(data=st.data(), thing=shown.objects(slug))
    def every(data, thing):
        tab.show(thing)
        form = tab.press_untouched(tab.open())
        change = data.draw(any_change(form, thing), label="change")
        before = copy.deepcopy(form)
        tab.do(change)
        tab.save(change, thing, before)

    every()
