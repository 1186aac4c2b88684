"""What the API shows of objects, operations and connections, as JSON values."""

from datetime import datetime

from django.utils.translation import gettext as _

from portal.api.refusals import of_platform, reference
from portal.kinds.masking import masked
from portal.operations.shown import Shown
from portal.resources.shown import doubts_about, reads_secrets, shown_values
from portal.teams.access import explain, may
from portal.teams.recording import through
from portal.web.problems import NAMES, plain


def address(kind, row, *more):
    return "/".join(["/api/v1", kind.slug, str(row.pk), *more, ""])


def moment(value):
    return value.isoformat() if isinstance(value, datetime) else None


def _common(kind, row):
    return {
        "id": str(row.pk),
        "url": address(kind, row),
        "kind": kind.slug,
        "remote_id": row.remote_id,
        "name": row.name,
        "connection": str(row.connection_id),
        "state": row.state,
        "is_unsure": row.unsure_at is not None,
        "is_changed_elsewhere": bool(row.drift),
    }


def item(user, kind, row):
    """One row of a list. It reads no more columns than the list has."""
    fields = {field.name for field in kind.model.platform_fields()}
    values = {column.name: getattr(row, column.name) for column in kind.columns if column.name in fields}
    values = values if reads_secrets(user, kind, row) else masked(values)
    return {**_common(kind, row), "is_lacked": row.is_lacked, "values": values}


def object_(user, kind, row, decoded=None, problem=None):
    """One object: `decoded` as the platform just showed it, or why it could not be read."""
    values = {field.name: value for field, value in shown_values(user, kind, row).items()}
    updates = [verb for verb in kind.verbs if verb.fields and not explain(user, verb.right, row)]
    expected = {}
    for verb in updates if decoded else ():
        expected |= verb.evidence.shown(decoded)
    return {
        **_common(kind, row),
        "as_of": moment(row.read_at),
        "is_stale": problem is not None,
        "problem": problem and _why_stale(problem),
        "gone_at": moment(row.gone_at),
        "values": {name: value for name, value in values.items() if name not in (row.unshown or ())},
        "expected": expected or None,
        "verbs": [_verb(user, kind, row, verb) for verb in kind.object_verbs],
        "doubts": [reference(each) for each in doubts_about(user, kind, row)],
    }


def _why_stale(problem):
    more = {name: value for name, value in of_platform(problem).items() if value}
    title = _("The platform could not be read")
    return {
        "type": NAMES + "unavailable",
        "title": title,
        "status": 503,
        "detail": plain(problem.message),
        **more,
    }


def _verb(user, kind, row, verb):
    return {
        "name": verb.name,
        "url": address(kind, row, verb.name),
        "why_not": explain(user, verb.right, row),
    }


def connection(each):
    return {"id": str(each.pk), "name": each.name, "platform": each.platform}


def coverage(fresh):
    """Of one connection: as of when the list shows it, and whether all of it."""
    reading = fresh.reading
    return {
        "connection": connection(fresh.connection),
        "completeness": str(fresh.state),
        "as_of": moment(reading.as_of),
        "count": None if fresh.is_in_part else reading.count,
        "total": None if fresh.is_in_part else reading.total,
        "is_refreshing": fresh.is_running,
        "problem": plain(fresh.problem),
    }


def token(each):
    """What the caller's own token may do; None without one."""
    return each and {
        "id": str(each.pk),
        "name": each.name,
        "rights": each.rights,
        "places": each.places,
        "addresses": each.addresses,
        "expires_at": moment(each.expires_at),
    }


def operation(each, user):
    return {
        **reference(each),
        "cause": str(each.cause),
        "message": plain(each.said or each.platform_message),
        "kind": each.kind_slug,
        "verb": each.verb_name,
        "connection": str(each.connection_id) if each.connection_id else None,
        "object": {"remote_id": each.object_id, "within": each.object_scope, "name": each.object_name},
        "actor": each.actor.email,
        "via": each.via,
        "token": through(each.token).get("through"),
        "reason": each.reason,
        "ticket": each.ticket,
        **{name: moment(getattr(each, name)) for name in ("created_at", "sent_at", "ended_at")},
        "http_status": each.http_status,
        "platform_code": each.platform_code,
        "platform_request_id": each.platform_request_id,
        "duration_ms": each.duration_ms,
        "endings": each.endings if Shown(each, user).may_read else None,
        "has_secrets_to_show": bool(each.sealed_secrets) and each.actor_id == user.pk,
        "job": _job_of(each),
    }


def _job_of(operation):
    step = getattr(operation, "step", None)
    return step and {"id": str(step.job_id), "url": f"/api/v1/jobs/{step.job_id}/", "step": step.number}


def approval(each, user):
    """What waits for approval, or was decided. The requests belong to the record."""
    may_read = may(user, "read_record", each) or (
        each.actor_id == user.pk and may(user, "read_own_record", each)
    )
    return {
        "id": str(each.pk),
        "url": f"/api/v1/approvals/{each.pk}/",
        "state": str(each.shown_state),
        "message": plain(each.said),
        "kind": each.kind_slug,
        "verb": each.verb_name,
        "connection": str(each.connection_id) if each.connection_id else None,
        "object": {"remote_id": each.object_id, "within": each.object_scope, "name": each.object_name},
        "actor": each.actor.email,
        "via": each.via,
        "reason": each.reason,
        "ticket": each.ticket,
        **{name: moment(getattr(each, name)) for name in ("created_at", "expires_at", "decided_at")},
        "decided_by": each.decided_by.email if each.decided_by else None,
        "decision_reason": each.decision_reason,
        "requests": [change["request"] for change in each.changes] if may_read else None,
        "operations": [reference(operation) for operation in each.operations.order_by("created_at")],
        "job": next(({"id": str(job.pk), "url": f"/api/v1/jobs/{job.pk}/"} for job in each.jobs.all()), None),
    }


def job(each, counts):
    """A job; `counts` are (steps that happened, steps)."""
    return {
        "id": str(each.pk),
        "url": f"/api/v1/jobs/{each.pk}/",
        "state": each.state,
        "purpose": each.purpose,
        "kind": each.kind_slug,
        "verb": each.verb_name,
        "object_name": each.object_name,
        "actor": each.actor.email,
        "reason": each.reason,
        "ticket": each.ticket,
        "created_at": moment(each.created_at),
        "ended_at": moment(each.ended_at),
        "done": counts[0],
        "count": counts[1],
    }


def step(each):
    """A step as jobs.shown shows it."""
    became = each.operation
    object = became if became and became.object_id else each
    return {
        "number": each.number,
        "kind": each.kind_slug,
        "verb": each.verb_name,
        "object": {"remote_id": object.object_id, "name": object.object_name},
        "state": str(each.state),
        "waits_for": each.waits_for,
        "message": plain(each.said or (became.message if became else "")),
        "operation": became and reference(became),
    }
