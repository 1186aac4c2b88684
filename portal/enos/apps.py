from django.apps import AppConfig


class EnOSConfig(AppConfig):
    name = "portal.enos"

    def ready(self):
        from portal.kinds.registry import load

        load(self.name)
