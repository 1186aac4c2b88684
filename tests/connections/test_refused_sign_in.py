"""A sign-in that the platform refuses pauses the connection after one call. Would catch: a wrong key that is
sent again and again until the platform locks it for everybody, a lock that is called a wrong key, a pause
that outlives the mistake."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.urls import reverse

from portal.connections.models import Condition, Connection
from portal.operations import settling
from portal.operations.models import Operation, State
from portal.record.models import Entry
from tests.connections.crowd import Crowd, ask
from tests.connections.test_checking import KEYS, USER, probe
from tests.operations.endings import due, in_doubt
from tests.resources.forms import new, post, script

WRONG = {**KEYS, "secret_key": KEYS["secret_key"][:-1]}
APP = {"app_key": "11111111-2222-4333-8444-555555555555", "app_secret": "wrong"}
HTMX = {"HTTP_HX_REQUEST": "true"}
# How an account signs in wrongly: platform, changes of its connection, credentials, what the platform says.
REFUSED = {
    "keys": ("iotda", {}, WRONG, "APIGW.0301"),
    "keys of the other kind": ("iotda", {"signature": "v11"}, WRONG, "APIGW.0301"),
    "unknown key": ("roma", {}, {**KEYS, "access_key": "DEMOAK0000000000NONE"}, "the access key is unknown"),
    "password": ("iotda", {"sign_in": "password"}, {**USER, "password": "wrong"}, "username or password"),
    "password of ROMA": ("roma", {"sign_in": "password"}, {**USER, "user": "nobody"}, "username or password"),
    "application secret": ("enos", {}, APP, "1003"),
    "application key": ("enos", {}, {**APP, "app_key": "99999999-2222-4333-8444-555555555555"}, "1002"),
}
every_way = pytest.mark.parametrize(
    ("platform", "changes", "credentials", "words"), REFUSED.values(), ids=REFUSED
)
LISTS = {"iotda": "/iotda/device-groups/", "roma": "/roma/device-groups/", "enos": "/enos/products/"}


def spoil(plant, platform, changes, credentials):
    connection = plant.connections[platform]
    for name, value in changes.items():
        setattr(connection, name, value)
    connection.set_credentials(credentials)
    connection.save()
    return connection


def knocks(emulator):
    """Calls that carried credentials."""
    names = ("authorization", "x-auth-token", "apim-accesstoken")
    return [
        each
        for each in emulator.requests()
        if "/token" in each["path"] or any(name in {key.lower() for key in each["headers"]} for name in names)
    ]


def condition(connection):
    return Condition.objects.now().get(pk=connection.pk)


@every_way
def test_one_refused_call_and_nothing_is_sent_any_more(
    plant, emulator, platform, changes, credentials, words
):
    connection = spoil(plant, platform, changes, credentials)
    browser = plant.browser()
    for _view in range(3):
        assert browser.get(LISTS[platform]).status_code == 200
    assert ask(Connection.objects.get(pk=connection.pk).client(), platform) == "Paused"

    assert len(knocks(emulator)) == 1
    row = condition(connection)
    assert (row.refusal, row.try_at, row.failures) == ("sign_in", None, 0)
    page = browser.get(reverse("connections:detail", args=[connection.pk])).text
    assert "refused the sign-in" in page
    assert words in page
    assert "wrong" not in row.refusal_words.replace("username or password is wrong", "")
    assert "until the connection is changed" in browser.get(reverse("connections:list")).text
    assert words not in browser.get(LISTS[platform]).text  # there it is the portal's own sentence


@every_way
def test_a_test_of_the_connection_costs_one_refused_call_and_pauses(
    plant, emulator, platform, changes, credentials, words
):
    answer = probe(plant, platform, credentials, **changes)
    assert answer.context["result"].part in ("sign_in", "signature")
    assert words in answer.text
    assert len(knocks(emulator)) == 1
    plant.browser().get(LISTS[platform])
    assert len(knocks(emulator)) == 1
    assert condition(plant.connections[platform]).refusal == "sign_in"


def test_a_form_and_its_choices_send_nothing_either(plant, emulator):
    connection = spoil(plant, "iotda", {}, WRONG)
    posted = script("iotda/device-groups", plant)
    browser = plant.browser()
    plant.browser().get(LISTS["iotda"])
    reached = len(knocks(emulator))

    assert browser.get(new("iotda/device-groups")).status_code == 200
    refused = post(browser, new("iotda/device-groups"), posted)

    assert refused.status_code == 422
    assert Operation.objects.get().cause == "paused"
    assert "Nothing is sent until the connection is" in refused.text
    assert "You can try now" not in refused.text
    assert f'href="/connections/{connection.pk}/"' in refused.text
    assert len(knocks(emulator)) == reached == 1


def test_the_workers_looks_send_nothing_either(committed_plant, emulator):
    plant = committed_plant
    operation = in_doubt(plant, emulator, "iotda/device-groups", committed=True)
    emulator.faults([])
    spoil(plant, "iotda", {}, WRONG)
    before = len(knocks(emulator))
    for _look in range(3):
        due()
        settling.settle_due()
    assert len(knocks(emulator)) == before + 1
    operation.refresh_from_db()
    assert operation.state == State.IN_DOUBT

    connection = plant.connections["iotda"]
    connection.set_credentials(KEYS)
    connection.save()
    Condition.objects.update(try_at=Now())
    due()
    settling.settle_due()
    operation.refresh_from_db()
    assert operation.state == State.FOUND


def test_a_password_that_is_changed_meanwhile_is_asked_for_once(plant, emulator):
    """The token still looks good here, but the platform has dropped it, and gives no other."""
    connection = spoil(plant, "roma", {"sign_in": "password"}, USER)
    assert ask(connection.client(), "roma") == "done"
    spoil(plant, "roma", {}, {**USER, "password": "wrong"})
    emulator.reset()  # its tokens are gone
    client = Connection.objects.get(pk=connection.pk).client()
    assert [ask(client, "roma") for _each in range(3)] == ["SignInFailed", "Paused", "Paused"]
    assert [each["path"] for each in emulator.requests() if "/token" in each["path"]] == ["/v3/auth/tokens"]


@pytest.mark.parametrize("way", ["keys", "password"])
def test_correcting_the_connection_ends_the_pause_at_once(plant, emulator, way):
    platform, changes, credentials, _words = REFUSED[way]
    connection = spoil(plant, platform, changes, credentials)
    assert ask(connection.client(), platform) == "SignInFailed"
    typed = {
        **{"name": platform, "endpoint": plant.url, "region": "cn-north-4", "signature": "auto"},
        **{"project_id": connection.project_id, "sign_in": connection.sign_in},
        **(KEYS if way == "keys" else USER),
    }
    answer = plant.browser("manager").post(reverse("connections:edit", args=[connection.pk]), typed)
    assert answer.status_code == 302
    assert (condition(connection).paused_at, condition(connection).refusal_words) == (None, "")
    assert ask(Connection.objects.get(pk=connection.pk).client(), platform) == "done"


def test_try_again_now_lets_one_call_through(plant, emulator):
    connection = spoil(plant, "iotda", {}, WRONG)
    client, manager = connection.client(), plant.browser("manager")
    ask(client, "iotda")
    page = manager.get(reverse("connections:detail", args=[connection.pk])).text
    assert "Try again now" in page
    assert "after the connection was changed" in page

    manager.post(reverse("connections:try_again", args=[connection.pk]))
    assert [ask(client, "iotda") for _each in range(3)] == ["SignInFailed", "Paused", "Paused"]
    assert len(knocks(emulator)) == 2
    assert condition(connection).try_at is None
    assert Entry.objects.filter(verb="connection_try").count() == 1

    manager.post(reverse("connections:try_again", args=[connection.pk]))
    emulator.faults([{"fault": "html_502"}])  # an outage says nothing about the key
    said = str(condition(connection).failure)
    assert [ask(client, "iotda") for _each in range(3)] == ["Unclear", "Paused", "Paused"]
    assert (condition(connection).try_at, condition(connection).failure) == (None, said)
    assert condition(connection).refusal
    emulator.faults([])

    manager.post(reverse("connections:try_again", args=[connection.pk]))
    emulator.faults([{"fault": "answer", "status": 200, "body": {"applications": []}}])  # put in order there
    assert ask(client, "iotda") == "done"
    assert condition(connection).paused_at is None


def test_a_test_that_finds_nothing_wrong_ends_the_pause(plant, emulator):
    connection = plant.connections["iotda"]
    refusal = {"error_code": "APIGW.0301", "error_msg": "Incorrect IAM authentication information."}
    emulator.faults([{"fault": "answer", "status": 401, "body": refusal}])
    assert ask(connection.client(), "iotda") == "SignInFailed"
    emulator.faults([])
    assert ask(connection.client(), "iotda") == "Paused"
    assert "The connection works" in probe_again(plant, connection).text
    assert ask(connection.client(), "iotda") == "done"


def probe_again(plant, connection):
    return plant.browser("manager").post(reverse("connections:test", args=[connection.pk]))


@pytest.mark.parametrize("platform", ["iotda", "roma"])
def test_a_locked_key_is_called_locked_with_its_time(plant, emulator, platform):
    emulator.settings({"lock_after_failures": 1})
    connection = plant.connections[platform]
    other = Connection.objects.create(
        team=connection.team, name="other", platform=platform, endpoint=connection.endpoint,
        project_id=connection.project_id, instance_id=connection.instance_id, sign_in="keys",
    )  # fmt: skip
    other.set_credentials(WRONG)
    other.save()
    assert ask(other.client(), platform) == "SignInFailed"

    assert ask(connection.client(), platform) == "SignInFailed"
    row = condition(connection)
    assert row.refusal == "lock"
    assert timedelta(seconds=280) < row.try_at - row.now <= timedelta(seconds=300)
    page = plant.browser("manager").get(reverse("connections:detail", args=[connection.pk])).text
    assert "locked the access key" in page
    assert "5 minutes" in page
    assert f"{row.try_at:%Y-%m-%d %H:%M:%S} UTC" in page
    listed = plant.browser().get(LISTS[platform]).text
    assert "locked the access key" in listed
    assert "Correct the credentials" not in page

    tested = probe_again(plant, connection)
    assert "locked the access key" in tested.text
    assert "Check access key" not in tested.text

    emulator.settings({"lock_after_failures": None})
    Condition.objects.update(try_at=Now())
    assert ask(connection.client(), platform) == "done"


def test_a_good_connection_of_the_same_key_is_not_locked_out(plant, emulator):
    """The case from the report: a team mistypes one letter of a key that others use, too."""
    emulator.settings({"lock_after_failures": 5})
    harbour = Connection.objects.create(
        team=plant.connections["iotda"].team, name="harbour", platform="iotda", endpoint=plant.url,
        project_id=plant.connections["iotda"].project_id, sign_in="keys",
    )  # fmt: skip
    harbour.set_credentials(WRONG)
    harbour.save()
    probe_again(plant, harbour)
    for _view in range(6):
        plant.browser().get(f"{LISTS['iotda']}?connection={harbour.pk}")
        ask(harbour.client(), "iotda")
    assert ask(plant.connections["iotda"].client(), "iotda") == "done"


def test_a_refusal_with_an_endless_code_pauses_as_well(plant, emulator):
    body = {"error_code": "X." + "1" * 1000, "error_msg": "no"}
    emulator.faults([{"fault": "answer", "status": 401, "body": body}])
    connection = plant.connections["iotda"]

    answers = [ask(connection.client(), "iotda") for _call in range(2)]

    assert answers == ["SignInFailed", "Paused"]
    assert len(condition(connection).failure) <= 200


def test_all_processes_know_of_one_refusal(committed_db, committed_plant, emulator):
    connection = spoil(committed_plant, "iotda", {}, WRONG)
    with Crowd(connection, committed_db) as crowd:
        assert crowd.call(1) == ["SignInFailed"]
        assert crowd.call(4, calls=3) == ["Paused"] * 12
    assert len(knocks(emulator)) == 1


@pytest.mark.parametrize("quoted", ["secret_key", "access_key"])
def test_the_platforms_words_are_kept_without_the_credentials(plant, emulator, quoted):
    words = f"Signature of {KEYS[quoted]} is wrong."
    emulator.faults([{"fault": "answer", "status": 401, "body": {"error_code": "X.1", "error_msg": words}}])
    connection = plant.connections["iotda"]
    ask(connection.client(), "iotda")
    assert condition(connection).refusal_words == "X.1 Signature of ‹secret› is wrong."
