"""What can be done to a connection; each change stands in the record in the same transaction."""

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.connections import condition
from portal.connections.checking import check, opened_or_empty
from portal.connections.models import Condition, Connection, StoredToken
from portal.errors import NotVisible
from portal.record.store import append
from portal.teams.recording import Attempt, require_or_record

KIND = "portal/connections"
RIGHT = "connections"
DESTINATION = ("endpoint", "iam_endpoint", "region", "project_id", "instance_id", "org_id")
# States of portal.operations, a room above this one; a test holds the two together.
UNSETTLED = ("intent", "sending", "in_doubt", "needs_human")


def attempt(verb, *, actor, team, connection=None, via="web", **fields):
    """Raise NotAllowed (recorded) unless `actor` may run the connections of `team`; else the Attempt."""
    if connection:
        fields |= {
            "object_id": connection.pk,
            "object_name": connection.name,
            "connection_id": str(connection.pk),
            "connection": connection.name,
            "platform": connection.platform,
        }
    tried = Attempt(verb, kind=KIND, actor=actor, team=team, via=via, **fields)
    require_or_record(actor, RIGHT, tried)
    return tried


def create(*, actor, team, values, credentials, via="web"):
    """Add a connection. Raises NotAllowed, and ValidationError when the team has one of that name."""
    connection = Connection(team=team, **values)
    tried = attempt("connection_create", actor=actor, team=team, connection=connection, via=via)
    connection.set_credentials(credentials)
    changes = [{"field": name, "after": value} for name, value in values.items() if value]
    with transaction.atomic(durable=True):
        _save(connection)
        append(tried.line(body={"changes": changes + _credential_changes({}, credentials)}))
    return connection


def change(connection, *, actor, values, credentials, via="web", same_account=False):
    """Set `values`, and `credentials` as a whole.

    Raises NotAllowed, NotVisible when it was deleted meanwhile, and ValidationError for a taken name.

    Another destination is refused with a ValidationError while operations are not settled, unless the caller
    knows that it is the same account at another address.
    Tokens got with the old values are dropped: they would hide a wrong password until they end.
    """
    tried = attempt("connection_update", actor=actor, team=connection.team, connection=connection, via=via)
    with transaction.atomic(durable=True):
        row = _locked(connection)
        before = {name: getattr(row, name) for name in values}
        moves = any(values.get(name, getattr(row, name)) != getattr(row, name) for name in DESTINATION)
        if moves and not same_account:
            _settled_or_refused(row)
        changes = [
            {"field": name, "before": before[name], "after": value}
            for name, value in values.items()
            if value != before[name]
        ]
        for name, value in values.items():
            setattr(row, name, value)
        changes += _credential_changes(opened_or_empty(row), credentials)
        row.set_credentials(credentials)
        row.changed_at = timezone.now()
        row.checked_at, row.check_part, row.check_text = None, "", ""
        _save(row)
        StoredToken.objects.filter(connection=row).delete()
        condition.reset(row.pk)
        append(tried.line(body={"changes": changes}))
    return row


def delete(connection, *, actor, via="web"):
    """Forget the connection, its credentials and what was mirrored through it.

    Raises NotAllowed, NotVisible when it was deleted meanwhile, and ValidationError while an operation on it
    is not settled: without the connection nobody could find out any more what became of it.
    """
    tried = attempt("connection_delete", actor=actor, team=connection.team, connection=connection, via=via)
    with transaction.atomic(durable=True):
        _settled_or_refused(_locked(connection))
        Connection.objects.filter(pk=connection.pk).delete()
        append(tried.line())


def _locked(connection, *, no_key=False):
    """The row under its lock until the transaction ends; raises NotVisible when it was deleted meanwhile.

    `no_key` suits those that write rows which refer to it, as calls under way do at the same time.
    """
    row = _locked_or_none(connection, no_key=no_key)
    if row is None:
        raise _gone()
    return row


def _locked_or_none(connection, *, no_key):
    return Connection.objects.select_for_update(no_key=no_key).filter(pk=connection.pk).first()


def _gone():
    return NotVisible(_("The connection was deleted meanwhile."))


def _settled_or_refused(row):
    """Elsewhere nobody would find what an operation did, or something that another one did.

    The caller holds the row's lock, so that no operation begins on it meanwhile. What is absent and only
    watched for is let go of.
    """
    if row.operations.filter(state__in=UNSETTLED).exists():
        raise ValidationError(_("Operations on this connection are not settled yet; look at them first."))
    row.operations.exclude(watch_until=None).update(watch_until=None, next_look_at=None, sealed_data="")


def probe(connection, *, actor, via="web"):
    """Test part by part, store the result and return it as a checking.Result.

    Raises NotAllowed, and NotVisible when the connection was deleted meanwhile.
    It is let through while calls are paused; when it finds nothing wrong, the pause is over.
    """
    tried = attempt("connection_test", actor=actor, team=connection.team, connection=connection, via=via)
    era = Condition.objects.filter(pk=connection.pk).values_list("era", flat=True).first() or 0
    result = check(connection)
    parts = [{"part": each.part, "ok": each.ok, "detail": each.detail} for each in result.findings]
    line = tried.line(outcome="failed" if result.part else "done", summary=result.text, body={"parts": parts})
    with transaction.atomic(durable=True):
        row = _locked_or_none(connection, no_key=True)
        if row and row.changed_at == connection.changed_at:  # else it is not the one that was tested
            row.checked_at, row.check_part, row.check_text = timezone.now(), result.part, result.text
            row.save(update_fields=["checked_at", "check_part", "check_text"])
        if row and not result.part:
            condition.end_pause(connection.pk, era)
        append(line)  # it was called, whatever became of the connection
    if row is None:
        raise _gone()
    connection.refresh_from_db()
    return result


def try_again(connection, *, actor, via="web"):
    """Let the next call find out whether a platform works again, before its pause is over.

    False, and no line in the record, when nothing is paused. Raises NotAllowed, and NotVisible when the
    connection was deleted meanwhile.
    """
    tried = attempt("connection_try", actor=actor, team=connection.team, connection=connection, via=via)
    with transaction.atomic(durable=True):
        _locked(connection, no_key=True)
        is_paused = condition.try_now(connection.pk)
        if is_paused:
            append(tried.line())
    return is_paused


def _save(connection):
    try:
        with transaction.atomic():
            connection.save()
    except IntegrityError as error:
        raise ValidationError({"name": name_taken()}) from error


def name_taken():
    return _("Your team has a connection of this name already. Choose another name.")


def _credential_changes(before, after):
    """Which credentials were set, changed or dropped: their names only."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return [{"field": f"credentials: {name}"} for name in names]
