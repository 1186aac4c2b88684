from django.apps import AppConfig


class IoTDAConfig(AppConfig):
    name = "portal.iotda"

    def ready(self):
        from portal.kinds.registry import load

        load(self.name)
