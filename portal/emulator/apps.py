from django.apps import AppConfig


class EmulatorConfig(AppConfig):
    name = "portal.emulator"
    label = "emulator"
