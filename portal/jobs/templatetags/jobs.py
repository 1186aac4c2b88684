"""Tags of the pages of jobs."""

from django import template
from django.utils.html import format_html
from django.utils.translation import gettext as _

from portal.operations.job import Purpose
from portal.web.guests import guest

register = template.Library()


@register.simple_tag
def job_title(job):
    """What a job does, in words."""
    name = guest(job.object_name) if job.object_name else ""
    if job.purpose == Purpose.EACH:
        return format_html("{}: {}", job.verb.label, name or job.kind.plural)
    if job.purpose == Purpose.LEAVES_FIRST:
        return format_html(_("Delete {} with everything inside"), name or job.kind.plural)
    return format_html(_("{}: {}, and what follows"), job.verb.label, name or job.kind.label)
