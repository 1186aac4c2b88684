"""Kept input holds no secrets, and only the person who typed it can open it.

Would catch: a secret at rest, input sealed for one person that opens for another, input lost to its name.
"""

import pytest
from django.contrib.sessions.models import Session

from portal.web import kept
from tests.web.tab import NOT_KEPT, way_back


def kept_for(tab, person):
    """What is in the one entry of the session, as this person opens it."""
    (entry,) = tab.client.session[kept.SESSION_KEY]
    return kept._open(entry["sealed"], str(person.pk))


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "secret_key",
        "security_token",
        "app_secret",
        "credentials",
        "wifi_key",
        "tags-0-deviceSecret",
    ],
)
def test_secrets_are_not_kept(tab, anna, name):
    tab.expire()
    url = way_back(tab.press(text="typed", **{name: "hunter2-hunter2"}))
    tab.sign_in(anna)
    assert tab.open(url).form["text"] == "typed"
    assert name not in kept_for(tab, anna)["data"]


@pytest.mark.parametrize(
    "name", ["device_tags-0-value", "passenger_lift", "product_key", "access_key", "name"]
)
def test_what_only_sounds_like_a_secret_is_kept(tab, anna, name):
    tab.expire()
    tab.press(text="typed", **{name: "harmless"})
    assert kept_for(tab, anna)["data"][name] == ["harmless"]


def test_a_secret_alone_is_not_kept_but_a_switch_is(tab, anna):
    tab.expire()
    assert way_back(tab.press(text="", password="hunter2-hunter2")) == "/note/?kept=none"
    way_back(tab.press(text="", require_secret="on"))
    assert kept_for(tab, anna)["data"]["require_secret"] == ["on"]
    tab.client.session.flush()
    way_back(tab.press(text="", new_password="on"))
    assert kept_for(tab, anna)["data"]["new_password"] == ["on"]


def test_what_is_kept_cannot_be_read_from_the_database(tab):
    tab.expire()
    tab.press(text='{"password": "hunter2-hunter2"}')
    (stored,) = Session.objects.all()
    decoded = str(stored.get_decoded())
    assert kept.SESSION_KEY in decoded
    assert "hunter2" not in decoded
    assert "password" not in decoded


def test_what_was_kept_for_one_person_opens_for_nobody_else(tab, anna, bert):
    tab.expire()
    tab.press(text="for my eyes")
    assert kept_for(tab, anna)["data"]["text"] == ["for my eyes"]
    assert kept_for(tab, bert) is None


def test_after_a_change_of_the_keys_it_is_gone_without_a_word(tab, anna, settings):
    tab.expire()
    url = way_back(tab.press(text="typed"))
    tab.sign_in(anna)
    settings.CREDENTIAL_KEYS = ["another key"]
    assert NOT_KEPT in tab.open(url).text
    assert tab.form["text"] == ""
