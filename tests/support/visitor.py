"""A person at a running portal with a browser that runs no script: signs in, reads pages, sends forms.

Knows the portal by its addresses, fields and marks alone, so it fits every release.
"""

import re
import uuid
from html import unescape
from html.parser import HTMLParser

import requests

SESSION = "sessionid"
SECONDS = 60


class Visitor:
    """`url` is the portal's, without a slash at its end. `session` is the key of a session that exists."""

    def __init__(self, url, *, session=""):
        self.url = url
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.headers["Origin"] = url
        if session:
            self.http.cookies.set(SESSION, session)

    def sign_in(self, email, password, *, address="/accounts/login/"):
        """Returns the address of the page that follows."""
        answer = self.send(address, self.fields(address, form="") | {"login": email, "password": password})
        assert answer.status_code == 302, text_of(answer.text)
        return answer.headers["Location"]

    def get(self, path):
        return self.http.get(self.url + path, allow_redirects=False, timeout=SECONDS)

    def page(self, path):
        """The page's HTML; asserts that there is one."""
        answer = self.get(path)
        assert answer.status_code == 200, (path, answer.status_code, text_of(answer.text)[:2000])
        return answer.text

    def fields(self, path, *, form="form"):
        """{name: value} as a browser sends it, of the form with this id; without an id, of all forms."""
        reader = FormReader(form)
        reader.feed(self.page(path))
        reader.close()
        return reader.fields

    def send(self, path, data):
        headers = {"Referer": self.url + path}
        return self.http.post(self.url + path, data, headers=headers, allow_redirects=False, timeout=SECONDS)

    def press(self, path, *, on):
        """Send a button's form, which has no fields of its own; `on` is the page that holds it."""
        fields = self.fields(on, form="")
        token = fields["csrfmiddlewaretoken"]
        return self.send(path, {"csrfmiddlewaretoken": token, "operation_key": str(uuid.uuid4())})


class FormReader(HTMLParser):
    """The values of inputs, text areas and drop-downs; of radio buttons and check boxes the chosen ones."""

    def __init__(self, form):
        super().__init__()
        self.fields = {}
        self._wanted, self._inside = form, not form
        self._select, self._is_list, self._textarea = None, False, None

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        name, value = given.get("name"), given.get("value")
        if tag == "form" and self._wanted:
            self._inside = given.get("id") == self._wanted
        if not self._inside:
            return
        if tag == "input" and name and given.get("type") not in ("submit", "button"):
            if given.get("type") not in ("checkbox", "radio"):
                self.fields[name] = value or ""
            elif "checked" in given:
                self.fields[name] = "on" if value is None else value
        elif tag == "select" and name:
            self._select = name
            self._is_list = int(given.get("size", 1)) > 1
        elif tag == "option" and self._select:
            is_first = self._select not in self.fields and not self._is_list
            if is_first or "selected" in given:
                self.fields[self._select] = value or ""
        elif tag == "textarea" and name:
            self._textarea = name
            self.fields[name] = ""

    def handle_endtag(self, tag):
        if tag == "form" and self._wanted:
            self._inside = False
        elif tag == "select":
            self._select = None
        elif tag == "textarea" and self._textarea:
            self.fields[self._textarea] = self.fields[self._textarea].removeprefix("\n")
            self._textarea = None

    def handle_data(self, data):
        if self._textarea:
            self.fields[self._textarea] += data


def text_of(html):
    """What people read on a page, in one line."""
    main = html[max(html.find('<main id="main"'), 0) :]
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", main)))
