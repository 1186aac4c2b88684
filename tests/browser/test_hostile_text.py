"""Text from outside that tries to become a script, in every field of every page, in Chromium: nothing runs.

Would catch: a field that is drawn as markup, an attribute without quotes, an address that runs something, a
script or style that the content policy had to stop.
"""

import re

import pytest

from portal.teams.models import User
from tests.examples import creating
from tests.support.drawn import RLO
from tests.support.hostile import STRINGS, texts
from tests.support.plant import demo_plant
from tests.test_guests import pages, tell_everything_oddly

OWNER = "owner@example.test"
# Counts what runs, and what the policy stopped.
WATCH = """window.ran = []; window.stopped = [];
for (const name of ["alert", "confirm", "prompt", "print"]) window[name] = (...told) => ran.push(name + told);
document.addEventListener("securitypolicyviolation", (event) =>
    stopped.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));"""
# What a text became that was taken for markup.
FOUND = """() => ({ran, stopped, made: [...document.querySelectorAll("*")].filter((each) =>
    /^(iframe|object|embed|base|math|marquee|style|video|audio|plaintext|xmp)$/i.test(each.localName)
    || each.hasAttribute("data-xss") || [...each.attributes].some(({name, value}) => /^on/i.test(name)
        || (/^(href|src|action|formaction|xlink:href)$/i.test(name)
            && /^\\s*(javascript|data:text|vbscript)/i.test(value))
    )).map((each) => each.outerHTML.slice(0, 200))})"""


def one_of_each(urls):
    """The first address of each kind of page."""
    return {re.sub(r"[0-9a-f-]{32,36}|\d+", "*", url): url for url in reversed(list(urls))}.values()


@pytest.mark.parametrize("rounds", [1, pytest.param(None, marks=pytest.mark.full)], ids=["once", "all"])
def test_nothing_that_pages_show_runs(portal_server, open_page, problems, rounds):
    plant, wrong, opened = demo_plant(), [], 0
    for slug in creating():
        plant.make(slug)
    plant.perform("iotda/policies")
    User.objects.filter(email=OWNER).update(is_portal_admin=True)  # who sees all pages
    page = open_page(email=OWNER)
    page.add_init_script(WATCH)
    page.on("dialog", lambda dialog: wrong.append(f"dialog {dialog.message}"))
    problems.allow("answer 50[03]|Content Security Policy|Status Error")
    for text in list(texts())[:rounds]:
        tell_everything_oddly(plant, text + RLO)  # by which `pages` finds its objects
        urls = list(pages(plant))
        for url in urls if rounds is None else one_of_each(urls):
            if "export" in url and "." in url:
                continue  # a file
            page.goto(url, wait_until="load")
            wrong += [f"{url} {name}: {each}" for name, all in page.evaluate(FOUND).items() for each in all]
            opened += 1
    assert wrong == []
    assert opened > 50
    assert len(set(STRINGS)) >= 200
