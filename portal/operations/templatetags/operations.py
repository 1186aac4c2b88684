"""The tag by which any page can show an operation."""

from django import template

from portal.operations.shown import Shown

register = template.Library()


@register.simple_tag(takes_context=True)
def shown_of(context, operation):
    """The operations.shown.Shown of an operation for the signed-in person."""
    return context.get("shown") or Shown(operation, context["request"].user)
