from importlib import import_module

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class TeamsConfig(AppConfig):
    name = "portal.teams"

    def ready(self):
        for name in ("account_events", "signin.sessions", "signin.second_factors", "tokens.holding"):
            import_module(f"portal.teams.{name}")  # connects its receivers, registers itself
        import_module("portal.teams.letters")  # makes the texts of mails
        events = import_module("portal.teams.account_events")
        post_migrate.connect(events.record_voided, sender=self)
