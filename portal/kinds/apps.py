from django.apps import AppConfig
from django.core.checks import Tags, register
from django.db.models.signals import post_migrate


class KindsConfig(AppConfig):
    name = "portal.kinds"

    def ready(self):
        from portal.connections.models import Connection
        from portal.kinds import mirroring, search_index, spaces
        from portal.teams import offered

        offered.of_team = spaces.of_team
        Connection.forget_mirror = mirroring.forget

        # A migration that alters a table on SQLite drops its triggers without a word.
        post_migrate.connect(search_index.install, sender=self)
        register(search_index.check, Tags.database)
