"""`manage.py connection_add`. Would catch: what the form would refuse, secrets in its messages."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from portal.connections.models import Connection
from portal.record.models import Body, Entry
from portal.teams.models import Team

GOOD = {
    "access_key": "AKREALREALREALREAL12",
    "secret_key": "VerySecretKey",
    "project_id": "0123456789abcdef0123456789abcdef",
    "instance_id": "some-instance",
}

pytestmark = pytest.mark.django_db


@pytest.fixture
def add(tmp_path):
    Team.objects.create(name="Plant 3")

    def add(content, team="Plant 3", platform="roma", name="Cloud", endpoint="https://roma.example.com"):
        file, output = tmp_path / "credentials.json", io.StringIO()
        file.write_text(content if isinstance(content, str) else json.dumps(content))
        options = {"team": team, "platform": platform, "name": name, "endpoint": endpoint, "file": str(file)}
        call_command("connection_add", stdout=output, **options)
        return output.getvalue()

    return add


def test_a_connection_is_added_and_recorded(add):
    said = add(GOOD)
    connection = Connection.objects.get()
    assert str(connection.pk) in said
    assert (connection.sign_in, connection.instance_id) == ("keys", "some-instance")
    assert connection.credentials() == {"access_key": "AKREALREALREALREAL12", "secret_key": "VerySecretKey"}
    entry = Entry.objects.get()
    assert (entry.verb, entry.via, entry.actor, entry.team) == (
        *("connection_create", "command"),
        *("command line", "Plant 3"),
    )
    assert "VerySecretKey" not in Body.objects.get().text + said


def test_limits_may_stand_in_the_file(add):
    add({**GOOD, "calls_per_minute": "600", "calls_at_once": "4"})
    assert Connection.objects.values_list("calls_per_minute", "calls_at_once").get() == (600, 4)


@pytest.mark.parametrize(
    ("given", "platform", "sign_in"),
    [
        ({**GOOD, "security_token": "t"}, "roma", "temporary_keys"),
        ({"domain": "d", "user": "u", "password": "p", "region": "cn-north-4"}, "roma", "password"),
        ({"app_key": "k", "app_secret": "s", "org_id": "o1"}, "enos", "app"),
    ],
)
def test_the_sign_in_is_guessed_from_the_names(add, given, platform, sign_in):
    if sign_in == "password":
        given = {**given, "project_id": GOOD["project_id"], "instance_id": "some-instance"}
    add(given, platform=platform)
    assert Connection.objects.get().sign_in == sign_in


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"endpoint": "http://roma.example.com"}, "endpoint: "),
        ({"content": {**GOOD, "instance_id": "x" * 37}}, "instance_id: "),
        (
            {"content": {**GOOD, "access_key": "DEMOAK0000000000EXMP"}},
            "refused for any address but this machine",
        ),
        ({"content": {**GOOD, "org_id": "o1"}}, "Not used by this platform and sign-in: org_id"),
        ({"content": {**GOOD, "secretkey": "VerySecretKey"}}, "Unknown names in the file: secretkey"),
        ({"content": {"access_key": "VerySecretKey"}}, "lacks credentials"),
        ({"content": {**GOOD, "calls_at_once": "many"}}, "calls_at_once: "),
        ({"content": {**GOOD, "secret_key": 5}}, "whose values are texts"),
        ({"content": "{VerySecretKey"}, "does not hold JSON"),
        ({"team": "Nobody"}, "no team named 'Nobody'"),
    ],
)
def test_what_the_form_would_refuse_is_refused_in_words_without_secrets(add, change, text):
    with pytest.raises(CommandError) as refusal:
        add(**{"content": GOOD, **change})
    assert text in str(refusal.value)
    assert "VerySecretKey" not in str(refusal.value)
    assert not Connection.objects.exists()
    assert not Entry.objects.exists()


def test_a_taken_name_is_refused(add):
    add(GOOD)
    with pytest.raises(CommandError, match="name: Your team already has a connection with this name"):
        add(GOOD)
