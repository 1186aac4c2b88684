"""A real provider of single sign-on, and people who come from it."""

import json
import sys
from urllib.parse import urlsplit

import pytest
import requests
from django.conf import settings as configured
from django.test import Client

from portal import environment
from portal.home.processes import Process
from portal.record.models import Body, Entry
from portal.teams.models import Membership, Role, Team, User
from tests.support.ports import ReservedPort

START, PASSWORD = "/accounts/sso/login/", "correct-horse-battery"
GROUPS = """ops -> Plant 3:operator; owners -> Plant 3:owner
owners -> Harbour:viewer; admins -> admin"""


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    """provider(sub, **claims) tells it of a person; `.url` is the issuer."""
    with ReservedPort() as port:
        command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port.number)]
        log = tmp_path_factory.mktemp("provider") / "log"
        process = Process("provider", command, log=log, env={}, cwd=configured.BASE_DIR)
        process.wait_for(lambda: _answers(port.url), seconds=30)

        def tell(sub, **claims):
            requests.put(f"{port.url}/users/{sub}", json=claims, timeout=10).raise_for_status()

        tell.url = port.url
        yield tell
        process.kill()


def _answers(url):
    try:
        return requests.get(f"{url}/.well-known/openid-configuration", timeout=5).ok
    except requests.RequestException:
        return False


@pytest.fixture
def teams(db, provider, settings, monkeypatch):
    monkeypatch.setenv("PORTAL_OIDC_ROLES", GROUPS)
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.OIDC_ISSUER = provider.url
    settings.OIDC_ROLES = environment.grants("PORTAL_OIDC_ROLES", list(Role))
    app = {"provider_id": "sso", "name": "Acme", "client_id": "portal", "secret": "s"}
    app["settings"] = {"server_url": provider.url}
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}
    plant, harbour = (Team.objects.create(name=name) for name in ("Plant 3", "Harbour"))
    boss = User.objects.create_user("boss@example.test", PASSWORD)
    for team in (plant, harbour):
        Membership.objects.create(team=team, user=boss, role=Role.OWNER)
    return plant, harbour


def new_browser():
    return Client(HTTP_HOST="localhost")


def come(browser, sub, start=START):
    """Through the provider's page, as this person; the portal's answer."""
    asked = browser.get(start)
    assert asked.status_code == 302
    assert "code_challenge" in asked["Location"]
    back = requests.post(asked["Location"], {"sub": sub}, allow_redirects=False, timeout=10)
    where = urlsplit(back.headers["Location"])
    assert where.path == "/accounts/sso/callback/"
    return browser.get(f"{where.path}?{where.query}")


def roles(email):
    rows = Membership.objects.filter(user__email=email).values_list("team__name", "role")
    return dict(rows)


def why_not():
    entry = Entry.objects.filter(verb="sign_in_failed").latest("seq")
    return json.loads(Body.objects.get(seq=entry.seq).text)["why"]
