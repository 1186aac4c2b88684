"""The tag that lets any page draw an operation."""

from django import template

from portal.operations.shown import Shown

register = template.Library()


@register.simple_tag(takes_context=True)
def shown_of(context, operation):
    """What the page of an operation shows to the person who asks (operations.shown.Shown)."""
    return context.get("shown") or Shown(operation, context["request"].user)
