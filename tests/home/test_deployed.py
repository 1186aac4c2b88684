"""The portal as `deploy/` runs it, behind a proxy that ends TLS. Would catch: one caller who locks everybody
out, a caller who writes a proxy's headers, redirects without end, probes refused for their address.
"""

import re

import pytest
import requests
from django.test import override_settings

from portal.connections.installation import CANARY
from portal.connections.models import CANARY_PLACE, Installation
from portal.sealing import seal
from portal.teams.models import Guesses, User
from tests.support.processes import Portal, run_manage

HOST = "portal.example.test"
EMAIL, PASSWORD = "good@example.test", "a-good-password-1"
KEY = "0123456789abcdef" * 4
DEPLOYED = {
    "PORTAL_DEMO": "false",
    "PORTAL_ALLOWED_HOSTS": HOST,
    "PORTAL_SECRET_KEY": f"{KEY}5",
    "PORTAL_CREDENTIAL_KEYS": f"{KEY}c",
    "PORTAL_RECORD_KEY": f"{KEY}7",
}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    directory = tmp_path_factory.mktemp("deployed")
    made = run_manage("collectstatic", "--no-input", PORTAL_DATA_DIR=str(directory), **DEPLOYED)
    assert made.returncode == 0, made.stderr
    return directory


@pytest.fixture
def deployed(committed_db, data, tmp_path):
    """deployed(proxies): a running portal; what a test sends it is what the nearest proxy would send."""
    started = []

    with override_settings(CREDENTIAL_KEYS=[DEPLOYED["PORTAL_CREDENTIAL_KEYS"]]):
        Installation.objects.update(is_demo=False, canary=seal(CANARY, CANARY_PLACE))

    def deployed(proxies, **more):
        variables = {**DEPLOYED, "PORTAL_DATA_DIR": str(data), "PORTAL_TRUSTED_PROXIES": str(proxies), **more}
        started.append(Portal(committed_db, log=tmp_path / "log", **variables))
        return started[-1].start()

    yield deployed
    for portal in started:
        portal.stop()


def get(portal, path, *, host=HOST, **headers):
    headers = {"Host": host, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return requests.get(portal.url + path, headers=headers, allow_redirects=False, timeout=20)


def sign_in(portal, email, password, *, forwarded_for):
    proxied = {"X-Forwarded-Proto": "https", "X-Forwarded-For": forwarded_for, "Host": HOST}
    address = f"{portal.url}/accounts/login/"
    form = requests.get(address, headers=proxied, timeout=20)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form.text).group(1)
    cookie = f"__Host-csrftoken={form.cookies['__Host-csrftoken']}"
    return requests.post(
        address,
        data={"login": email, "password": password, "csrfmiddlewaretoken": token},
        headers={**proxied, "Cookie": cookie, "Referer": f"https://{HOST}/accounts/login/"},
        allow_redirects=False,
        timeout=20,
    )


def test_who_guesses_passwords_locks_out_only_their_own_address(deployed):
    User.objects.create_user(EMAIL, PASSWORD)
    portal = deployed(proxies=1)
    for number in range(2):
        # The first address is what the guesser wrote there, the last what the proxy added.
        own = f"198.51.100.{number}, 203.0.113.9"
        assert sign_in(portal, f"x{number}@example.test", "guess", forwarded_for=own).status_code != 302
        Guesses.objects.update(times=40)  # as if it went on like this for a while
    assert sign_in(portal, EMAIL, PASSWORD, forwarded_for="203.0.113.9").status_code != 302

    others = sign_in(portal, EMAIL, PASSWORD, forwarded_for="198.51.100.200")
    assert (others.status_code, others.headers.get("Location")) == (302, "/")


def test_plain_http_goes_to_https_once_and_probes_are_answered_at_any_address(deployed):
    portal = deployed(proxies=1)
    plain = get(portal, "/accounts/login/", X_Forwarded_Proto="http")
    assert plain.status_code == 301
    assert plain.headers["Location"] == f"https://{HOST}/accounts/login/"
    secure = get(portal, "/accounts/login/", X_Forwarded_Proto="https")
    assert secure.status_code == 200
    assert secure.headers["Strict-Transport-Security"] == "max-age=31536000"

    for host in ("10.0.0.5:8000", HOST, "no_host"):
        up = get(portal, "/healthz", host=host)
        assert (up.status_code, up.text) == (200, "ok")
        fit = get(portal, "/readyz", host=host)
        assert fit.status_code == 503
        assert fit.json() == {
            "ready": False,
            "problems": ["worker: none was heard of in the last minute; run manage.py worker"],
        }
    assert get(portal, "/accounts/login/", host="10.0.0.5:8000").status_code == 400


def test_without_a_trusted_proxy_nobody_can_write_a_proxys_headers(deployed):
    portal = deployed(proxies=0)
    claimed = get(portal, "/accounts/login/", X_Forwarded_Proto="https")
    assert (
        claimed.status_code == 200
    )  # no redirect, which a proxy that is not trusted would send round for ever
    assert "Strict-Transport-Security" not in claimed.headers


def test_headers_of_a_proxy_that_nobody_named_are_not_read(deployed):
    portal = deployed(proxies=1, PORTAL_PROXY_ADDRESSES="10.9.8.7")
    claimed = get(portal, "/accounts/login/", X_Forwarded_Proto="https", X_Forwarded_For="8.8.8.8")
    assert claimed.status_code == 301  # still plain HTTP
    assert "PORTAL_PROXY_ADDRESSES does not name it" in portal.log.read_text()


def test_no_header_moves_the_portal_to_another_path(deployed):
    portal = deployed(proxies=1)
    headers = {"Host": HOST, "X-Forwarded-Proto": "https", "SCRIPT_NAME": "/evil", "PATH_INFO": "/evil/"}
    page = requests.get(f"{portal.url}/accounts/login/", headers=headers, timeout=20)
    assert page.status_code == 200
    assert "/evil" not in page.text
    away = requests.get(f"{portal.url}/", headers=headers, timeout=20, allow_redirects=False)
    assert away.headers["Location"].startswith("/accounts/login/")


def test_whom_to_tell_of_a_weakness(client, settings):
    assert client.get("/.well-known/security.txt").status_code == 404
    settings.SECURITY_CONTACT = "mailto:security@example.test"
    told = client.get("/.well-known/security.txt")
    assert told["Content-Type"] == "text/plain; charset=utf-8"
    assert told.content.decode().startswith("Contact: mailto:security@example.test\nExpires: 20")
