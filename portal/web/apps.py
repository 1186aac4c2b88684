from functools import partial
from importlib import import_module

from django.apps import AppConfig
from django.conf import settings
from django.contrib.staticfiles.apps import StaticFilesConfig
from django.db.backends.signals import connection_created
from django.utils.translation import gettext

from portal import words
from portal.web import databases


class WebConfig(AppConfig):
    name = "portal.web"

    def ready(self):
        import_module("portal.web.checks")  # registers the check
        words.translate = gettext
        # All rooms are below the URLs; commands import them only when a sentence asks for it.
        connection_created.connect(databases.watch)
        words.load = partial(import_module, settings.ROOT_URLCONF)


class StaticFiles(StaticFilesConfig):
    """Skips files of installed packages that no page uses, because compressing them takes long."""

    ignore_patterns = [*StaticFilesConfig.ignore_patterns, "rest_framework", "htmax-4*", "htmx-4*", "ext"]
