"""The watch over pages itself. Would catch: browser tests that pass while a page is broken."""

import pytest

from tests.browser.pages import Problems

PAGE = "<!doctype html><title>A page</title><link rel=icon href=data:>"


@pytest.fixture
def watched(browser):
    """watched(html, headers): a page answered without any server, and the problems seen on it."""
    context = browser.new_context()

    def watched(html, **headers):
        problems = Problems()
        context.on("page", problems.watch)
        page = context.new_page()
        answer = {"body": PAGE + html, "headers": {"Content-Type": "text/html", **headers}}
        page.route("http://localhost/", lambda route: route.fulfill(**answer))
        page.route("**/static/missing.js", lambda route: route.fulfill(status=404))
        page.route("http://elsewhere.test/**", lambda route: route.abort())
        page.goto("http://localhost/")
        return problems

    yield watched
    context.close()


@pytest.mark.parametrize(
    ("html", "headers", "seen"),
    [
        ("<script>throw Error('broken script')</script>", {}, "broken script"),
        ("<script>console.error('complaint')</script>", {}, "complaint"),
        (
            "<p style='color: red'>",
            {"Content-Security-Policy": "default-src 'none'"},
            "Content Security Policy",
        ),
        ("<script src=/static/missing.js></script>", {}, "404"),
        ("<img src=http://elsewhere.test/pixel alt=''>", {}, "left this machine"),
    ],
    ids=["page error", "console", "policy", "missing file", "foreign host"],
)
def test_a_broken_page_is_noticed(watched, html, headers, seen):
    problems = watched(html, **headers)
    assert seen in "\n".join(problems.unexpected())
    problems.allow(seen)
    assert not [text for text in problems.unexpected() if seen in text]


def test_a_sound_page_is_not_blamed(watched):
    assert watched("<h1>Sound</h1>").found == []
