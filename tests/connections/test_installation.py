"""Demo and production keep apart, and keys can be changed. Would catch: the demo's public passwords in a
production, a production's data in a demo, a rotation that loses a secret or leaves one to the old key.
"""

import json

import pytest
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection

from portal import sealing
from portal.connections import installation
from portal.connections.models import CANARY_PLACE, Connection, Installation, StoredToken, token_place
from portal.operations.models import Operation
from portal.record.models import Body, Entry
from portal.teams.demo_passwords import PASSWORD
from portal.teams.models import User
from tests.support.processes import run_manage

NEW = "fedcba9876543210" * 4
SQLITE = {"PORTAL_DATABASE_URL": ""}
PRODUCTION = {"PORTAL_DEMO": "false", "PORTAL_ALLOWED_HOSTS": "portal.example.test"}
DEMO = {"PORTAL_DEMO": "true"}
OTHER = {True: PRODUCTION, False: DEMO}
REST = [
    ("refresh",),
    ("audit_verify",),
    ("credentials_rotate",),
    ("createsuperuser", "--no-input", "--email", "a@b.test"),
]
COMMANDS = [
    ("worker", "--once"),
    ("migrate",),
    ("shell", "-c", "import portal.wsgi"),
    *(pytest.param(command, marks=pytest.mark.full) for command in REST),
]


def manage(*command, data, **variables):
    return run_manage(*command, **{"PORTAL_DATA_DIR": str(data), **SQLITE, **variables})


@pytest.fixture(scope="module", params=[True, False], ids=["demo", "production"])
def used(request, tmp_path_factory):
    """(data directory, whether it is a demo's)."""
    data = tmp_path_factory.mktemp("used")
    made = manage("migrate", data=data, **(DEMO if request.param else PRODUCTION))
    assert made.returncode == 0, made.stderr
    return data, request.param


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_every_command_refuses_the_others_database(used, command):
    data, is_demo = used
    refused = manage(*command, data=data, **OTHER[is_demo])
    assert refused.returncode != 0
    assert "never mix" in refused.stderr
    assert "Set PORTAL_DATA_DIR" in refused.stderr


def test_its_own_database_is_used_again(used):
    data, is_demo = used
    again = manage("worker", "--once", data=data, **OTHER[not is_demo])
    assert "never mix" not in again.stderr


def test_serving_refuses_the_others_directory_also_with_another_database(used, tmp_path):
    data, is_demo = used
    other = f"sqlite:///{tmp_path}/other.sqlite3"
    given = OTHER[is_demo] | {"PORTAL_DATABASE_URL": other}
    refused = run_manage("shell", "-c", "import portal.wsgi", PORTAL_DATA_DIR=str(data), **given)
    assert refused.returncode != 0
    assert str(data) in refused.stderr


def test_a_demo_of_before_is_known_by_its_lock(tmp_path):
    (tmp_path / "demo.lock").touch()
    refused = manage("shell", "-c", "import portal.wsgi", data=tmp_path, **PRODUCTION)
    assert refused.returncode != 0
    assert "belongs to the demo" in refused.stderr


@pytest.mark.parametrize(("password", "is_demo"), [(PASSWORD, True), ("another-password-1", False)])
def test_a_database_of_before_is_known_by_the_passwords_that_everybody_knows(db, password, is_demo, settings):
    settings.DEMO = not is_demo
    User.objects.bulk_create([User(email="owner@example.test", name="O")])
    User.objects.update(password=_hash(password))
    Installation.objects.all().delete()

    installation.mark()

    assert Installation.objects.get().is_demo is is_demo


def _hash(password):
    user = User()
    user.set_password(password)
    return user.password


def test_there_is_one_installation(db):
    with pytest.raises(IntegrityError):
        Installation.objects.create(pk=2, is_demo=True, canary="")


def test_the_refusal_comes_with_the_first_connection(committed_db, settings, monkeypatch):
    monkeypatch.setattr(installation, "_known", {})
    connection.close()
    settings.DEMO = False
    with pytest.raises(ImproperlyConfigured, match="belongs to the demo"):
        connection.ensure_connection()
    settings.DEMO = True
    connection.ensure_connection()


@pytest.mark.parametrize("is_demo", [True, False])
def test_the_demos_password_signs_in_to_a_demo_and_nowhere_else(db, client, settings, is_demo):
    User.objects.bulk_create([User(email="owner@example.test", name="O", password=_hash(PASSWORD))])
    settings.DEMO = is_demo
    answer = client.post("/accounts/login/", {"login": "owner@example.test", "password": PASSWORD})
    assert answer.status_code == (302 if is_demo else 200)
    assert ("_auth_user_id" in client.session) is is_demo


def test_keys_that_open_nothing_are_told(db, settings):
    assert installation.problems() == []
    settings.CREDENTIAL_KEYS = [NEW]
    assert [each.msg for each in installation.check(None, ["default"])] == [installation.OTHER_KEYS]


def sealed():
    """{(model, id, column): (sealed text, its place)} of all that is sealed."""
    return {
        (model, row.pk, column): (getattr(row, column), place)
        for model in apps.get_models()
        if hasattr(model, "sealed_places")
        for row in model._default_manager.all()
        for column, place in row.sealed_places().items()
        if getattr(row, column)
    }


def test_a_rotation_seals_all_with_the_new_key_and_the_old_one_may_go(plant, settings, capsys):
    found = Connection.objects.first()
    credentials = found.credentials()
    StoredToken.objects.create(
        connection=found, name="t", sealed=sealing.seal("token", token_place(found.pk, "t"))
    )
    operation = plant.perform("iotda/device-groups")
    texts = {
        "sealed_data": sealing.seal({"a": 1}, operation.sealed_places()["sealed_data"]),
        "sealed_secrets": operation.seal_secrets({"secret": "s"}),
    }
    Operation.objects.filter(pk=operation.pk).update(**texts)
    before = sealed()
    assert len({model for model, *_ in before}) == 4

    settings.CREDENTIAL_KEYS = [NEW, *settings.CREDENTIAL_KEYS]
    call_command("credentials_rotate")
    settings.CREDENTIAL_KEYS = [NEW]

    after = sealed()
    assert after.keys() == before.keys()
    assert all(sealing.unseal(text, place) is not None for text, place in after.values())
    assert Connection.objects.get(pk=found.pk).credentials() == credentials
    assert installation.problems() == []
    entry = Entry.objects.get(verb="credentials_rotate")
    assert json.loads(Body.objects.get(pk=entry.pk).text)["sealed"] == len(before)
    assert f"{len(before)} secrets" in capsys.readouterr().out
    # Once more changes nothing.
    call_command("credentials_rotate")
    assert sealed() == after


def test_what_no_key_opens_is_named_and_the_rest_is_sealed_anew(plant, settings):
    lost, *others = Connection.objects.order_by("pk")
    old = settings.CREDENTIAL_KEYS
    settings.CREDENTIAL_KEYS = ["0f1e2d3c4b5a6978" * 4]
    lost.set_credentials({"access_key": "a"})
    lost.save()
    settings.CREDENTIAL_KEYS = [NEW, *old]
    with pytest.raises(CommandError, match=str(lost.pk)):
        call_command("credentials_rotate")
    settings.CREDENTIAL_KEYS = [NEW]
    assert all(Connection.objects.get(pk=each.pk).credentials() for each in others)


def test_the_canary_is_sealed_for_its_place(db):
    assert sealing.unseal(Installation.objects.get().canary, CANARY_PLACE) == installation.CANARY
