"""The model of a browser that the tests of odd objects rely on, against Chromium.

Would catch: a model that posts what no browser would, so that the tests of untouched forms prove nothing.
"""

from urllib.parse import parse_qsl

import pytest
from django.utils.html import escape

from tests.untouched import odd, posting

KINDS = ("text", "search", "hidden", "password", "tel", "url", "email")
FIXED = """
<input name="no-type" value="a&#10;b"><input name="no-value">
<input type="TEXT" name="capitals" value="x&#13;y">
<input type="checkbox" name="tick" checked><input type="checkbox" name="tick" value="two" checked>
<input type="checkbox" name="tick" value="three">
<input type="radio" name="one" value="a"><input type="radio"
 name="one" value="b" checked><input value="nameless"><input name="off" value="1" disabled>
<fieldset disabled><input name="inside-off" value="1"></fieldset>
<fieldset><input name="inside-on" value="1"></fieldset>
<select name="first"><option value="">–</option><option value="1">one</option></select>
<select name="skips"><option value="" disabled>–</option><option value="1">one</option></select>
<select name="last"><option selected value="1">one<option selected value="2">two</select>
<select name="list" size="6"><option value="1">one</option></select>
<select name="list-chosen" size="6"><option value="1">one</option>
<option value="2" selected>two</option></select>
<select name="many" multiple><option selected value="1">one</option>
<option selected value="2">two</option></select>
<select name="by-text"><option>  several
  words </option></select><select name="empty"></select>
<textarea name="area">
first line goes</textarea><textarea name="area2">

one stays</textarea><textarea name="area3">\r\nalso &#13;&#10; here</textarea>
<button name="not" value="pressed">Other</button><button id="go" name="touch" value="a:b">Go</button>
"""


def page(*parts, action="/nowhere"):
    fields = "".join(parts)
    return (
        '<!doctype html><meta charset="utf-8"><form id="other"><input name="other"></form>'
        f'<form id="form" method="post" novalidate action="{action}">{fields}'
        '<button id="submit">Save</button></form>'
    )


def controls(texts):
    """Each text in a control of each kind, as Django's templates write it."""
    for number, text in enumerate(texts):
        for kind in KINDS:
            yield f'<input type="{kind}" name="{kind}-{number}" value="{escape(text)}">'
        yield f'<textarea name="area-{number}">\n{escape(text)}</textarea>'
        yield f'<textarea name="bare-{number}">{escape(text)}</textarea>'
        yield f'<select name="s-{number}"><option value="{escape(text)}">x</option></select>'
        yield f'<input type="hidden" name="{escape(text)}" value="{number}">'


@pytest.fixture(scope="module")
def context(browser):
    context = browser.new_context()
    yield context
    context.close()


def chromium(context, html, press="#submit"):
    """(pairs of FormData, pairs that are posted) of the page's form in Chromium."""
    tab, posted = context.new_page(), []

    def answer(route):
        if route.request.method == "POST":
            posted.append(route.request.post_data_buffer.decode())
        route.fulfill(body=html, content_type="text/html; charset=utf-8")

    tab.route("**/*", answer)
    tab.goto("http://form.test/")
    seen = tab.evaluate(
        "press => [...new FormData(document.querySelector('#form'), document.querySelector(press))]", press
    )
    tab.locator(press).evaluate("button => button.form.requestSubmit(button)")
    tab.wait_for_url("**/nowhere")
    tab.close()
    (body,) = posted
    return [tuple(pair) for pair in seen], parse_qsl(body, keep_blank_values=True)


CASES = {
    "each rule": [FIXED],
    "odd texts": list(controls(odd.TEXTS)),
    "odd keys": list(controls(odd.KEYS)),
    "text of every control character": list(
        controls("".join(f"{chr(code)}." for code in block) for block in (range(1, 32), range(127, 160)))
    ),
}


@pytest.mark.parametrize(("case", "press"), [*((case, "#submit") for case in CASES), ("each rule", "#go")])
def test_the_model_posts_what_chromium_posts(context, case, press):
    html = page(*CASES[case])
    form = posting.read(html)
    button = next((each for each in form.buttons if f"#{each.id}" == press and each.name), None)
    seen, posted = chromium(context, html, press)
    assert form.pairs(button) == seen
    assert form.posted(button) == posted
    assert parse_qsl(form.body(button), keep_blank_values=True) == posted


def test_what_is_typed_and_chosen_is_posted():
    form = posting.read(page(FIXED))
    form.named("no-value").type("two\nlines")
    form.named("area").type("two\nlines")
    form.named("first").choose("1")
    form.controls[3].tick()
    posted = form.posted()
    assert ("no-value", "twolines") in posted
    assert ("area", "two\r\nlines") in posted
    assert ("area", "two\nlines") in form.pairs()
    assert ("first", "1") in posted
    assert [value for name, value in posted if name == "tick"] == ["two"]


def test_of_a_page_without_the_form_there_is_none():
    assert posting.read("<form id='other'></form>") is None
