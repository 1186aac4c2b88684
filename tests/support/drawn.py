"""A page as somebody sees it: what in it can turn or hide the text around it, and an odd text to try with."""

import re
from html.parser import HTMLParser

from portal import outside

RLO, ZERO_WIDTH, HEBREW, ARABIC = (
    "\u202e",
    "\u200b",
    "\u05e9\u05dc\u05d5\u05dd",
    "\u0645\u0631\u062d\u0628\u0627",
)
ODD = f"pump{RLO}A {ZERO_WIDTH}{HEBREW} \u2066{ARABIC} <b data-broken>'\"&"
# What the browser needs as it was written: what is sent back, copied or marked for programs.
RAW = re.compile(
    r"value|href|action|data-(?!confirm$|sending$|label$|no-|status-|copied$).*|hx-.*|name|id|for"
)


class Drawn(HTMLParser):
    """`wrong` holds each piece of text in which something from outside can turn or hide what is around it."""

    def __init__(self, text):
        super().__init__()
        self.inside, self.wrong, self.texts = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        if tag == "b":
            self.wrong.append("markup")
        if tag not in ("input", "meta", "link", "br", "use", "path", "circle", "rect", "img"):
            self.inside.append(tag)
        for name, value in attributes:
            if value and not RAW.fullmatch(name):
                self.check(value, f"{tag} {name}", is_isolated=False)

    def handle_endtag(self, tag):
        if tag in self.inside:
            while self.inside.pop() != tag:
                pass

    def handle_data(self, data):
        if self.inside and self.inside[-1] in ("textarea", "script", "style"):
            return  # what is typed stays as it is, in a box of its own
        self.texts.append(data)
        self.check(data, " ".join(self.inside[-3:]), is_isolated="bdi" in self.inside)

    def check(self, text, place, is_isolated):
        rest = outside.ISOLATED.sub(lambda found: "" if not turned(found[1]) else found[0], text)
        if hidden(rest) or (outside.RIGHT_TO_LEFT.search(rest) and not is_isolated):
            self.wrong.append(f"{place}: {text.strip()!a}")


def turned(text):
    return any(mark for _piece, mark in outside.parts(text))


def hidden(text):
    return [mark for _piece, mark in outside.parts(text) if mark]


def check(response):
    assert response.status_code != 500, response.content[:2000]
    drawn = Drawn(response.content.decode())
    assert drawn.wrong == []
    return drawn
