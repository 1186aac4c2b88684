"""What browser tests do and look for on a page. PORTAL_SCREENSHOTS names a directory for `screenshot`."""

import os
import re
from pathlib import Path
from urllib.parse import urlsplit

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import expect

from portal.home.demo import PASSWORD

AXE_FAILS = ("serious", "critical")


# htmx logs both when a press overtakes what an editor asked. A request that failed has a line of its own.
OVERTAKEN = ("htmx:afterRequest", "htmx:sendAbort")


class Problems:
    """What went wrong in the pages of one test."""

    def __init__(self):
        self.found = []
        self.allowed = []

    def allow(self, pattern):
        """Expect problems that match this regular expression, such as an error page asked for on purpose."""
        self.allowed.append(re.compile(pattern))

    def add(self, text):
        self.found.append(text)

    def watch(self, page):
        page.on("pageerror", lambda error: self.add(f"page error: {error}"))
        page.on("console", self._console)
        page.on("response", self._response)
        page.on("request", self._request)

    def _console(self, message):
        csp = "Content Security Policy" in message.text or message.text.startswith("Refused to")
        # Chromium reports each 4xx as "Failed to load resource"; which of them are wrong, _response decides.
        harmless = message.text.startswith(("Failed to load resource", *OVERTAKEN))
        if csp or (message.type == "error" and not harmless):
            self.add(f"console: {message.text}")

    def _response(self, response):
        if response.status >= 500 or (response.status >= 400 and "/static/" in response.url):
            self.add(f"answer {response.status}: {response.url}")

    def _request(self, request):
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob", "about") and parts.hostname not in ("localhost", "127.0.0.1"):
            self.add(f"left this machine: {request.url}")

    def unexpected(self):
        return [text for text in self.found if not any(pattern.search(text) for pattern in self.allowed)]


def sign_in(page, email, password=PASSWORD):
    """Through the form, as everybody does; ends on the page after it."""
    page.goto("/accounts/login/")
    page.locator("[name=login]").fill(email)
    page.locator("[name=password]").fill(password)
    page.locator("[name=password]").press("Enter")
    expect(page).not_to_have_url(re.compile("/accounts/login/"))


def axe(page, *rules):
    """Fail for any finding of axe that is serious or critical; with `rules`, only of these."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    options = {"resultTypes": ["violations"]}
    if rules:
        options["runOnly"] = list(rules)
    findings = page.evaluate("options => axe.run(document, options)", options)["violations"]
    grave = [
        f"{finding['id']} ({finding['impact']}): {finding['help']}\n"
        + "\n".join(
            f"    {node['html'][:200]}\n    {node['failureSummary'][:300]}" for node in finding["nodes"]
        )
        for finding in findings
        if finding["impact"] in AXE_FAILS
    ]
    assert grave == [], f"{page.url}\n" + "\n".join(grave)


def screenshot(page, name):
    """A picture of the whole page, for people to look at."""
    if directory := os.environ.get("PORTAL_SCREENSHOTS"):
        Path(directory).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(directory) / f"{name}.png", full_page=True)


def fits(page):
    """Nothing sticks out sideways."""
    wide = page.evaluate(
        """() => document.documentElement.scrollWidth <= innerWidth ? []
            : [...document.body.querySelectorAll("*")]
            .filter((each) => each.getBoundingClientRect().right > innerWidth + 1)
            .map((each) => each.outerHTML.slice(0, 120)).slice(0, 8)"""
    )
    assert wide == [], f"{page.url} is wider than the window: {wide}"
    cut = page.evaluate(
        """() => [...document.querySelectorAll(".page-actions .btn")]
            .filter((each) => each.scrollWidth > each.clientWidth + 1).map((each) => each.innerText)"""
    )
    assert cut == [], f"{page.url} has buttons that do not hold their words: {cut}"


def looks_right(page, name):
    """The open page, light and dark, at a desk and on a phone: axe is content, nothing sticks out.

    The page is loaded once: the colours follow the system, the layout follows the window. What is the same
    in both colours is judged in light only, and the dark colours, the same at each width, at the desk only.
    """
    for width, height in ((1440, 900), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        for colours in ("light", "dark"):
            page.emulate_media(color_scheme=colours, reduced_motion="reduce")
            # Chromium tells the script of the new colours when it draws the next frame: ask for one.
            page.evaluate("() => new Promise(requestAnimationFrame)")
            expect(page.locator("html")).to_have_attribute("data-bs-theme", colours)
            if (width, colours) != (390, "dark"):
                axe(page, *(["color-contrast"] if colours == "dark" else []))
            fits(page)
            screenshot(page, f"{name}-{width}-{colours}")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
