"""Drift: what was changed on a platform, and no operation of the portal did it.

What is found becomes an entry of the record. A row keeps the fields that differ until somebody accepts them
or sets them back.
"""

from dataclasses import dataclass, field

from django.utils import timezone
from django.utils.translation import gettext_noop as _

from portal.connections.models import Connection
from portal.kinds.comparing import is_identical
from portal.kinds.identity import is_within, or_unknown
from portal.kinds.masking import masked
from portal.operations.models import NOTHING_DONE, Operation
from portal.outside import NAME_MAX, name_or_id, shortened
from portal.record import store
from portal.record.models import Stage
from portal.words import Sentence

VERB, OUTCOME, VIA = "found", "found", "refresh"
PORTAL = "the portal"
SHOWN_MAX = 20  # objects of one batch that get an entry each; one entry names the number of the others

CHANGED = Sentence("found.changed", _("Found, not done here: changed outside the portal (%(fields)s)."))
MADE = Sentence("found.made", _("Found, not done here: made outside the portal."))
GONE = Sentence("found.gone", _("Found, not done here: it no longer exists on the platform."))
MORE = Sentence(
    "found.more", _("Found, not done here: %(count)s more objects were made, changed or deleted elsewhere.")
)


@dataclass(frozen=True)
class Found:
    """Something that was changed elsewhere: `said` about `row`. `diff` is {field: [was, now]}."""

    row: object
    said: object
    diff: dict = field(default_factory=dict)


def differences(kind, row, values):
    """{field: [was, now]} of what people set and the platform shows otherwise than the row."""
    shown_before = kind.judged - set(row.unshown or ())
    return {
        name: [getattr(row, name), values[name]]
        for name in sorted(shown_before & values.keys())
        if not is_identical(getattr(row, name), values[name])
    }


def elsewhere(kind, connection, differing):
    """What of {row: diff} no operation of the portal explains: {row: diff} of the rest.

    An operation explains the fields that it sent, from when it is asked for until the row was read after its
    end.
    """
    touching, left = _touching(kind, connection, differing), {}
    for row, diff in differing.items():
        explained = set()
        for operation in touching.get(row.pk, ()):
            if _may_be_its(operation, row):
                explained |= _columns(kind, operation)
        if rest := {name: pair for name, pair in diff.items() if name not in explained}:
            left[row] = rest
    return left


def _may_be_its(operation, row):
    """Whether the operation may have changed the row's object since its values were shown."""
    late = operation.late_until and operation.late_until > timezone.now()
    return operation.ended_at is None or bool(late) or operation.ended_at > row.read_at


def _columns(kind, operation):
    """The columns that an operation writes; its form may have another name for the name."""
    names = set(operation.data or ())
    return names | ({"name"} if kind.typed_name in names else set())


def _touching(kind, connection, rows, **narrowed):
    """{pk of a row: the operations that changed its object, or may have}"""
    operations = Operation.objects.filter(
        connection_id__in=Connection.objects.of_account(connection), kind_slug=kind.slug
    )
    operations = operations.filter(object_id__in=[row.remote_id for row in rows], **narrowed)
    fields = (
        "object_id",
        "object_scope",
        "ended_at",
        "late_until",
        "data",
        "verb_name",
        "kind_slug",
        "state",
    )
    by_id, touching = {}, {}
    for operation in operations.exclude(state__in=NOTHING_DONE).only(*fields):
        by_id.setdefault(operation.object_id, []).append(operation)
    for row in rows:
        found = by_id.get(row.remote_id, ())
        if its := [each for each in found if is_within(row.scope, each.object_scope)]:
            touching[row.pk] = its
    return touching


def made_elsewhere(kind, connection, rows):
    """Those of the new rows that no create of the portal made, or may have made."""
    if not rows:
        return []
    account = Connection.objects.of_account(connection)
    creates = Operation.objects.filter(connection_id__in=account, kind_slug=kind.slug, verb_name="create")
    # Of these nobody knows yet what they made.
    wished = set(creates.unsettled().values_list("object_scope", "object_name"))
    place = Operation(connection=connection, kind_slug=kind.slug).place_of
    places = {place(row.remote_id, row.scope): row.pk for row in rows}
    # A create names what it made for its account, also when its connection is deleted.
    made = Operation.objects.filter(made__in=places).values_list("made", flat=True)
    ours = {places[each] for each in made}
    ids = {row.remote_id for row in rows}
    known = set(creates.filter(object_id__in=ids).values_list("object_scope", "object_id"))

    def is_ours(row):
        scopes = or_unknown(row.scope)
        may_be = {(each, row.remote_id) for each in scopes}, {(each, _named_as(row)) for each in scopes}
        return row.pk in ours or bool(may_be[0] & known or may_be[1] & wished)

    return [row for row in rows if not is_ours(row)]


def removed_here(kind, connection, rows):
    """pks of the rows whose objects an operation of the portal removed, or may have removed."""
    removing = [verb.name for verb in kind.verbs if verb.removes]
    return set(_touching(kind, connection, rows, verb_name__in=removing))


def marked(known, diff):
    """The drift `known` with a further {field: [was, now]}: what the field was at first stays."""
    known = known or {}
    merged = {**known}
    for name, (was, now) in diff.items():
        merged[name] = [known.get(name, [was])[0], now]
    return {name: pair for name, pair in merged.items() if not is_identical(*pair)} or None


def lines(kind, connection, found):
    """Lines of the record for a list of Found."""
    entries = [line(kind, connection, each) for each in found[:SHOWN_MAX]]
    if more := found[SHOWN_MAX:]:
        entries.append(_line(kind, connection, MORE(count=len(more)), {"objects": _named(more)}))
    return entries


def line(kind, connection, found):
    fields = ", ".join(str(kind.model._meta.get_field(name).verbose_name) for name in found.diff)
    said = CHANGED(fields=fields) if found.diff else found.said
    scope, id = found.row.identity
    about = {"object_id": id, "object_scope": scope, "object_name": _named_as(found.row)}
    about["space"] = found.row.space_id
    return _line(kind, connection, said, stated(found.diff) if found.diff else {}, **about)


def stated(diff):
    """The body of an entry about {field: [was, now]}, without what pages mask."""
    sides = [masked({name: pair[side] for name, pair in diff.items()}) for side in (0, 1)]
    return {"changed": {name: {"was": sides[0][name], "now": sides[1][name]} for name in diff}}


def _named_as(row):
    return shortened(str(row), NAME_MAX)


def _named(found):
    return [
        {"id": each.row.remote_id, "name": name_or_id(each.row.name, each.row.remote_id)} for each in found
    ]


def _line(kind, connection, said, body, **about):
    return store.line(
        stage=Stage.NOTE,
        outcome=OUTCOME,
        actor=PORTAL,
        via=VIA,
        team_id=str(connection.team_id),
        team=connection.team.name,
        connection_id=str(connection.pk),
        connection=connection.name,
        platform=kind.platform,
        kind=kind.slug,
        verb=VERB,
        said=said,
        body=body,
        **about,
    )
