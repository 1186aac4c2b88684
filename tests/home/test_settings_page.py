"""The page of settings in force. Would catch: a variable that no page and no document has, a secret on
the page, somebody else who sees it, a page that writes, a test mail that goes to somebody else.
"""

import re
from pathlib import Path

import pytest
from django.conf import settings as configured
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal import environment, variables
from portal.home import health, in_force
from portal.home.mails import letters
from portal.mail.models import Mail
from portal.record.models import Entry
from portal.teams.models import Role, User
from tests.support.plant import make_plant

NAME = re.compile(r"[\"'`](PORTAL_[A-Z0-9_]+)[\"'`]")
CANARY = "canary-9f8e7d6c"


@pytest.fixture
def admin(db):
    person = User.objects.create(email="root@example.test", is_portal_admin=True)
    browser = Client(HTTP_HOST="localhost")
    browser.force_login(person)
    return browser


def written():
    """Names of variables that the code speaks of."""
    root = Path(configured.BASE_DIR)
    files = [*root.joinpath("portal").rglob("*.py"), root / "manage.py"]
    found = {name for file in files for name in NAME.findall(file.read_text())}
    return found - {"PORTAL_ADMIN", "PORTAL_FAILED", "PORTAL_ROLES"}


def test_every_variable_is_on_the_page_and_described(admin):
    text = admin.get("/settings/").content.decode()
    shown = set(re.findall(r'data-setting="(\w+)"', text))
    described = {name for name, about in in_force.documented().items() if about}
    assert len(shown) > 30
    assert shown >= set(variables.READ) | written()
    assert written() - described == set(), "say in portal/settings.py what it is for"


def test_it_says_where_a_value_comes_from(monkeypatch, tmp_path):
    monkeypatch.setenv("PORTAL_ONE", "7")
    (tmp_path / "two").write_text("x\n")
    monkeypatch.setenv("PORTAL_TWO_FILE", str(tmp_path / "two"))
    monkeypatch.setattr(variables, "READ", {})
    environment.number("PORTAL_ONE", 3)
    environment.text("PORTAL_TWO")
    environment.flag("PORTAL_THREE", True)
    environment.secret("PORTAL_TWO_SECRET")
    found = {row.name: (row.value, row.source) for row in in_force.all_settings()}
    assert found["PORTAL_ONE"] == ("7", "environment")
    assert found["PORTAL_TWO"] == ("x", "file")
    assert found["PORTAL_THREE"] == ("yes", "default")
    assert found["PORTAL_TWO_SECRET"] == ("not set", "default")


def test_no_secret_is_on_it(admin, settings, monkeypatch):
    key = f"{CANARY}0123456789abcdef0123456789abcdef0123456789abcdef"
    settings.SECRET_KEY_FALLBACKS = [key]
    settings.CREDENTIAL_KEYS = [*settings.CREDENTIAL_KEYS, key]
    settings.RECORD_KEYS = [*settings.RECORD_KEYS, key]
    settings.CHECKPOINT_KEYS = [*settings.CHECKPOINT_KEYS, key]
    settings.CHECKPOINT_SINKS = [f"https://user:{CANARY}@log.example.test/in?token={CANARY}"]
    settings.QUEUE_URL = f"redis://user:{CANARY}@redis.example.test/0"
    settings.HTTPS_PROXY = f"http://user:{CANARY}@proxy.example.test:3128"
    monkeypatch.setenv("PORTAL_EMAIL_URL", f"smtp://user:{CANARY}@mail.example.test:587")
    settings.MAIL = environment.mail("PORTAL_EMAIL_URL")
    monkeypatch.setenv("PORTAL_OIDC_CLIENT_SECRET", CANARY)
    environment.secret("PORTAL_OIDC_CLIENT_SECRET")
    postgresql = f"postgresql://portal:{CANARY}@db.example.test/portal?sslpassword={CANARY}"
    monkeypatch.setenv("PORTAL_OTHER_URL", postgresql)
    monkeypatch.setattr(
        in_force.settings, "DATABASES", {"default": environment.database("PORTAL_OTHER_URL", None)}
    )
    text = admin.get("/settings/").content.decode()
    assert CANARY not in text
    assert configured.SECRET_KEY not in text
    for word in (
        "mail.example.test:587",
        "redis.example.test",
        "proxy.example.test:3128",
        "log.example.test/in",
    ):
        assert word in text
    assert "2: <code>" in text


def test_administrators_alone_see_it_and_nothing_of_a_team(admin):
    plant = make_plant("http://127.0.0.1:9", name="Harbour 1")
    assert plant.browser(Role.OWNER).get("/settings/").status_code == 403
    text = admin.get("/settings/").content.decode()
    assert plant.team.name not in text
    assert plant.people[Role.OWNER].email not in text
    assert "0 of 3 are paused" in text


def test_looking_writes_nothing(admin):
    admin.get("/settings/")
    with CaptureQueriesContext(connection) as captured:
        admin.get("/settings/")
    writes = [each["sql"] for each in captured if re.match(r"INSERT|UPDATE|DELETE", each["sql"])]
    assert writes == []


def test_what_is_not_well_is_said(admin, settings, monkeypatch):
    settings.MAIL = None
    monkeypatch.setattr(health.HUEY, "pending_count", lambda: 1 / 0)
    states = {str(part.label): part.is_well for part in health.parts()}
    assert (states["Mail"], states["Queue"], states["Worker"]) == (False, False, False)
    assert (states["Keys"], states["Audit log"]) == (True, True)


def test_a_test_mail_goes_to_who_asks_and_is_recorded(admin, settings, tmp_path):
    settings.MAIL = environment.mail_files(tmp_path / "mails")
    answer = admin.post("/settings/mail-test/", {"email": "other@example.test"}, follow=True)
    assert "on its way to" in answer.content.decode()
    assert [each.address for each in letters("root@example.test")] == ["root@example.test"]
    assert Mail.objects.count() == 1
    entry = Entry.objects.get(verb="mail_test")
    assert (entry.actor, entry.object_name, entry.outcome) == (
        "root@example.test",
        "root@example.test",
        "done",
    )

    plant = make_plant("http://127.0.0.1:9")
    assert plant.browser(Role.OWNER).post("/settings/mail-test/").status_code == 403
    assert Entry.objects.filter(verb="mail_test", outcome="denied").count() == 1
    settings.MAIL = None
    assert admin.post("/settings/mail-test/").status_code == 422
    assert Mail.objects.count() == 1
