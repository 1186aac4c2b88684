"""Platforms quote what they were sent. More than 200 answers quote each credential of a connection, in every
form and in every place of an answer, to every call; afterwards no credential stands anywhere.

Would catch: a message that is cut before it is scrubbed, a request id or a header that is kept as it came, an
object whose name is a key, a sign-in whose refusal is stored, a token in a log.
"""

import copy
import itertools
import logging
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection as database
from django.urls import reverse
from django.utils import timezone

from portal.connections.models import Condition, StoredToken
from portal.operations import settling
from portal.operations.models import Operation, State
from portal.platforms.quoting import HIDDEN
from portal.teams.models import Role
from tests.examples import EXAMPLES, match
from tests.operations.endings import due
from tests.support.plant import make_plant
from tests.support.quotes import forms, reads

pytestmark = pytest.mark.anywhere

KIND = {"iotda": "iotda/device-groups", "roma": "roma/device-groups", "enos": "enos/devices"}
TEMPORARY = {
    "access_key": "DEMOTEMPAK0000000000",
    "secret_key": "DemoTempSK000000000000000000000000000Exmpl",
    "security_token": "demo-security-token",
}
USER = {"domain": "demo-account", "user": "demo-user", "password": "Demo-pass-1"}
NAMES = ("domain", "user")  # names are no secrets
TOKENS = {"method": "POST", "path": "/(auth/tokens|apim-token-service/)"}
EXCHANGES = ("list", "get", "create", "update", "delete", "test", "sign in")


@pytest.fixture
def plant(committed_db, emulator):
    plant = make_plant(emulator.url)
    plant.connections["iotda"].set_credentials(TEMPORARY)
    plant.connections["roma"].sign_in = "password"
    plant.connections["roma"].set_credentials(USER)
    for connection in plant.connections.values():
        connection.save()
    return plant


def credentials_of(connection):
    """{name: text} of what may stand nowhere: what was typed, and the token that was fetched with it."""
    found = {name: value for name, value in connection.credentials().items() if name not in NAMES}
    client = connection.client()
    client.sign_in()
    return {**found, "token": client.auth.secrets()[-1]} if client.auth.renewable else found


def forget_token(connection):
    StoredToken.objects.all().delete()
    connection.changed_at = timezone.now()  # this process keeps a client, which knows the token
    connection.save()


def refusal(platform, quote):
    """An answer that quotes it in its code, message, request id, members, and where a text is cut."""
    words = f"{quote} {'w' * (497 - len(quote) % 400 - len(quote) // 2)} {quote}"
    more = {"status": quote, "details": {quote: [quote, {"a": quote}]}}
    if platform == "enos":
        return 200, {"code": 99400, "msg": words, "requestId": quote, "data": more}
    return 400, {"error_code": quote, "error_msg": words, "request_id": quote, **more}


def success(slug, verb, quote):
    """A good answer in which every text of the object quotes it, but not the id."""
    call = EXAMPLES[slug].calls[verb]
    body = copy.deepcopy(call.good)
    if body is None or not call.id:
        return 200, body if body is not None else ""
    holder = body
    for step in call.id[:-1]:
        holder = holder[step]
    keys = ("productKey", "deviceKey", call.id[-1])
    holder |= {name: quote for name, value in holder.items() if isinstance(value, str) and name not in keys}
    holder |= {"description": quote, "deviceDesc": quote, "deviceTags": {quote: quote}, quote: [quote]}
    body |= {"page": {"count": 9}} if verb == "list" and slug.startswith("iotda") else {}
    return 200, body


def answered(emulator, picked, answer, quote):
    status, body = answer
    headers = {"X-Request-Id": quote} if quote.isascii() and quote.isprintable() else {}
    rule = {"match": picked, "fault": "answer", "status": status, "body": body, "headers": headers}
    emulator.faults([rule])


def exchange(plant, emulator, platform, row, what, quote, is_good):
    """Let the platform quote it in one exchange; the pages that people see of it."""
    slug, browser = KIND[platform], plant.browser(Role.MANAGER)
    connection = plant.connections[platform]
    good = is_good and what in EXCHANGES[:4]
    answer = success(slug, what, quote) if good else refusal(platform, quote)
    if what == "test":
        picked = {"path": "/(apps|products)$"}
    elif what == "sign in":
        forget_token(connection)
        picked = TOKENS
    else:
        picked = match(slug, what)
        connection.client().sign_in()
    answered(emulator, picked, answer, quote)
    if what in ("list", "sign in"):
        return browser.get(f"/{slug}/").text
    if what == "test":
        return browser.post(reverse("connections:test", args=[connection.pk])).text
    if what == "get":
        return browser.get(f"/{slug}/{row.pk}/").text + browser.get(f"/{slug}/{row.pk}/delete/").text
    operation = plant.perform(slug, what, target=row if what != "create" else None)
    assert operation.state in (State.REJECTED, State.DONE, State.IN_DOUBT, State.NOT_SENT)
    return browser.get(f"/operations/{operation.pk}/").text if is_good else operation.message


def everything_written():
    """All tables, and all files of the data directory, as one text."""
    found = ""
    with database.cursor() as cursor:
        for table in database.introspection.table_names(cursor):
            if table.endswith("_search"):
                continue  # an index of what another table holds; it cannot be read by itself
            cursor.execute(f"SELECT * FROM {database.ops.quote_name(table)}")
            found += repr(cursor.fetchall())
    files = [path for path in Path(settings.DATA_DIR).rglob("*") if path.is_file()]
    return found, b"".join(path.read_bytes() for path in files).decode("utf-8", "replace")


@pytest.mark.parametrize("platform", KIND)
def test_no_credential_that_a_platform_quotes_stands_anywhere(plant, emulator, caplog, platform):
    caplog.set_level(logging.INFO)
    caplog.set_level(logging.DEBUG, logger="urllib3")
    shown, count, secrets = "", 0, set()
    row, connection = plant.make(KIND[platform]), plant.connections[platform]
    names = credentials_of(connection)
    whats = itertools.cycle(EXCHANGES if "token" in names else EXCHANGES[:-1])
    for name, form in itertools.product(names, forms("A-template")):
        what = next(whats)
        if what == "sign in" and name == "token":
            what = "list"  # nobody knows a token of yesterday
        emulator.faults([])
        secret = credentials_of(connection)[name]
        secrets.add(secret)
        shown += exchange(plant, emulator, platform, row, what, forms(secret)[form], count // 7 % 2)
        Condition.objects.all().delete()
        count += 1
    emulator.faults([])
    owner = plant.browser(Role.OWNER)
    for page in ["/operations/", "/audit/", "/connections/", f"/{KIND[platform]}/"]:
        shown += owner.get(page).text
    tables, files = everything_written()

    assert count >= 52
    assert HIDDEN in shown
    assert HIDDEN in tables
    for place, text in {"pages": shown, "tables": tables, "files": files, "logs": caplog.text}.items():
        for secret in secrets:
            left = [form for form, quote in forms(secret).items() if quote in text]
            assert left == [], (place, secret)
            assert not reads(text, secret), (place, secret)


@pytest.mark.parametrize("platform", KIND)
def test_nor_does_a_look_keep_it(plant, emulator, platform):
    slug, connection = KIND[platform], plant.connections[platform]
    quote = next(iter(credentials_of(connection).values())).upper()
    emulator.faults([{"match": match(slug, "create"), "fault": "reset_mid_body"}])
    operation = plant.perform(slug)
    assert operation.state == State.IN_DOUBT
    status, body = refusal(platform, quote)
    reads_ = {"method": "GET"} if platform != "enos" else {"path": "/connect-service/"}
    emulator.faults([{"match": reads_, "fault": "answer", "status": status, "body": body}])

    due()
    settling.settle_due()

    looks = Operation.objects.get(pk=operation.pk).looks
    assert HIDDEN in looks[-1]["text"]
    assert not reads(everything_written()[0], quote)


@pytest.mark.parametrize("platform", KIND)
def test_a_hidden_value_is_never_sent_back(plant, emulator, platform):
    slug = KIND[platform]
    row = plant.make(slug)
    data = {**plant.data(slug, "update"), "name": HIDDEN, "device_desc": HIDDEN}
    since = len(emulator.requests())

    operation = plant.perform(slug, "update", data, target=row)

    assert operation.state == State.NOT_SENT
    assert "holds a credential of the connection" in operation.message
    assert [each for each in emulator.requests()[since:] if HIDDEN in each["body"]] == []
