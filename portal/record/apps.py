from django.apps import AppConfig
from django.core.checks import Tags, register
from django.db.models.signals import post_migrate


class RecordConfig(AppConfig):
    name = "portal.record"

    def ready(self):
        from portal.record import guards

        # A migration that alters a table on SQLite drops its triggers without a word.
        post_migrate.connect(guards.install, sender=self)
        register(guards.check, Tags.database)
