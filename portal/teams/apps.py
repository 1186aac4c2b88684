from importlib import import_module

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class TeamsConfig(AppConfig):
    name = "portal.teams"

    def ready(self):
        events = import_module("portal.teams.account_events")  # connects its receivers
        post_migrate.connect(events.record_voided, sender=self)
        import_module("portal.teams.letters")  # makes the texts of mails
