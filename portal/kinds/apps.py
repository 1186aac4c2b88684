from django.apps import AppConfig


class KindsConfig(AppConfig):
    name = "portal.kinds"
