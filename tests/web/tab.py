"""One browser tab with one form in it, on the pages of tests/web/site.py."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

from django.contrib.sessions.models import Session
from django.test import Client

HTMX = {"HX-Request": "true"}
PASSWORD = "a long enough password"
HERE = {"Origin": "http://testserver"}
NOT_KEPT = "Your last action could not be kept"


class Tab:
    """One browser; `form` is what its last page had in its form, as the browser would post it."""

    def __init__(self):
        self.client = Client(enforce_csrf_checks=True, raise_request_exception=False)
        self.form = {}

    def open(self, url):
        response = self.client.get(url, follow=True)
        self.text = response.content.decode()
        self.page = response.request["PATH_INFO"]
        body = self.text[self.text.index('<main id="main"') :]
        names = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', body)
        typed = re.search(r'<textarea name="text">(.*?)</textarea>', body, re.DOTALL)
        self.form = {name: unescape(value) for name, value in names}
        self.form |= {"text": unescape(typed[1])} if typed else {}
        return self

    def sign_in(self, person, door="/accounts/login/?next=/note/"):
        self.open(door)
        credentials = {"login": person.email, "password": PASSWORD}
        response = self.client.post("/accounts/login/", self.form | credentials, headers=HERE)
        assert response.status_code == 302
        return self.open(response["Location"])

    def expire(self):
        """The session ends on the server; the browser knows nothing of it."""
        Session.objects.all().delete()

    def press(self, *, path="/note/", page="/note/", htmx=False, headers=(), **typed):
        urls = {"HX-Current-URL": f"http://testserver{page}", **HTMX} if htmx else {}
        urls |= {} if htmx else {"Referer": f"http://testserver{page}"}
        self.form |= typed
        return self.client.post(path, self.form, headers=HERE | urls | dict(headers))


def way_back(response):
    """Where the answer leads after signing in."""
    url = response.headers.get("HX-Redirect") or response["Location"]
    return parse_qs(urlsplit(url).query)["next"][0] if url.startswith("/accounts/login/") else url
