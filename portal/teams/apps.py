from importlib import import_module

from django.apps import AppConfig


class TeamsConfig(AppConfig):
    name = "portal.teams"

    def ready(self):
        for name in ("account_events", "signin.sessions", "signin.second_factors"):
            import_module(f"portal.teams.{name}")  # connects its receivers
