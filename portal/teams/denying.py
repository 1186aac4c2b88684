"""Why somebody may not, in words: the role that it takes, or the places that their membership covers."""

from django.utils.translation import gettext_noop as _

from portal.teams.models import Role
from portal.teams.roles import ALLOWED, AND_SO_ON, EITHER, OWNER, PEOPLE, ROLES
from portal.words import Sentence

NAMED_MAX = 3
DENIED = Sentence(
    "access.denied",
    _("%(people)s can't do this. Required role: %(roles)s. An owner of the team can change your role."),
)
DENIED_BY = Sentence(
    "access.denied_by", _("%(people)s can't do this. Required role: %(roles)s. %(names)s can give it.")
)
NARROWED = Sentence(
    "access.narrowed",
    _("Your membership covers only %(places)s. An owner of the team can change that."),
)
NARROWED_BY = Sentence(
    "access.narrowed_by", _("Your membership covers only %(places)s. %(names)s can change that.")
)
REVIEWS = Sentence(
    "access.portal_auditor",
    _(
        "Portal auditors review what others do, so they change nothing themselves. Another owner of the team "
        "can record an exception on the page of the member."
    ),
)
BY_TOKEN = Sentence(
    "access.not_by_token",
    _("This API token does not allow it, though its person may do it. They can make a token that does."),
)
AND_OTHERS = Sentence("list.others", _("%(first)s and %(count)s others"))
TOO_HIGH = Sentence(
    "access.role_too_high",
    _("%(people)s can't give the role %(role)s, because it can do more than their own. An owner can."),
)
TOO_WIDE = Sentence(
    "access.too_wide",
    _("You can't give access to more than your own membership covers: %(places)s. An owner can."),
)


def denied(role, right, names):
    """The role lacks the right; `names` are the people who can give another one."""
    roles = either([ROLES[each]() for each in Role if each in ALLOWED[right]])
    if names:
        return DENIED_BY(people=PEOPLE[role](), roles=roles, names=some(names))
    return DENIED(people=PEOPLE[role](), roles=roles)


def narrowed(places, names):
    """The role has the right, but not there; `places` are told as text."""
    return NARROWED_BY(places=places, names=some(names)) if names else NARROWED(places=places)


def some(names):
    """Mei Lin or Tom; Mei Lin, Tom, Ana and 2 others."""
    if len(names) <= NAMED_MAX:
        return either(names)
    return AND_OTHERS(first=_listed(names[:NAMED_MAX]), count=len(names) - NAMED_MAX)


def either(texts):
    """Auditor, Manager or Owner: a Said of Saids, so that each reader gets it in their language."""
    *others, last = texts
    return EITHER(first=_listed(others), second=last) if others else last


def _listed(texts):
    first, *more = texts
    for each in more:
        first = AND_SO_ON(first=first, second=each)
    return first


def granted_by(names):
    """Who can change it, for the page of a denial: names, else the role."""
    return names or [str(ROLES[OWNER]())]
