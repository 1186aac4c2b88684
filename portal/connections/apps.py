from django.apps import AppConfig
from django.core.checks import Tags, register
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate


class ConnectionsConfig(AppConfig):
    name = "portal.connections"

    def ready(self):
        from portal.connections import clients, installation, models

        models.Connection.make_client = clients.client
        connection_created.connect(installation.watch)
        post_migrate.connect(installation.mark, sender=self)
        register(installation.check, Tags.database)
