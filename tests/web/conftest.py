import copy
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from tests.web.site import sent
from tests.web.tab import PASSWORD, Tab


@pytest.fixture(autouse=True)
def site(settings):
    """The pages of tests/web/site.py on the shell, with the portal's own middleware."""
    templates = copy.deepcopy(settings.TEMPLATES)
    templates[0]["DIRS"] = [*templates[0]["DIRS"], Path(__file__).parent / "templates"]
    processors = templates[0]["OPTIONS"]["context_processors"]
    templates[0]["OPTIONS"]["context_processors"] = [
        *(each for each in processors if not each.startswith("portal.")),
        "tests.web.site.shell",
    ]
    settings.TEMPLATES = templates
    settings.ROOT_URLCONF = "tests.web.site"
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.MIDDLEWARE = [each for each in settings.MIDDLEWARE if not each.startswith("portal.teams")]


@pytest.fixture
def visitor():
    return Client(raise_request_exception=False)


@pytest.fixture
def person(db, visitor):
    """A signed-in browser."""
    visitor.force_login(get_user_model().objects.create_user("person@example.test"))
    return visitor


@pytest.fixture
def nothing_sent(settings):
    sent.clear()
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # quick


@pytest.fixture
def anna(db, nothing_sent):
    return get_user_model().objects.create_user("anna@example.test", PASSWORD)


@pytest.fixture
def bert(db, nothing_sent):
    return get_user_model().objects.create_user("bert@example.test", PASSWORD)


@pytest.fixture
def tab(anna):
    return Tab().sign_in(anna)
