"""Tokens of somebody who leaves: they are listed, and end in the same act (portal/teams/leaving.py)."""

from django.utils.translation import gettext_lazy as _

from portal.teams.leaving import Holding, register
from portal.teams.tokens.service import end_all, working

register(
    Holding(
        "api_access",  # no word for a secret: the record would hide the count
        _("API tokens"),
        _("are revoked"),
        working,
        lambda person, team, actor: end_all(person, actor=actor, team=team),
    )
)
