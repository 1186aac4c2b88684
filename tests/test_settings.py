"""What a deployer sets, and what the portal says when it is wrong. Would catch: a database connection without
the TLS that was asked for, a fresh key in place of the one that opens the credentials, readable data."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from portal import environment
from tests.support.processes import environment as child_environment

ROOT = Path(__file__).resolve().parent.parent
URL = "PORTAL_DATABASE_URL"
KEY = "0123456789abcdef" * 4
KEYS = {
    "PORTAL_SECRET_KEY": f"{KEY}5",
    "PORTAL_CREDENTIAL_KEYS": f"{KEY}c",
    "PORTAL_RECORD_KEY": f"{KEY}7",
}
POSTGRESQL = "postgresql://portal:password@db.example.test/portal"


@pytest.fixture
def start(tmp_path):
    """start(*command, VARIABLE=...): a fresh Python with these variables alone; its data directory is new."""

    def start(*command, **variables):
        env = {
            name: value
            for name, value in child_environment().items()
            if not name.startswith(("PORTAL_", "DJANGO_"))
        }
        env |= {"PORTAL_DATA_DIR": str(tmp_path / "data"), **variables}
        command = [sys.executable, *command]
        return subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False)

    return start


def reads(name):
    return "-c", f"from portal import settings; print({name})"


SERVES = ("-c", "import portal.wsgi")


def test_options_after_the_database_address_reach_the_server(monkeypatch):
    monkeypatch.setenv(URL, f"{POSTGRESQL}?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem")
    found = environment.database(URL, None)
    assert found["OPTIONS"] == {
        "connect_timeout": 5,
        "options": "-c lock_timeout=20s",
        "sslmode": "verify-full",
        "sslrootcert": "/etc/ca.pem",
    }
    assert (found["NAME"], found["HOST"]) == ("portal", "db.example.test")


def test_the_database_address_may_set_its_own_time_to_connect(monkeypatch):
    monkeypatch.setenv(URL, f"{POSTGRESQL}?connect_timeout=9")
    assert environment.database(URL, None)["OPTIONS"]["connect_timeout"] == "9"


def test_a_query_waits_for_a_lock_as_long_as_it_was_told_on_both_databases(monkeypatch):
    monkeypatch.setenv("PORTAL_LOCK_SECONDS", "3")
    assert environment.database("UNSET", "/srv/portal.db")["OPTIONS"]["timeout"] == 3
    monkeypatch.setenv(URL, f"{POSTGRESQL}?options=-c%20search_path%3Dportal")
    assert environment.database(URL, None)["OPTIONS"]["options"] == "-c lock_timeout=3s -c search_path=portal"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (f"{POSTGRESQL}?ssl_mode=verify-full", "ssl_mode"),
        (f"{POSTGRESQL}?host=elsewhere", "host"),
        (f"{POSTGRESQL}?sslmode=require&sslmode=disable", "twice"),
        (f"{POSTGRESQL}?sslmode=", "without a value"),
        ("postgresql://portal:password@db.example.test:99999/portal", "port"),
        ("postgresql://portal:password@db.example.test:many/portal", "port"),
        ("postgresql://portal:password@[db/portal", "host"),
        ("postgresql://portal:password@db.example.test/", "no database"),
        ("postgresql://portal:pass#word@db.example.test/portal", "host or port"),
        (f"{POSTGRESQL}#word@db.example.test/portal", "%23"),
        ("postgresql://portal:password/1@db.example.test/portal", "%2F"),
        ("sqlite://relative.db", "from the root"),
        ("sqlite:relative.db", "from the root"),
        ("sqlite:///", "from the root"),
        ("sqlite:////srv/portal.db?mode=ro", "from the root"),
        ("password:portal@db.example.test/portal", "must begin with"),
    ],
)
def test_a_database_address_that_cannot_be_meant_is_refused_without_showing_a_password(
    monkeypatch, url, words
):
    monkeypatch.setenv(URL, url)
    with pytest.raises(ImproperlyConfigured) as refused:
        environment.database(URL, None)
    assert words in str(refused.value)
    assert URL in str(refused.value)
    assert "password:" not in str(refused.value)
    assert "'password'" not in str(refused.value)


def test_a_sqlite_address_is_a_path_from_the_root(monkeypatch):
    monkeypatch.setenv(URL, "sqlite:///srv/iot%20portal/portal.db")
    assert environment.database(URL, None)["NAME"] == "/srv/iot portal/portal.db"


@pytest.mark.parametrize("content", ["", " \n", None])
def test_a_key_file_that_is_empty_or_missing_is_named_and_no_key_is_made(monkeypatch, tmp_path, content):
    file = tmp_path / "key"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("PORTAL_RECORD_KEY_FILE", str(file))
    with pytest.raises(ImproperlyConfigured, match="PORTAL_RECORD_KEY_FILE"):
        environment.keys("PORTAL_RECORD_KEY", tmp_path, may_make=True)
    assert not (tmp_path / "record-key").exists()


@pytest.mark.parametrize("value", ["", " \t"])
@pytest.mark.parametrize("variable", ["PORTAL_RECORD_KEY", "PORTAL_RECORD_KEY_FILE"])
def test_a_blank_key_is_refused_and_no_key_is_made(monkeypatch, tmp_path, variable, value):
    monkeypatch.setenv(variable, value)
    with pytest.raises(ImproperlyConfigured, match="PORTAL_RECORD_KEY"):
        environment.keys("PORTAL_RECORD_KEY", tmp_path, may_make=True)
    assert list(tmp_path.iterdir()) == []


def test_a_key_from_a_file_is_that_file(monkeypatch, tmp_path):
    (tmp_path / "key").write_text(f"{KEY}\n")
    monkeypatch.setenv("PORTAL_RECORD_KEY_FILE", str(tmp_path / "key"))
    assert environment.keys("PORTAL_RECORD_KEY", tmp_path, may_make=False) == [KEY]


@pytest.mark.parametrize(
    "key", ["a-word", "a" * 64, KEY[:63], "abcdefghijklmnop-ABCDEFGHIJKLMNOP-01234567", "12" * 40]
)
@pytest.mark.parametrize("variable", sorted(KEYS))
def test_a_key_that_could_be_guessed_is_refused_with_the_command_that_makes_one(start, variable, key):
    refused = start(*reads("settings.DEBUG"), **KEYS | {variable: key})
    assert refused.returncode != 0
    assert "openssl rand -hex 32" in refused.stderr
    assert variable in refused.stderr
    assert key not in refused.stderr


def test_a_short_key_of_before_still_opens_but_signs_nothing(start):
    both = f"{KEY} a-word"
    for variable, name in (
        ("PORTAL_CREDENTIAL_KEYS", "CREDENTIAL_KEYS"),
        ("PORTAL_RECORD_KEY", "RECORD_KEYS"),
    ):
        assert start(*reads(f"settings.{name}[1]"), **KEYS | {variable: both}).stdout.strip() == "a-word"
    assert start(*reads("settings.DEBUG"), **KEYS | {"PORTAL_SECRET_KEY": both}).returncode != 0


def test_several_secret_keys_sign_with_the_first_and_read_all(start):
    given = {**KEYS, "PORTAL_SECRET_KEY": f"{KEY} {KEY[::-1]}"}
    found = start(*reads("settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS"), **given).stdout
    assert found.split() == [KEY, KEY[::-1]]


@pytest.mark.parametrize("missing", sorted(KEYS))
def test_machines_that_share_a_database_do_not_invent_keys(start, tmp_path, missing):
    given = {name: value for name, value in KEYS.items() if name != missing}
    started = start(*reads("settings.RECORD_KEYS[0]"), PORTAL_DATABASE_URL=POSTGRESQL, **given)
    assert started.returncode != 0
    assert f"{missing} or {missing}_FILE must be set" in started.stderr
    assert list((tmp_path / "data").iterdir()) == []

    started = start(*reads("settings.RECORD_KEYS[0]"), PORTAL_DATABASE_URL=POSTGRESQL, **KEYS)
    assert started.stdout.strip() == f"{KEY}7"


def test_a_portal_without_host_names_does_not_start_but_can_be_prepared(start):
    refused = start(*SERVES)
    assert refused.returncode != 0
    assert "PORTAL_ALLOWED_HOSTS is empty" in refused.stderr
    prepared = start("manage.py", "createcachetable")
    assert prepared.returncode == 0, prepared.stderr

    named = start(*SERVES, PORTAL_ALLOWED_HOSTS="portal.example.test")
    assert named.returncode == 0, named.stderr


def test_data_is_for_its_own_user_alone(start, tmp_path):
    before = os.umask(0o022)  # what most shells and supervisors have
    try:
        started = start("manage.py", "createcachetable")
    finally:
        os.umask(before)
    assert started.returncode == 0, started.stderr
    data = tmp_path / "data"
    assert (data / "portal.sqlite3").is_file()
    readable = [path.name for path in (data, *data.rglob("*")) if path.stat().st_mode & 0o077]
    assert readable == []


def test_a_data_directory_that_had_to_be_made_is_closed_whatever_the_umask(start, tmp_path):
    loose = "import os; os.umask(0o022); from portal import settings"
    assert start("-c", loose).returncode == 0
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


def test_the_web_server_makes_files_for_its_own_user_alone(start):
    serves_and_says = "import os; os.umask(0o022); import portal.wsgi; print(oct(os.umask(0)))"
    assert start("-c", serves_and_says, PORTAL_ALLOWED_HOSTS="portal.example.test").stdout.strip() == "0o77"


def test_the_deploy_check_has_nothing_to_say_about_the_documented_settings(start):
    checked = start(
        *("manage.py", "check", "--deploy", "--fail-level", "WARNING"),
        PORTAL_ALLOWED_HOSTS="portal.example.test",
        PORTAL_TRUSTED_PROXIES="1",
        PORTAL_EMAIL_URL="smtps://portal:password@mail.example.test",
        PORTAL_EMAIL_FROM="portal@example.test",
        **KEYS | {"PORTAL_SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyz-0123456789-ABCDEFGHIJ"},
    )
    assert checked.returncode == 0, checked.stderr


@pytest.mark.full
def test_a_portal_without_mail_is_warned_about_and_one_without_a_sender_does_not_start(start):
    checked = start("manage.py", "check", "--deploy", PORTAL_ALLOWED_HOSTS="portal.example.test", **KEYS)
    assert "(portal.W004)" in checked.stderr
    started = start(*SERVES, PORTAL_EMAIL_URL="smtps://portal:hunter2@mail.example.test", **KEYS)
    assert "PORTAL_EMAIL_FROM must be an address" in started.stderr
    assert "hunter2" not in started.stderr


def test_hosts_below_the_portals_name_are_bound_to_https_only_when_asked(start):
    both = "settings.SECURE_HSTS_INCLUDE_SUBDOMAINS, hasattr(settings, 'SECURE_HSTS_PRELOAD')"
    assert start(*reads(both)).stdout.split() == ["False", "False"]
    assert start(*reads(both), PORTAL_HSTS_SUBDOMAINS="true").stdout.split() == ["True", "False"]


@pytest.mark.parametrize("count", ["-1", "one", "²"])
def test_a_count_of_proxies_is_a_number(start, count):
    started = start(*reads("settings.TRUSTED_PROXIES"), PORTAL_TRUSTED_PROXIES=count)
    assert "PORTAL_TRUSTED_PROXIES must be a whole number" in started.stderr


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("", {}),
        ("ops -> Plant 3:operator", {"ops": [("Plant 3", "operator")]}),
        ("a -> T: 1:owner; a -> admin\n", {"a": [("T: 1", "owner"), ("", "admin")]}),
    ],
)
def test_groups_of_the_provider_are_read(monkeypatch, given, found):
    monkeypatch.setenv("PORTAL_OIDC_ROLES", given)
    assert environment.grants("PORTAL_OIDC_ROLES", ["owner", "operator"]) == found


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("PORTAL_OIDC_ROLES", "ops -> Plant 3:boss"),
        ("PORTAL_OIDC_ROLES", "ops -> owner"),
        ("PORTAL_OIDC_ROLES", "-> admin"),
        ("PORTAL_OIDC_ISSUER", "sso.example.test"),
        ("PORTAL_OIDC_ISSUER", "http://sso.example.test"),
        ("PORTAL_MFA_REQUIRED_ROLES", "boss"),
        ("PORTAL_PASSWORDS", "none, please"),
    ],
)
def test_a_wrong_sign_in_setting_is_refused_at_start(start, name, wrong):
    refused = start(*SERVES, PORTAL_ALLOWED_HOSTS="portal.example.test", **{name: wrong})
    assert refused.returncode == 1
    assert name in refused.stderr


@pytest.mark.parametrize(
    ("given", "found"), [("", "['owner', 'admin']"), ("none", "[]"), ("admin", "['admin']")]
)
def test_owners_and_administrators_need_a_second_factor_in_production(start, given, found):
    assert (
        start(*reads("settings.MFA_REQUIRED_ROLES"), PORTAL_MFA_REQUIRED_ROLES=given).stdout.strip() == found
    )
