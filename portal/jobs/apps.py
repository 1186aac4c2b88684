from django.apps import AppConfig
from django.db.models.signals import post_migrate


class JobsConfig(AppConfig):
    name = "portal.jobs"

    def ready(self):
        from portal.jobs import engine

        post_migrate.connect(engine.make_tables, sender=self)
