from django.apps import AppConfig
from django.contrib.staticfiles.apps import StaticFilesConfig


class WebConfig(AppConfig):
    name = "portal.web"


class StaticFiles(StaticFilesConfig):
    """Leaves out what installed packages bring and no page of ours uses: compressing it takes longest."""

    ignore_patterns = [*StaticFilesConfig.ignore_patterns, "rest_framework", "htmax-4*", "htmx-4*", "ext"]
