from django.apps import AppConfig


class EnOSConfig(AppConfig):
    name = "portal.enos"

    def ready(self):
        from portal.enos import kinds  # noqa: F401  registers them
