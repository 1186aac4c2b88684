from importlib import import_module

from django.apps import AppConfig


class TeamsConfig(AppConfig):
    name = "portal.teams"

    def ready(self):
        import_module("portal.teams.account_events")  # connects its receivers
