from django.apps import AppConfig


class OperationsConfig(AppConfig):
    name = "portal.operations"

    def ready(self):
        from portal.operations import leaving  # noqa: F401 - says what a person who leaves still holds
