"""Tags of the reviewers' pages."""

from django import template

from portal.kinds.saying import sentence

register = template.Library()


@register.simple_tag
def said(entry):
    """An entry as a sentence."""
    return sentence(entry)
