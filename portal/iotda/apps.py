from django.apps import AppConfig


class IoTDAConfig(AppConfig):
    name = "portal.iotda"

    def ready(self):
        from portal.iotda import kinds  # noqa: F401  registers them
