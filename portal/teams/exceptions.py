"""Exceptions: a portal auditor who may change things in a team all the same, because an owner said why."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from portal.errors import NotVisible
from portal.record.store import append
from portal.teams import access
from portal.teams.locking import KIND, locked
from portal.teams.models import Membership
from portal.teams.recording import line

VERB, RIGHT = "auditor_exception", "roles"


def set_exception(membership, *, actor, reason, via="web"):
    """Let a portal auditor change what their role allows in the team; an empty reason ends that.

    Raises NotVisible, NotAllowed (recorded), and ValidationError for oneself and for people who are no
    portal auditors.
    """
    person, team = membership.user, membership.team
    tried = line(
        VERB, kind=KIND, actor=actor, team=team, via=via, object_id=person.pk, object_name=person.email
    )
    with locked(team, actor, tried, RIGHT):
        row = Membership.objects.select_related("user").filter(pk=membership.pk).first()
        if row is None:
            raise NotVisible(access.NOT_VISIBLE())
        if actor.pk == row.user_id:
            raise ValidationError(_("Another owner of the team has to decide about you."))
        if reason and not row.user.is_portal_auditor:
            raise ValidationError(_("They are no portal auditor, so they need no exception."))
        before, row.auditor_exception = row.auditor_exception, reason
        row.save(update_fields=["auditor_exception"])
        body = {"before": {"exception": before}, "after": {"exception": reason}}
        append({**tried, "reason": reason, "body": body})
    access.forget(person)
    return row
