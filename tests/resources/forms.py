"""Forms as a browser without JavaScript sees them: read what a page holds, change something, send it back.

`browser` is one of `plant.browser()`. Forms are filled in with the data of the kind's Example.
"""

import json
import re
import uuid
from html.parser import HTMLParser

from django.http import QueryDict

from portal.kinds.registry import KINDS

HTMX = {"HTTP_HX_REQUEST": "true"}


class FormReader(HTMLParser):
    """`fields`: the values that a browser would send of the form with id "form". `errors`: text by field."""

    def __init__(self):
        super().__init__()
        self.fields, self.errors, self.text = {}, {}, []
        self._inside = self._select = self._textarea = None
        self._error = None

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "form":
            self._inside = given.get("id") == "form"
        if given.get("id", "").endswith("_error"):
            self._error = given["id"].removeprefix("id_").removesuffix("_error")
            self.errors[self._error] = ""
        if not self._inside:
            return
        name = given.get("name")
        if tag == "input" and name and given.get("type") not in ("submit", "button"):
            if given.get("type") not in ("checkbox", "radio") or "checked" in given:
                default = "on" if given.get("type") == "checkbox" else ""
                self.fields.setdefault(name, []).append(given.get("value", default))
        elif tag == "select" and name:
            self._select = {
                "name": name,
                "first": None,
                "chosen": None,
                "is_list": int(given.get("size", 1)) > 1,
            }
        elif tag == "option" and self._select is not None:
            value = given.get("value")
            self._select["first"] = value if self._select["first"] is None else self._select["first"]
            if "selected" in given:
                self._select["chosen"] = value
        elif tag == "textarea" and name:
            self._textarea = [name, ""]

    def handle_endtag(self, tag):
        if tag == "form":
            self._inside = False
        elif tag == "select" and self._select is not None:
            self._take_select()
        elif tag == "textarea" and self._textarea:
            name, text = self._textarea
            self.fields.setdefault(name, []).append(text.removeprefix("\n"))
            self._textarea = None
        elif tag in ("div", "fieldset") and self._error and self.errors[self._error].strip():
            self._error = None

    def _take_select(self):
        select, self._select = self._select, None
        # A drop-down sends its first option when none is chosen, a list of several lines sends nothing.
        value = select["chosen"] if select["chosen"] is not None or select["is_list"] else select["first"]
        if value is not None:
            self.fields.setdefault(select["name"], []).append(value)

    def handle_data(self, data):
        if self._textarea:
            self._textarea[1] += data
        if self._error:
            self.errors[self._error] += data


def read(response):
    reader = FormReader()
    reader.feed(response.content.decode())
    reader.close()
    return reader


def new(slug):
    return f"/{slug}/new/"


def changing(row, verb):
    """The address of a verb's form for the object behind a mirror row."""
    platform = row.connection.platform
    slug = next(slug for slug, kind in KINDS.items() if kind.model is type(row) and kind.platform == platform)
    return f"/{slug}/{row.pk}/{verb}/"


def as_text(value):
    """A value as an input holds it: structures as JSON, a ticked box as "on"."""
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return "on" if value is True else value


def script(slug, plant, verb="create", **changes):
    """What a client without the editors posts: the fields alone, structures as JSON.

    A field that is changed to None is left out.
    """
    values = {
        **plant.data(slug, verb),
        "connection": str(plant.connection(KINDS[slug]).pk),
        "operation_key": str(uuid.uuid4()),
    }
    return {name: as_text(value) for name, value in {**values, **changes}.items() if value is not None}


def opened(browser, slug, query=""):
    """The fields of a freshly opened form as QueryDict."""
    response = browser.get(f"{new(slug)}{query}")
    assert response.status_code == 200, response.status_code
    return sendable(read(response).fields)


def sendable(fields):
    data = QueryDict(mutable=True)
    for name, values in fields.items():
        data.setlist(name, values)
    return data


def filled(browser, slug, variety="usual", **changes):
    """A freshly opened form of a create with the Example's data typed into it, structures as JSON."""
    return type_into(opened(browser, slug), {**browser.plant.data(slug, variety=variety), **changes})


def edited(browser, slug, row, **changes):
    """A freshly opened form of an update with the Example's change typed into it."""
    response = browser.get(changing(row, "update"))
    assert response.status_code == 200, response.status_code
    data = sendable(read(response).fields)
    return type_into(data, {**browser.plant.data(slug, "update"), **changes})


def type_into(data, values):
    for name, value in values.items():
        data[name] = as_text(value)
    return data


def send(browser, slug, data, **headers):
    return post(browser, new(slug), data, **headers)


def post(browser, address, data, **headers):
    body = data.urlencode() if isinstance(data, QueryDict) else encoded(data)
    return browser.post(address, body, content_type="application/x-www-form-urlencoded", **headers)


def encoded(values):
    data = QueryDict(mutable=True)
    for name, value in values.items():
        data[name] = value
    return data.urlencode()


def typed(page, data):
    """Assert that the form holds what was typed. Inputs of editors may differ, since they follow the JSON."""
    for name in data:
        if name not in ("csrfmiddlewaretoken", "operation_key", "preview") and not re.search(
            r"-|_(was|drawn)$", name
        ):
            assert page.fields.get(name) == data.getlist(name), name
