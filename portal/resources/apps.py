from django.apps import AppConfig


class ResourcesConfig(AppConfig):
    name = "portal.resources"

    def ready(self):
        from django.urls import reverse

        from portal.kinds import pages

        pages.serve(
            create=lambda kind: reverse("resources:create", args=[kind]),
            verb=lambda kind, row, verb: reverse("resources:act", args=[kind, row.pk, verb.name]),
        )
