"""The lock that all changes of a team's people take first, and the checks that are made under it."""

from contextlib import contextmanager

from django.db import transaction

from portal.errors import NotVisible
from portal.teams import access
from portal.teams.models import Team
from portal.teams.recording import denials_recorded

KIND = "portal/members"


def locked_team(team):
    """Lock the team's row until the transaction ends. Raises NotVisible if it is gone."""
    if not Team.objects.select_for_update().filter(pk=team.pk):
        raise NotVisible(access.NOT_VISIBLE())


def lock_all(teams):
    """Lock these teams until the transaction ends, in one order for all who do so; returns them."""
    return list(Team.objects.select_for_update().filter(pk__in=teams.values("pk")).order_by("pk"))


@contextmanager
def locked(team, actor, tried, right):
    """A transaction that holds the lock of the team's row, and has asked for the right under that lock."""
    try:
        with denials_recorded(tried), transaction.atomic(durable=True):
            locked_team(team)
            if actor:
                access.forget(actor)
                access.require(actor, right, team)
            yield
    finally:
        if actor:
            access.forget(actor)
