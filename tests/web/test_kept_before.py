"""Input that an earlier version kept, sealed with Fernet, still comes back after the upgrade.

Would catch: lost input, a migrate that fails over one broken session, input that opens for somebody else.
"""

import base64
import importlib
import json
import re
import time
import zlib
from datetime import timedelta
from html import unescape

import pytest
from cryptography.fernet import Fernet
from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from django.utils.crypto import salted_hmac

from portal.web import kept

ID = "5d3c1c1e-7c2a-4f0e-9a53-000000000001"


def box(salt="portal.web.kept"):
    return Fernet(base64.urlsafe_b64encode(salted_hmac(salt, "", algorithm="sha256").digest()))


def entry(owner, *, id=ID, age=60, box=box):
    content = {"action": "/note/", "owner": str(owner.pk), "data": {"text": ["typed before"]}}
    sealed = box().encrypt(zlib.compress(json.dumps(content).encode())).decode()
    return {"id": id, "at": int(time.time()) - age, "sealed": sealed}


@pytest.fixture
def people(committed_db):
    create = get_user_model().objects.create_user
    return create("anna@example.test"), create("bert@example.test")


def browser(person, entries):
    client = Client()
    client.force_login(person)
    session = client.session
    session[kept.SESSION_KEY] = entries
    session["other"] = "stays"
    session.save()
    return client


def upgrade():
    call_command("migrate", "web", "zero", verbosity=0)
    call_command("migrate", "web", verbosity=0)


def typed(client, id=ID):
    page = client.get(f"/note/?kept={id}").content.decode()
    return unescape(re.search(r'<textarea name="text">(.*?)</textarea>', page, re.DOTALL)[1])


def test_it_comes_back_to_the_person_who_typed_it(people):
    anna, bert = people
    annas, berts = browser(anna, [entry(anna)]), browser(bert, [entry(anna)])

    upgrade()

    assert typed(annas) == "typed before"
    assert typed(berts) == ""
    assert annas.session["other"] == "stays"


def test_what_does_not_open_is_dropped_and_the_rest_stays(people):
    anna, _bert = people
    broken = [
        {"id": "cut", "at": int(time.time()), "sealed": entry(anna)["sealed"][:-8]},
        entry(anna, id="other key", box=lambda: box("another")),
        entry(anna, id="old", age=kept.SECONDS + 1),
        {"id": "no text", "at": int(time.time())},
        {"id": "no content", "at": int(time.time()), "sealed": box().encrypt(b"not zlib").decode()},
        "no entry",
        None,
    ]
    client = browser(anna, [*broken, entry(anna)])

    upgrade()

    assert [each["id"] for each in client.session[kept.SESSION_KEY]] == [ID]
    assert typed(client) == "typed before"


@pytest.mark.parametrize("entries", [None, {}, "text", 7], ids=str)
def test_something_else_under_its_name_is_dropped(people, entries):
    client = browser(people[0], entries)

    upgrade()

    assert client.session[kept.SESSION_KEY] == []
    assert client.session["other"] == "stays"


def test_sessions_that_are_broken_or_hold_nothing_are_left_as_they_are(people):
    later = timezone.now() + timedelta(hours=1)
    Session.objects.create(session_key="broken", session_data="not a session", expire_date=later)
    nothing = SessionStore().encode({"other": "stays"})
    Session.objects.create(session_key="nothing", session_data=nothing, expire_date=later)

    upgrade()

    assert Session.objects.get(session_key="broken").session_data == "not a session"
    assert Session.objects.get(session_key="nothing").session_data == nothing


def test_a_session_that_a_running_portal_changes_meanwhile_is_left_alone(people, monkeypatch):
    migration = importlib.import_module("portal.web.migrations.0001_reseal_kept_input")
    newer = SessionStore().encode({"other": "written meanwhile"})

    class Slow(SessionStore):
        def decode(self, data):
            Session.objects.update(session_data=newer)
            return super().decode(data)

    Slow.__qualname__ = "SessionStore"  # goes into the signature of a session
    client = browser(people[0], [entry(people[0])])
    monkeypatch.setattr(migration, "SessionStore", Slow)
    migration.reseal(apps, None)

    assert client.session["other"] == "written meanwhile"
