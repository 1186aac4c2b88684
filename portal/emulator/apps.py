"""The emulator is a Django app of its own project (settings.py)."""

from django.apps import AppConfig


class EmulatorConfig(AppConfig):
    name = "portal.emulator"
    label = "emulator"
