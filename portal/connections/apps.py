from django.apps import AppConfig


class ConnectionsConfig(AppConfig):
    name = "portal.connections"

    def ready(self):
        from portal.connections import clients, models

        models.Connection.make_client = clients.client
