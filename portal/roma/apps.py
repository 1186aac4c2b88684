from django.apps import AppConfig


class RomaConfig(AppConfig):
    name = "portal.roma"

    def ready(self):
        from portal.roma import kinds  # noqa: F401  registers them
