"""Tags of the reviewers' pages."""

from datetime import UTC, timedelta
from urllib.parse import urlencode

from django import template

register = template.Library()
FORMATS = {"hour": "%Y-%m-%d %H:%M", "day": "%Y-%m-%d", "week": "%Y-%m-%d", "month": "%Y-%m"}


@register.simple_tag
def bar_time(bar, step):
    """When a bar of the activity begins, in the zone that the page names; a day is a date only."""
    return bar.begins.strftime(FORMATS[step])


@register.simple_tag
def bar_query(filters, bar, step):
    """The query that finds what a bar counts."""
    last = (bar.ends.astimezone(UTC) - timedelta(minutes=1)).astimezone(bar.ends.tzinfo)
    pattern = "%Y-%m-%dT%H:%M" if step == "hour" else "%Y-%m-%d"
    values = {name: text for name, text in filters.values.items() if text}
    return urlencode({**values, "since": bar.begins.strftime(pattern), "until": last.strftime(pattern)})
