"""The tags by which any page can show an operation, and an entry of the record."""

from django import template

from portal.kinds.saying import sentence
from portal.operations.shown import Shown

register = template.Library()


@register.simple_tag(takes_context=True)
def shown_of(context, operation):
    """The operations.shown.Shown of an operation for the signed-in person."""
    return context.get("shown") or Shown(operation, context["request"].user)


@register.simple_tag
def said(entry):
    """An entry as a sentence; `ended` is how its operation ended, if the page asked for that."""
    return sentence(entry, outcome=getattr(entry, "ended", ""))
