"""What can be done to a connection; each change is recorded in its own transaction."""

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.connections import condition
from portal.connections.checking import check
from portal.connections.condition import opened_or_empty
from portal.connections.models import Condition, Connection, StoredToken
from portal.connections.tokens import DELETED
from portal.errors import NotVisible
from portal.record.store import append
from portal.teams.models import Team
from portal.teams.recording import line, require_recorded, spoken
from portal.words import to_json

KIND = "portal/connections"
RIGHT = "connections"
RECORDED = ("name", "platform", "sign_in", "endpoint", "iam_endpoint", "region", "project_id", "instance_id")
RECORDED += ("org_id", "edition", "signature", "calls_per_minute", "calls_at_once")
DESTINATION = ("endpoint", "iam_endpoint", "region", "project_id", "instance_id", "org_id")


def attempt(verb, *, actor, thing, via="web", **names):
    """Raise NotAllowed (recorded) unless `actor` may run the connections of `thing`, a Team or a Connection.

    Returns the line for the record.
    """
    if isinstance(thing, Team):
        team = thing
    else:
        team, names = thing.team, {**_names(thing), "object_id": thing.pk, "connection_id": str(thing.pk)}
    tried = line(verb, kind=KIND, actor=actor, team=team, via=via, **names)
    require_recorded(actor, RIGHT, thing, tried)
    return tried


def _names(connection):
    return {
        "object_name": connection.name,
        "connection": connection.name,
        "platform": connection.platform,
    }


def create(*, actor, team, values, credentials, via="web"):
    """Add a connection. Raises NotAllowed, and ValidationError when the team has one with that name."""
    connection = Connection(team=team, **values)
    tried = attempt("connection_create", actor=actor, thing=team, via=via, **_names(connection))
    connection.set_credentials(credentials)
    after = {name: value for name, value in values.items() if value}
    body = {"after": after, **_credential_changes({}, credentials)}
    with transaction.atomic(durable=True):
        _save(connection)
        ids = {"object_id": str(connection.pk), "connection_id": str(connection.pk)}
        append({**tried, **ids, "body": body})
    return connection


def change(connection, *, actor, values, credentials, via="web", same_account=False):
    """Set `values`, and replace all credentials by `credentials`.

    Raises NotAllowed, NotVisible when the connection was deleted meanwhile, and ValidationError for a taken
    name, or for another destination while operations are unsettled. `same_account` says that the destination
    is the same account at another address, which is always allowed. Tokens are deleted, because one got with
    the old values would hide a wrong password until it expires. At another account, the mirror is deleted: it
    shows what this connection no longer leads to.
    """
    tried = attempt("connection_update", actor=actor, thing=connection, via=via)
    with transaction.atomic(durable=True):
        row = _locked(connection)
        before, account = {name: getattr(row, name) for name in values}, row.account
        moves = any(values.get(name, getattr(row, name)) != getattr(row, name) for name in DESTINATION)
        if moves and not same_account:
            _settled_or_refused(row)
        after = {name: value for name, value in values.items() if value != before[name]}
        body = {"before": {name: before[name] for name in after}, "after": after}
        for name, value in values.items():
            setattr(row, name, value)
        body |= _credential_changes(opened_or_empty(row), credentials)
        row.set_credentials(credentials)
        row.changed_at = timezone.now()
        row.checked_at, row.check_part, row.check_said = None, "", None
        _save(row)
        StoredToken.objects.filter(connection=row).delete()
        condition.reset(row.pk)
        if row.account != account and not same_account:
            row.forget_mirror()
            row.steps.let_go()
        append({**tried, "body": body})
    return row


def delete(connection, *, actor, via="web"):
    """Delete the connection, its credentials and what was mirrored through it.

    Raises NotAllowed, NotVisible when it was deleted meanwhile, and ValidationError while an operation on it
    is unsettled: without the connection nobody could find out whether that change happened.
    """
    tried = attempt("connection_delete", actor=actor, thing=connection, via=via)
    with transaction.atomic(durable=True):
        row = _locked(connection)
        _settled_or_refused(row)
        Connection.objects.filter(pk=connection.pk).delete()
        before = {name: value for name in RECORDED if (value := getattr(row, name))}
        append({**tried, "body": {"before": before}})


def _locked(connection, *, no_key=False):
    """The row, locked until the transaction ends; raises NotVisible when it was deleted meanwhile.

    With `no_key`, calls that are under way can still write rows that refer to the connection.
    """
    row = _locked_or_none(connection, no_key=no_key)
    if row is None:
        raise _gone()
    return row


def _locked_or_none(connection, *, no_key):
    return Connection.objects.select_for_update(no_key=no_key).filter(pk=connection.pk).first()


def _gone():
    return NotVisible(DELETED())


def _settled_or_refused(row):
    """Refuse with a ValidationError while operations are unsettled or steps of jobs wait for their turn; stop
    watching for operations that are absent.

    At another account, nobody would find what an operation did, or they would find what another one did. The
    caller holds the row's lock, so no operation begins on it meanwhile.
    """
    if row.operations.unsettled().exists():
        raise ValidationError(_("Some operations on this connection are not resolved yet. Check them first."))
    if row.steps.waiting().exists():
        raise ValidationError(_("A job on this connection is not over yet. Wait for it, or stop it."))
    row.operations.let_go()


def probe(connection, *, actor, via="web"):
    """Test part by part, store the result and return it as a checking.Result.

    A test also runs while calls are paused; if it finds nothing wrong, it ends the pause. If the platform
    refuses the sign-in, a pause begins. Raises NotAllowed, and NotVisible when the connection was deleted
    meanwhile.
    """
    tried = attempt("connection_test", actor=actor, thing=connection, via=via)
    era = Condition.objects.filter(pk=connection.pk).values_list("era", flat=True).first() or 0
    result = check(connection)
    parts = [{"part": each.part, "ok": each.ok, "detail": each.detail} for each in result.findings]
    body = {"parts": parts, "attempts": [each.to_json() for each in result.exchanges]}
    tested = {**tried, "outcome": "failed" if result.part else "done", "body": body}
    if result.said:
        tested |= spoken(result.said)
    with transaction.atomic(durable=True):
        row = _locked_or_none(connection, no_key=True)
        if row and row.changed_at == connection.changed_at:  # else another address or account was tested
            row.checked_at, row.check_part, row.check_said = timezone.now(), result.part, to_json(result.said)
            row.save(update_fields=["checked_at", "check_part", "check_said"])
            if result.refusal:
                condition.refused_by_test(connection.pk, result.refusal)
        if row and not result.part:
            condition.end_pause(connection.pk, era)
        append(tested)  # the platform was called, even if the connection is gone by now
    if row is None:
        raise _gone()
    connection.refresh_from_db()
    return result


def try_again(connection, *, actor, via="web"):
    """Let the next call find out whether the platform works again, although the pause is not over yet.

    Returns False, and records nothing, when nothing is paused. Raises NotAllowed, and NotVisible when the
    connection was deleted meanwhile.
    """
    tried = attempt("connection_try", actor=actor, thing=connection, via=via)
    with transaction.atomic(durable=True):
        _locked(connection, no_key=True)
        is_paused = condition.try_now(connection.pk)
        if is_paused:
            append(tried)
    return is_paused


def _save(connection):
    try:
        with transaction.atomic():
            connection.save()
    except IntegrityError as error:
        raise ValidationError({"name": name_taken()}) from error


def name_taken():
    return _("Your team already has a connection with this name. Choose another name.")


def _credential_changes(before, after):
    """Which credentials were set, changed or removed: only their names, below one that hides none of them."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return {"renewed": names} if names else {}
