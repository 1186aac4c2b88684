"""Testing a connection against the emulator. Would catch: a failure blamed on the wrong part, a call
while a transaction is open, a secret quoted by the platform that ends up in a page or in the record."""

import pytest
from django.core.management import call_command
from django.db import connection as database
from django.urls import reverse
from django.utils import timezone

from portal import words
from portal.connections import service
from portal.connections.models import Connection
from portal.record.models import Body, Entry
from portal.teams.models import User

KEYS = {"access_key": "DEMOAK0000000000EXMP", "secret_key": "DemoSK00000000000000000000000000000Exmpl"}
NOBODY_LISTENS = object()
USER = {"domain": "demo-account", "user": "demo-user", "password": "Demo-pass-1"}


def probe(plant, platform="iotda", credentials=None, role="manager", **changes):
    """The page after "Test connection"; `changes` are made to the connection before."""
    connection = plant.connections[platform]
    for name, value in changes.items():
        setattr(connection, name, value)
    if credentials is not None:
        connection.set_credentials(credentials)
    connection.changed_at = timezone.now()  # as the service does: this process keeps a client of it
    connection.save()
    return plant.browser(role).post(reverse("connections:test", args=[connection.pk]))


def results(answer):
    return {finding.part: state for _part, state, finding in answer.context["result"].rows}


def last():
    entry = Entry.objects.order_by("seq").last()
    return entry, Body.objects.get(seq=entry.seq).text


@pytest.mark.parametrize("platform", ["iotda", "roma", "enos"])
def test_a_working_connection_says_so_part_by_part(plant, platform):
    answer = probe(plant, platform)
    assert answer.context["result"].part == "", answer.context["result"].text
    assert "failed" not in results(answer).values()
    assert results(answer)["address"] == "ok"
    assert "The connection works" in answer.text
    row = Connection.objects.get(pk=plant.connections[platform].pk)
    assert row.checked_at is not None
    assert row.check_part == ""
    entry, _body = last()
    assert (entry.verb, entry.outcome, entry.connection) == ("connection_test", "done", platform)


@pytest.mark.parametrize("platform", ["iotda", "roma"])
def test_user_and_password_work_too(plant, platform):
    answer = probe(plant, platform, USER, sign_in="password")
    assert answer.context["result"].part == "", answer.context["result"].text


def test_temporary_keys_work_too(plant):
    keys = {
        "access_key": "DEMOTEMPAK0000000000",
        "secret_key": "DemoTempSK000000000000000000000000000Exmpl",
        "security_token": "demo-security-token",
    }
    answer = probe(plant, credentials=keys, sign_in="temporary_keys")
    assert answer.context["result"].part == "", answer.context["result"].text


@pytest.mark.parametrize(
    ("platform", "changes", "credentials", "part"),
    [
        ("iotda", {"endpoint": NOBODY_LISTENS}, None, "address"),
        ("iotda", {"project_id": "f" * 32}, None, "project"),
        ("iotda", {"instance_id": "another-instance"}, None, "answer"),  # no document prints its code
        ("roma", {"instance_id": "another-instance"}, None, "instance"),
        ("enos", {"org_id": "o2"}, None, "project"),
        ("iotda", {"sign_in": "password"}, {**USER, "password": "wrong"}, "sign_in"),
        ("iotda", {}, {**KEYS, "secret_key": "wrong"}, "signature"),
        ("enos", {}, {"app_key": "11111111-2222-4333-8444-555555555555", "app_secret": "wrong"}, "sign_in"),
        ("iotda", {}, {}, "sign_in"),
    ],
)
def test_the_failing_part_is_named(plant, refusing_port, platform, changes, credentials, part):
    changes = {
        name: refusing_port.url if value is NOBODY_LISTENS else value for name, value in changes.items()
    }
    answer = probe(plant, platform, credentials, **changes)
    assert answer.status_code == 200
    assert answer.context["result"].part == part, results(answer)
    assert f'data-failed-part="{part}"' in answer.text
    assert results(answer)[part] == "failed"
    assert Connection.objects.get(pk=plant.connections[platform].pk).check_part == part
    assert last()[0].outcome == "failed"
    for secret in ("DemoSK0000", "wrong", "Demo-pass-1", "aaaaaaaa-bbbb"):
        assert secret not in last()[1]


def test_a_signature_of_the_wrong_kind_is_named(plant, emulator):
    emulator.settings({"require_v11": True})
    answer = probe(plant)
    assert answer.context["result"].part == "signature"
    assert "V11-HMAC-SHA256" in answer.text
    assert probe(plant, signature="v11").context["result"].part == ""


def test_an_edition_that_lacks_policies_is_told_in_the_platforms_words(plant, emulator):
    emulator.settings({"edition": "basic"})
    answer = probe(plant)
    assert answer.context["result"].part == "answer"
    assert "cause is not known" in answer.text
    assert "not supported by the basic edition" in answer.text


def test_credentials_of_another_key_say_that_they_cannot_be_opened(plant, settings):
    settings.CREDENTIAL_KEYS = ["another key"]
    answer = plant.browser("manager").post(reverse("connections:test", args=[plant.connections["roma"].pk]))
    assert answer.context["result"].part == "sign_in"
    assert "cannot be opened" in answer.text


def test_demo_credentials_never_leave_this_machine(plant):
    answer = probe(plant, endpoint="https://iotda.example.com")
    assert answer.context["result"].part == "sign_in"
    assert "refused for any address but this machine" in answer.text


def test_a_password_that_was_corrected_counts_at_once(plant):
    probe(plant, "roma", USER, sign_in="password")  # fills the shared token
    typed = {
        "name": "roma",
        "endpoint": plant.url,
        "region": "cn-north-4",
        "project_id": "0123456789abcdef0123456789abcdef",
        "instance_id": "demo-roma-instance",
        "sign_in": "password",
        "password": "wrong",
    }
    connection = plant.connections["roma"]
    saved = plant.browser("manager").post(reverse("connections:edit", args=[connection.pk]), typed)
    assert saved.status_code == 302
    answer = plant.browser("manager").post(reverse("connections:test", args=[connection.pk]))
    assert answer.context["result"].part == "sign_in"


def test_htmx_gets_the_result_alone(plant):
    address = reverse("connections:test", args=[plant.connections["enos"].pk])
    piece = plant.browser("manager").post(address, HTTP_HX_REQUEST="true")
    assert piece.text.lstrip().startswith('<div id="connection">')


def test_a_viewer_sees_the_last_result(plant):
    probe(plant, "roma", instance_id="another-instance")
    text = (
        plant.browser("viewer").get(reverse("connections:detail", args=[plant.connections["roma"].pk])).text
    )
    assert "Instance:" in text


def test_the_result_is_kept_as_code_and_parameters(plant, monkeypatch):
    """Whoever looks later reads it in their own language."""
    probe(plant, "iotda", {})
    connection = plant.connections["iotda"]
    row = Connection.objects.get(pk=connection.pk)
    assert row.check_said["params"]["text"]["code"] == "connection.no_credentials"

    german = {"This connection has no credentials. Enter them on its page.": "Keine Zugangsdaten."}
    monkeypatch.setattr(words, "translate", lambda text: german.get(text, text))
    page = plant.browser("viewer").get(reverse("connections:detail", args=[connection.pk])).text

    assert "Keine Zugangsdaten." in page


def test_the_platforms_own_words_are_kept_with_it_without_secrets(plant):
    probe(plant, "enos", {"app_key": "11111111-2222-4333-8444-555555555555", "app_secret": "wrong"})
    row = Connection.objects.get(pk=plant.connections["enos"].pk)
    assert row.check_said["code"] == "connection.test_failed_with"
    assert row.check_said["params"]["detail"] in row.check_text
    assert last()[0].text == row.check_text


@pytest.mark.full
def test_what_was_found_before_the_last_upgrade_is_still_shown(committed_plant):
    """A result that was kept as text, in one language."""
    connection = committed_plant.connections["iotda"]
    call_command("migrate", "connections", "0002", verbosity=0)
    with database.cursor() as cursor:
        values = [timezone.now(), "project", "The project id is wrong (403 100%)."]
        cursor.execute(
            "UPDATE connections_connection SET checked_at = %s, check_part = %s, check_text = %s", values
        )

    call_command("migrate", "connections", verbosity=0)

    page = committed_plant.browser().get(reverse("connections:detail", args=[connection.pk])).text
    assert "The project id is wrong (403 100%)." in page
    assert {each.credentials()["access_key"] for each in Connection.objects.exclude(platform="enos")} == {
        KEYS["access_key"]
    }


def test_changing_a_connection_forgets_the_old_result(plant):
    probe(plant)
    connection = plant.connections["iotda"]
    typed = {
        "name": "iotda",
        "endpoint": plant.url,
        "project_id": "0123456789abcdef0123456789abcdef",
        "sign_in": "keys",
    }
    plant.browser("manager").post(reverse("connections:edit", args=[connection.pk]), typed)
    assert Connection.objects.get(pk=connection.pk).checked_at is None


def test_a_result_is_not_written_to_a_connection_that_was_changed_meanwhile(plant):
    tested = plant.connections["roma"]
    Connection.objects.filter(pk=tested.pk).update(changed_at=timezone.now())
    service.probe(tested, actor=User.objects.get(pk=plant.people["owner"].pk))
    assert Connection.objects.get(pk=tested.pk).checked_at is None


def test_the_test_is_no_call_inside_a_transaction(committed_plant):
    # In committed_plant nothing but the service opens transactions, so the client would refuse.
    assert probe(committed_plant).context["result"].part == ""
