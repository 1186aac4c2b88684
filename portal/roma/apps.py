from django.apps import AppConfig


class RomaConfig(AppConfig):
    name = "portal.roma"

    def ready(self):
        from portal.kinds.registry import load

        load(self.name)
