"""Secrets of every sort are used once in every way; afterwards they are found nowhere but where they belong.

Would catch: a password in a log, a key of an authenticator app in the database, a token in the record, a
credential on a page or in an export, a secret that stays in a file that SQLite has yet to write back.
"""

import logging
import re
from pathlib import Path

import pytest
from django.conf import settings as configured
from django.test import Client

from portal.connections.models import Connection
from portal.home.mails import letters
from portal.teams.models import Role, User
from tests.proofs.town import every_address
from tests.record.test_planted_secrets import files, unpacked
from tests.resources.forms import read
from tests.support.codes import code_of
from tests.support.mails import newest, path_in
from tests.support.plant import make_plant

pytestmark = pytest.mark.database

LISTS = ("audit", "operations", "connections", "people")
PASSWORD, CHOSEN = "canary-password-zq7wvk", "canary-chosen-zq7wvk-2"
TYPED = {
    "secret key": "CanarySK0zq7wvk0000000000000000000000000",
    "IAM password": "canary-iam-zq7wvk",
    "app secret": "canary-app-zq7wvk",
    "device secret": "canarydevicezq7wvk00",
    "SMTP password": "canary-smtp-zq7wvk",
    "OIDC secret": "canary-oidc-zq7wvk",
    "password": PASSWORD,
    "chosen password": CHOSEN,
}


def connect(browser, plant, **values):
    """Make a connection through its form, and let it try to sign in."""
    told = plant.connections[values["platform"]]
    names = ("endpoint", "project_id", "instance_id", "org_id", "region", "edition")
    kept = {name: getattr(told, name) for name in names if getattr(told, name)}
    data = {**kept, "signature": "auto", **values}
    answer = browser.post("/connections/new/", data)
    assert answer.status_code == 302, read(answer).errors
    made = Connection.objects.get(name=values["name"])
    browser.post(f"/connections/{made.pk}/test/")
    browser.post(f"/connections/{made.pk}/edit/", {**data, "name": f"{values['name']} again"})
    return made


def use_all(plant, owner):
    """Each secret in its way; {name: secret} of those that the portal makes."""
    connect(owner, plant, name="keys", platform="iotda", sign_in="keys", access_key="CANARYAK00000000ZQ7W",
            secret_key=TYPED["secret key"])  # fmt: skip
    connect(owner, plant, name="person", platform="iotda", sign_in="password", domain="d", user="u",
            password=TYPED["IAM password"], iam_endpoint=plant.url)  # fmt: skip
    connect(owner, plant, name="app", platform="enos", sign_in="app", app_key="0" * 8,
            app_secret=TYPED["app secret"])  # fmt: skip
    secret = {"secret": TYPED["device secret"]}
    plant.perform("iotda/devices", data={**plant.data("iotda/devices", variety="secrets"), **secret})
    invited = f"/teams/{plant.team.pk}/invitations/"
    assert (
        owner.post(invited, {"email": "new@example.test", "role": "viewer", "where": "team"}).status_code
        == 302
    )
    link = path_in(newest("new@example.test"))
    guest = Client(HTTP_HOST="localhost")
    guest.get(link)
    guest.post("/teams/invitation/", {"name": "New", "password": PASSWORD})
    other = Client(HTTP_HOST="localhost")
    other.post("/accounts/login/", {"login": "new@example.test", "password": f"{PASSWORD}-wrong"})
    assert (
        other.post("/accounts/login/", {"login": "new@example.test", "password": PASSWORD}).status_code == 302
    )
    page = other.get("/accounts/2fa/totp/activate/").content.decode()
    key = re.search(r"<code>([A-Z2-7]{32})</code>", page)[1]
    assert other.post("/accounts/2fa/totp/activate/", {"code": code_of(key)}).status_code == 302
    shown = other.post("/accounts/2fa/recovery-codes/").content.decode()
    codes = re.findall(r"<code>([\w-]{8,})</code>|<li[^>]*>\s*([0-9a-f]{8})\s*</li>", shown)
    changed = {"oldpassword": PASSWORD, "password1": CHOSEN, "password2": CHOSEN}
    assert other.post("/accounts/password/change/", changed).status_code == 302
    owner.post("/accounts/password/reset/", {"email": "new@example.test"})
    reset = path_in(newest("new@example.test"))
    made = {"invitation": link.rstrip("/").rpartition("/")[2], "key of the app": key}
    made |= {f"recovery code {number}": max(each) for number, each in enumerate(codes)}
    assert len(made) > 4, shown
    assert reset != link
    return made | {"reset link": reset.rstrip("/").rpartition("/")[2]}


def places(plant, caplog):
    """(where, bytes) of all that is kept or shown."""
    for path in {*files(), *Path(configured.DATA_DIR).rglob("*")}:
        if path.is_file() and "key" not in path.name and "mails" not in path.parts:
            yield str(path), path.read_bytes()
    yield "log", caplog.text.encode()
    browser = plant.browser(Role.OWNER)
    User.objects.filter(pk=plant.people[Role.OWNER].pk).update(is_portal_admin=True)
    for format in ("jsonl", "csv", "zip"):
        data = b"".join(browser.post("/audit/export/", {"format": format}).streaming_content)
        yield from unpacked(data, format)
    lists = [f"/{each}" for each in every_address() if "<" not in each and not each.startswith("accounts/")]
    found = {"/"} | {each for each in lists if "demo" not in each}
    for address in sorted(found):
        yield address, browser.get(address).getvalue()
    text = "".join(browser.get(f"/{each}/").content.decode() for each in LISTS)
    links = re.findall(rf'href="(/(?:{"|".join(LISTS)})/[\w-]+/)"', text)
    for address in sorted(set(links)):
        yield address, browser.get(address).getvalue()


def test_no_secret_is_found_anywhere(committed_db, emulator, settings, caplog, tmp_path):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    settings.SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {"APPS": [{"provider_id": "sso", "name": "sso", "client_id": "portal",
        "secret": TYPED["OIDC secret"], "settings": {"server_url": "http://127.0.0.1:9"}}]}
    }  # fmt: skip
    caplog.set_level(logging.DEBUG, logger="portal")
    plant = make_plant(emulator.url)
    made = use_all(plant, plant.browser(Role.OWNER))
    assert letters("new@example.test")
    wrong, looked = [], 0
    for where, data in places(plant, caplog):
        looked += 1
        wrong += [
            f"{name} in {where}" for name, secret in {**TYPED, **made}.items() if secret.encode() in data
        ]
    assert wrong == []
    assert looked > 60
