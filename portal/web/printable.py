"""A validator of what people type into the portal's own fields: names, tickets, users."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from portal.outside import is_printable


def printable(value):
    """Refuses line breaks, and characters that nobody sees or that turn what follows."""
    if not is_printable(value):
        raise ValidationError(_("This contains a character that is not allowed here."))
