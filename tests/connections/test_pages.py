"""Connections in the browser. Would catch: a role that sees or changes what it may not, a secret in a page or
in the record, stored credentials sent to a new address, demo credentials sent to any other machine."""

import pytest
from django.test import Client
from django.urls import reverse

from portal.connections.models import Connection, StoredToken
from portal.record.models import Body, Entry
from tests.support.plant import make_plant

NOWHERE = "http://127.0.0.1:9"
PROJECT = "0123456789abcdef0123456789abcdef"
AK, SK = "AKREALREALREALREAL12", "SecretSecretSecretSecretSecret1234"
IOTDA = {
    "platform": "iotda",
    "name": "New one",
    "endpoint": "https://iotda.example.com",
    "project_id": PROJECT,
    "edition": "standard",
    "sign_in": "keys",
    "signature": "auto",
    "access_key": AK,
    "secret_key": SK,
}

pytestmark = [pytest.mark.django_db, pytest.mark.anywhere]


@pytest.fixture
def plant():
    return make_plant(NOWHERE)


@pytest.fixture
def harbour():
    return make_plant(NOWHERE, name="Harbour")


def browser(user):
    client = Client(HTTP_HOST="localhost")
    client.force_login(user)
    return client


def url(name, plant, platform="iotda"):
    return reverse(f"connections:{name}", args=[plant.connections[platform].pk])


def last_entry():
    return Entry.objects.order_by("seq").last()


def last_body():
    return Body.objects.get(seq=last_entry().seq).text


STATUS = """
page           viewer auditor operator manager owner stranger
get_list       200    200     200      200     200   200
get_detail     200    200     200      200     200   404
get_new        403    403     403      200     200   200
post_new       403    403     403      302     302   302
get_edit       403    403     403      200     200   404
post_edit      403    403     403      302     302   404
post_test      403    403     403      200     200   404
get_test       405    405     405      405     405   405
get_condition  200    200     200      200     200   404
post_try_again 403    403     403      302     302   404
get_try_again  405    405     405      405     405   405
get_delete     403    403     403      200     200   404
post_delete    403    403     403      302     302   404
"""
ROWS = [line.split() for line in STATUS.strip().splitlines()]
CASES = [
    (row[0], who, int(status)) for row in ROWS[1:] for who, status in zip(ROWS[0][1:], row[1:], strict=True)
]
VERBS = {
    "new": "connection_create",
    "edit": "connection_update",
    "test": "connection_test",
    "try_again": "connection_try",
    "delete": "connection_delete",
}


@pytest.mark.parametrize(("case", "who", "status"), CASES)
def test_each_role_gets_the_pages_of_the_table(plant, harbour, case, who, status):
    method, page = case.split("_", 1)
    person = harbour.people["owner"] if who == "stranger" else plant.people[who]
    address = reverse(f"connections:{page}") if page in ("list", "new") else url(page, plant)
    data = {"name": "Renamed", "endpoint": NOWHERE} if page == "edit" else {}
    before = list(Connection.objects.order_by("pk").values())
    answer = getattr(browser(person), method)(address, {**IOTDA, **data} if method == "post" else {})
    assert answer.status_code == status
    if status >= 400:
        assert list(Connection.objects.order_by("pk").values()) == before
    if method == "post" and status == 403:
        entry = last_entry()
        assert (entry.verb, entry.outcome, entry.actor) == (VERBS[page], "denied", person.email)
        assert "connections" in answer.text
        assert SK not in answer.text
    else:
        assert not Entry.objects.filter(outcome="denied").exists()


def test_the_list_shows_the_current_team_only(plant, harbour):
    Connection.objects.filter(pk=harbour.connections["roma"].pk).update(name="Secret quay")
    text = browser(plant.people["viewer"]).get(reverse("connections:list")).text
    for shown in ("iotda", "roma", "enos", "127.0.0.1", "Standard", "Never tested"):
        assert shown in text
    assert "Secret quay" not in text


def test_an_empty_list_says_what_to_do(plant):
    Connection.objects.all().delete()
    assert "Add a connection" in browser(plant.people["manager"]).get(reverse("connections:list")).text
    viewer = browser(plant.people["viewer"]).get(reverse("connections:list")).text
    assert "A manager or owner of your team can add one." in viewer
    assert "Add a connection" not in viewer


def test_a_viewer_sees_ids_and_no_hint_of_credentials(plant):
    text = browser(plant.people["viewer"]).get(url("detail", plant)).text
    assert PROJECT in text
    assert "demo-iotda-instance" in text
    for hint in ("DEMO…EXMP", "DEMOAK", "Secret key", "stored"):
        assert hint not in text


def test_a_manager_sees_which_credentials_are_stored_and_never_the_secret(plant):
    text = browser(plant.people["manager"]).get(url("detail", plant)).text
    assert "DEMO…EXMP" in text
    assert "stored" in text
    assert "DEMOAK0000000000EXMP" not in text
    assert "DemoSK" not in text


def test_choosing_the_platform_needs_no_script(plant):
    client = browser(plant.people["manager"])
    text = client.get(reverse("connections:new")).text
    assert "?platform=roma&amp;sign_in=password" in text
    assert "?platform=enos&amp;sign_in=app" in text
    fields = client.get(reverse("connections:new"), {"platform": "enos"}).context["form"].fields
    limits = ("calls_per_minute", "calls_at_once")
    assert list(fields) == ["name", "endpoint", "org_id", "sign_in", *limits, "app_key", "app_secret"]
    fields = (
        client.get(reverse("connections:new"), {"platform": "roma", "sign_in": "password"})
        .context["form"]
        .fields
    )
    assert list(fields) == [
        *("name", "endpoint", "region", "project_id", "instance_id", "sign_in", "iam_endpoint"),
        *limits,
        *("domain", "user", "password"),
    ]


def test_a_manager_adds_a_connection_and_its_secrets_are_nowhere(plant):
    answer = browser(plant.people["manager"]).post(reverse("connections:new"), IOTDA, follow=True)
    connection = Connection.objects.get(name="New one")
    assert connection.team == plant.team
    assert connection.credentials() == {"access_key": AK, "secret_key": SK}
    assert "New one" in answer.text
    entry = last_entry()
    assert (entry.kind, entry.verb, entry.stage, entry.outcome) == (
        *("portal/connections", "connection_create"),
        *("outcome", "done"),
    )
    assert (entry.connection, entry.team, entry.via) == ("New one", "Plant 3", "web")
    assert '"renewed":["access_key","secret_key"]' in last_body()
    for secret in (SK, AK):
        assert secret not in answer.text
        assert secret not in last_body()
        assert secret not in connection.sealed_credentials


def test_what_was_typed_survives_an_error_and_secrets_do_not(plant):
    answer = browser(plant.people["manager"]).post(
        reverse("connections:new"), {**IOTDA, "project_id": "x" * 33}
    )
    assert answer.status_code == 422
    assert 'value="https://iotda.example.com"' in answer.text
    assert f'value="{AK}"' in answer.text
    assert SK not in answer.text
    assert not Connection.objects.filter(name="New one").exists()


def test_another_sign_in_draws_other_fields_and_keeps_what_was_typed(plant):
    answer = browser(plant.people["manager"]).post(
        reverse("connections:new"), {**IOTDA, "sign_in": "password", "touch": "sign_in"}
    )
    assert answer.status_code == 200
    assert 'value="https://iotda.example.com"' in answer.text
    assert 'name="user"' in answer.text
    assert 'name="access_key"' not in answer.text
    assert SK not in answer.text


def test_htmx_gets_the_form_alone_and_is_sent_on_after_saving(plant):
    client = browser(plant.people["manager"])
    htmx = {"HTTP_HX_REQUEST": "true"}
    piece = client.post(reverse("connections:new"), {**IOTDA, "name": ""}, **htmx)
    assert piece.status_code == 422
    assert piece.text.lstrip().startswith('<form id="form"')
    done = client.post(reverse("connections:new"), IOTDA, **htmx)
    assert done.text == ""
    assert done["HX-Redirect"] == f"/connections/{Connection.objects.get(name='New one').pk}/"


def edited(plant, **changes):
    """What the edit form of the plant's IoTDA connection posts when nothing but `changes` was typed."""
    kept = {"name": "iotda", "endpoint": NOWHERE, "project_id": PROJECT, "instance_id": "demo-iotda-instance"}
    kept |= {"region": "cn-north-4", "edition": "standard", "sign_in": "keys", "signature": "auto"}
    return {**kept, "access_key": "", "secret_key": "", **changes}


def test_empty_credentials_are_kept_and_the_change_is_noticed(plant):
    connection = plant.connections["iotda"]
    StoredToken.objects.create(connection=connection, name="iam")
    answer = browser(plant.people["manager"]).post(url("edit", plant), edited(plant, name="Renamed"))
    assert answer.status_code == 302
    row = Connection.objects.get(pk=connection.pk)
    assert row.name == "Renamed"
    assert row.credentials() == connection.credentials()
    assert row.changed_at > connection.changed_at
    assert not StoredToken.objects.exists()
    assert last_body() == '{"after":{"name":"Renamed"},"before":{"name":"iotda"}}'


def test_a_new_secret_replaces_the_stored_one_alone(plant):
    browser(plant.people["manager"]).post(url("edit", plant), edited(plant, secret_key="AnotherSecret"))
    row = Connection.objects.get(pk=plant.connections["iotda"].pk)
    assert row.credentials() == {"access_key": "DEMOAK0000000000EXMP", "secret_key": "AnotherSecret"}
    assert last_body() == '{"after":{},"before":{},"renewed":["secret_key"]}'


@pytest.mark.parametrize(
    "changes",
    [
        {"endpoint": "https://evil.example.com"},
        {"endpoint": "http://127.0.0.1:10"},
        {"sign_in": "temporary_keys"},
        {"sign_in": "password", "iam_endpoint": "https://evil.example.com"},
    ],
)
def test_stored_credentials_never_go_to_another_place(plant, changes):
    connection = plant.connections["iotda"]
    answer = browser(plant.people["owner"]).post(url("edit", plant), edited(plant, **changes))
    assert answer.status_code == 422
    assert "Enter it again" in answer.text
    row = Connection.objects.get(pk=connection.pk)
    assert (row.endpoint, row.sign_in, row.iam_endpoint) == (NOWHERE, "keys", "")


def test_a_changed_iam_address_asks_for_the_password_again(plant):
    connection = plant.connections["iotda"]
    connection.sign_in = "password"
    connection.set_credentials({"domain": "acme", "user": "portal", "password": "kept secret"})
    connection.save()
    typed = edited(plant, sign_in="password", iam_endpoint="https://evil.example.com")
    answer = browser(plant.people["owner"]).post(url("edit", plant), typed)
    assert answer.status_code == 422
    assert "Enter it again" in str(answer.context["form"].errors["password"])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"endpoint": "https://iotda.example.com"}, "endpoint"),
        ({"sign_in": "password", "iam_endpoint": "https://iam.example.com"}, "iam_endpoint"),
    ],
)
def test_demo_credentials_are_refused_for_other_machines(plant, changes, field):
    credentials = {"access_key": "DEMOAK0000000000EXMP", "secret_key": "x"}
    credentials |= {"domain": "demo-account", "user": "demo-user", "password": "Demo-pass-1"}
    answer = browser(plant.people["owner"]).post(url("edit", plant), edited(plant, **credentials, **changes))
    assert answer.status_code == 422
    assert "refused for any address but this machine" in str(answer.context["form"].errors[field])


def test_deleting_asks_first_and_leaves_the_record(plant):
    client = browser(plant.people["owner"])
    assert "Delete iotda?" in client.get(url("delete", plant)).text
    assert Connection.objects.filter(pk=plant.connections["iotda"].pk).exists()
    assert client.post(url("delete", plant)).status_code == 302
    assert not Connection.objects.filter(pk=plant.connections["iotda"].pk).exists()
    assert (last_entry().verb, last_entry().connection) == ("connection_delete", "iotda")


def test_a_name_is_free_in_another_team_and_taken_in_mine(plant, harbour):
    Connection.objects.filter(pk=harbour.connections["iotda"].pk).update(name="New one")
    client = browser(plant.people["owner"])
    assert client.post(reverse("connections:new"), IOTDA).status_code == 302
    again = client.post(reverse("connections:new"), IOTDA)
    assert again.status_code == 422
    assert "Your team already has a connection with this name." in again.text


def test_a_list_of_many_asks_no_more_of_the_database(plant, django_assert_max_num_queries):
    for number in range(30):
        connection = Connection(
            team=plant.team, name=f"c{number}", platform="roma", endpoint="https://roma.example"
        )
        connection.save()
    client = browser(plant.people["viewer"])
    with django_assert_max_num_queries(9):
        assert "c29" in client.get(reverse("connections:list")).text
