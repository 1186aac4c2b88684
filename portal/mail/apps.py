from django.apps import AppConfig


class MailConfig(AppConfig):
    name = "portal.mail"

    def ready(self):
        from portal.mail import checks  # noqa: F401 - registers the check
