"""Tags of the reviewers' pages."""

from django import template

from portal.kinds.saying import sentence

register = template.Library()


@register.simple_tag
def said(entry):
    """An entry as a sentence; `ended` is how its operation ended, if the page asked for that."""
    return sentence(entry, outcome=getattr(entry, "ended", ""))
