"""What the form of a connection takes. Would catch: plain HTTP to a real platform, an address with a path or
user in it, a host name made of a region, ids that are too long, a missing id."""

import pytest

from portal.connections.forms import ConnectionForm, typed
from portal.teams.models import Team

PROJECT = "0123456789abcdef0123456789abcdef"
KEYS = {"access_key": "AKREALREALREALREAL12", "secret_key": "secret"}
USER = {"domain": "acme", "user": "portal", "password": "with spaces äö"}
COMPLETE = {
    "iotda": {"endpoint": "https://iotda.example.com", "project_id": PROJECT, "sign_in": "keys", **KEYS},
    "roma": {
        "endpoint": "https://roma.example.com",
        "project_id": PROJECT,
        "instance_id": "371d7d79-a1ab-4cf3-a9cc-4a4da6d4ed91",
        "sign_in": "keys",
        **KEYS,
    },
    "enos": {
        "endpoint": "https://enos.example.com",
        "org_id": "o15000000000001",
        "sign_in": "app",
        "app_key": "a",
        "app_secret": "b",
    },
}

pytestmark = [pytest.mark.django_db, pytest.mark.anywhere]


def fill(platform="iotda", without=(), **changes):
    values = {"name": "One", **COMPLETE[platform], **changes}
    values = {name: value for name, value in values.items() if name not in without}
    return ConnectionForm(values, team=Team.objects.create(name="Plant 3"), platform=platform)


@pytest.mark.parametrize("platform", ["iotda", "roma", "enos"])
def test_a_complete_form_is_taken(platform):
    form = fill(platform)
    assert form.errors == {}
    assert form.values["platform"] == platform


@pytest.mark.parametrize(
    ("entered", "kept"),
    [
        ("https://iotda.example.com", "https://iotda.example.com"),
        ("https://IoTDA.Example.com:8443/", "https://iotda.example.com:8443"),
        ("http://127.0.0.1:8001", "http://127.0.0.1:8001"),
        ("http://localhost:8001", "http://localhost:8001"),
        ("http://[::1]:8001", "http://[::1]:8001"),
        ("https://8.8.8.8", "https://8.8.8.8"),
    ],
)
def test_addresses_that_are_taken(entered, kept):
    form = fill(endpoint=entered)
    assert form.errors == {}
    assert form.values["endpoint"] == kept


@pytest.mark.parametrize(
    "entered",
    [
        "",
        "iotda.example.com",
        "ftp://iotda.example.com",
        "http://iotda.example.com",
        "http://127.0.0.1.example.com",
        "https://",
        "https://iotda.example.com/v5",
        "https://iotda.example.com?x=1",
        "https://iotda.example.com#x",
        "https://user:secret@iotda.example.com",
        "https://iotda.example.com:0",
        "https://iotda.example.com:65536",
        "https://iotda.example.com:x",
        "https://iotda example.com",
        "https://iotdä.example.com",
        "https://-iotda.example.com",
        "https://[::1",
        "https://10.0.0.1",
        "https://169.254.169.254",
        "https://[::ffff:10.0.0.1]",
        "https://" + "a" * 250 + ".com",
    ],
)
def test_addresses_that_are_refused(entered):
    assert "endpoint" in fill(endpoint=entered).errors


def test_plain_http_is_for_the_demo_only(settings):
    settings.DEMO = False
    assert "endpoint" in fill(endpoint="http://127.0.0.1:8001").errors


@pytest.mark.parametrize(
    ("platform", "field"),
    [
        ("iotda", "name"),
        ("iotda", "project_id"),
        ("iotda", "access_key"),
        ("iotda", "secret_key"),
        ("roma", "project_id"),
        ("roma", "instance_id"),
        ("enos", "org_id"),
        ("enos", "app_key"),
        ("enos", "app_secret"),
    ],
)
def test_what_a_platform_needs_is_asked_for(platform, field):
    assert list(fill(platform, without=[field]).errors) == [field]


@pytest.mark.parametrize("field", ["instance_id", "edition", "region"])
def test_what_iotda_does_not_need_may_be_left_out(field):
    assert fill(without=[field]).errors == {}


@pytest.mark.parametrize(
    ("platform", "field", "longest"),
    [("iotda", "project_id", 32), ("iotda", "instance_id", 36), ("roma", "instance_id", 36)],
)
def test_ids_have_the_lengths_of_the_documents(platform, field, longest):
    assert fill(platform, **{field: "a" * longest}).errors == {}
    Team.objects.all().delete()
    assert field in fill(platform, **{field: "a" * (longest + 1)}).errors


@pytest.mark.parametrize("field", ["project_id", "instance_id"])
@pytest.mark.parametrize("entered", ["../x", "a b", "a\nb", "ä", "a/b"])
def test_ids_hold_nothing_that_could_change_a_path_or_a_header(field, entered):
    assert field in fill(**{field: entered}).errors


@pytest.mark.parametrize("entered", ["evil.example/", "cn north", "CN-NORTH-4", "-", "a.b"])
def test_a_region_cannot_become_another_host(entered):
    assert "region" in fill(region=entered).errors


def test_password_sign_in_needs_the_region():
    password = {"sign_in": "password", **USER}
    assert list(fill(**password).errors) == ["region"]
    Team.objects.all().delete()
    form = fill(**password, region="cn-north-4")
    assert form.errors == {}
    assert form.credentials == USER


@pytest.mark.parametrize(
    "changes", [{"signature": "v11"}, {"endpoint": "https://x.st1.iotda-app.cn-north-4.myhuaweicloud.com"}]
)
def test_v11_needs_the_region(changes):
    assert list(fill(**changes).errors) == ["region"]
    Team.objects.all().delete()
    assert fill(**changes, region="cn-north-4").errors == {}


@pytest.mark.parametrize("field", ["access_key", "secret_key"])
@pytest.mark.parametrize("entered", ["with space", "line\nbreak", "ä", "\x7f"])
def test_keys_hold_only_what_a_header_can_carry(field, entered):
    assert field in fill(**{field: entered}).errors


def test_a_password_keeps_its_spaces():
    form = fill(sign_in="password", **{**USER, "password": " x "}, region="cn-north-4")
    assert form.errors == {}
    assert form.credentials["password"] == " x "


@pytest.mark.parametrize(("platform", "sign_in"), [("enos", "keys"), ("iotda", "app"), ("iotda", "magic")])
def test_a_sign_in_of_another_platform_is_refused(platform, sign_in):
    assert "sign_in" in fill(platform, sign_in=sign_in).errors


def test_no_secret_is_among_what_is_drawn_again():
    posted = {"name": "One", **KEYS, **USER, "security_token": "t", "app_key": "k", "app_secret": "s"}
    assert typed(posted) == {
        "name": "One",
        "access_key": "AKREALREALREALREAL12",
        "domain": "acme",
        "user": "portal",
        "app_key": "k",
    }
