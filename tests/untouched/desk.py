"""A desk at which odd objects are opened, left as they are, changed in one thing and saved, by plain HTTP."""

import os
import re
from html import unescape

from hypothesis import HealthCheck, Phase, note, seed, settings

from tests.examples import EXAMPLES
from tests.resources.forms import HTMX, changing
from tests.untouched import posting
from tests.untouched.changes import judge, may_be_refused

NOTHING = "Nothing was changed, so nothing was sent."
# `make test` tries the same objects each time: it fails for a change, not for a draw. `make test-full` draws.
VARIABLE = "PORTAL_ODD_SEED"
SEED = int(os.environ.get(VARIABLE) or 1)


def tried(amount, *, shrinks=True):
    """Decorates a hypothesis test: so many objects, from a seed that its failure names."""
    phases = [Phase.generate, Phase.shrink] if shrinks else [Phase.generate]
    chosen = settings(
        max_examples=amount,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        phases=phases,
        suppress_health_check=list(HealthCheck),
    )
    return lambda test: seed(SEED)(chosen(test))


class Watched:
    """The emulator shows one odd object after the other behind `row`; what was written meanwhile is known."""

    def __init__(self, emulator, slug, row):
        self.emulator, self.slug, self.row, self._since = emulator, slug, row, 0

    def show(self, shown):
        note(f"{VARIABLE}={SEED}")
        self.emulator.faults(shown.rules(self.row.remote_id))
        self.written()

    def written(self):
        """The writes since it was asked last."""
        requests = self.emulator.requests(self._since)
        self._since = max([self._since, *(each["number"] for each in requests)])
        call = EXAMPLES[self.slug].calls["update"]
        return [each for each in requests if call.is_made_by(each)]

    def check(self, change, shown, before, *, is_done, text):
        """Assert that the change was sent alone, or refused where that may be. `text` is the page's."""
        written = self.written()
        if is_done:
            assert len(written) == 1, written
            judge(change, shown, written[0], before)
            return
        assert written == []
        assert NOTHING not in text, f"{change} is a change"
        assert may_be_refused(change, shown), f"{change} was refused: {text}"


class Desk(Watched):
    """`script`: htmx sends the form, else the browser itself."""

    script = False

    def __init__(self, plant, emulator, slug):
        super().__init__(emulator, slug, plant.make(slug))
        self.browser, self.address = plant.browser(), changing(self.row, "update")

    def open(self):
        return form_of(self.browser.get(self.address, **(HTMX if self.script else {})))

    def press(self, form, button=None):
        headers = HTMX if self.script else {}
        body = form.body(button, script=self.script)
        return self.browser.post(
            self.address, body, content_type="application/x-www-form-urlencoded", **headers
        )

    def press_untouched(self, form):
        """Save; asserts that nothing is sent. Returns the form that comes back, which holds the same."""
        response = self.press(form)
        assert NOTHING in text_of(response), f"untouched press: {response.status_code} {errors_of(response)}"
        again = form_of(response, 422)
        assert visible(again) == visible(form)
        return again

    def touch(self, form, button):
        return form_of(self.press(form, button))

    def follow(self, form, name, *, edited_json):
        """What the script does after typing in an editor: its JSON is brought up to date, or the reverse."""
        button = posting.Button("touch", name)
        response = self.browser.post(
            self.address,
            form.body(button, script=True),
            content_type="application/x-www-form-urlencoded",
            **HTMX,
        )
        part = (lambda each: each.startswith(name)) if edited_json else {name, f"{name}_was"}.__contains__
        return form.swapped(form_of(response), part)

    def save(self, form, change, shown, before):
        """Press and check. `before` is the form before the change."""
        response = self.press(form)
        is_done = response.status_code == 302 or "HX-Redirect" in response.headers
        assert is_done or response.status_code == 422, f"{response.status_code} {text_of(response)}"
        text = errors_of(response) if NOTHING not in text_of(response) else NOTHING
        self.check(change, shown, before, is_done=is_done, text=text)
        return response


def form_of(response, status=200):
    assert response.status_code == status, f"{response.status_code} {text_of(response)}"
    return posting.read(response.content.decode())


def visible(form, but=()):
    """What the form would post of what people see, `but` for the controls of these names."""
    return [
        (each.name, each.texts)
        for each in form
        if each.kind != "hidden" and not each.name.endswith("_search") and each.name not in but
    ]


def text_of(response):
    html = response.content.decode()
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", html[max(html.find('id="form"'), 0) :])))


def errors_of(response):
    """The errors on a page, for people who read a failed test."""
    found = re.findall(
        r"(?:invalid-feedback|alert-danger).*?</div>\s*</div>", response.content.decode(), re.S
    )
    return "; ".join(re.sub(r"<[^>]*>|\s+", " ", unescape(each))[:600] for each in found)
