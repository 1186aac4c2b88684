"""Which permission a call takes on its platform, said where the platform refuses it for want of one.

Kinds, verbs and related lists hold the names as data; here they come into an error. Where no document names
one, or the platform's code means something else, the error stays as it is.
"""

from contextlib import contextmanager
from copy import copy

from django.utils.translation import gettext_noop as _

from portal.errors import Rejected
from portal.words import Sentence

NEEDED = Sentence(
    "permission.needed",
    _("This call takes the permission %(permission)s. The platform says: %(words)s"),
)


@contextmanager
def naming(permission):
    """For reads that take this permission; "" if no document names it."""
    try:
        yield
    except Rejected as error:
        _name(error, permission)
        raise


def needing(error, permission):
    """A copy of the error as it is told. The error itself, with the platform's words alone, is kept, too."""
    told = copy(error)
    _name(told, permission)
    return told


def _name(error, permission):
    if error.part == "permission" and permission and not error.permission:
        error.permission = permission
        error.message = NEEDED(permission=permission, words=error.message)
        error.args = (error.message,)


def permission_in(said):
    """The permission that a Said names; "" if it names none."""
    return said.params["permission"] if said and said.is_from(NEEDED) else ""
