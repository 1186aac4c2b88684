"""Which operation created an object? One that another operation is known to have created is not ours.

What is read here can be outdated when a state is written. Therefore each create that is known to have made an
object claims it in `Operation.made`, which is unique.
"""

from django.utils.translation import gettext_noop as _

from portal.connections.models import Connection
from portal.kinds.evidence import DELETED_OTHER, MISSED, UNDECIDED, UNSEEN, Look
from portal.kinds.identity import is_within, or_unknown
from portal.operations import life, together
from portal.operations.entries import line
from portal.operations.history import asked, older
from portal.operations.models import HAPPENED, RUNNING, UNANSWERED, UNSETTLED, Operation, State
from portal.record.models import Entry, Stage
from portal.words import Sentence, to_json

WAITING = "waiting"  # one more verdict than kinds/evidence.py has: another operation must end first

RIVAL_RUNS = Sentence(
    "look.rival_runs", _("Another operation with the same name is running. The portal waits until it ends.")
)
RIVAL_IN_DOUBT = Sentence(
    "look.rival_in_doubt", _("Another operation with the same name is in doubt and is resolved first.")
)
RIVALS_BOTH = Sentence(
    "look.rivals_both",
    _("Two operations with the same name are in doubt, and either may have created the object."),
)
RIVAL_MADE_IT = Sentence(
    "look.rival_made_it", _("Another operation created the object that the platform shows.")
)
RIVALS_MADE_SOME = Sentence(
    "look.rivals_made_some",
    _("Other operations created some of the objects that were found, but not all of them."),
)
OLDER = Sentence(
    "look.older",
    _("The object that the platform shows is older: the portal changed it before this was sent."),
)
MADE_SINCE = Sentence(
    "look.made_since",
    _("The platform shows an object with this id, but the portal may have created it after this was sent."),
)
MAKER_KNOWN = Sentence(
    "operation.maker_known",
    _("The platform answered another operation that it created this object, so this one did not."),
)


def without_others(operation, look):
    """The Look of a create, without the objects that other operations created.

    If another create of the same name has not ended, it may have created the object that was found. Then
    the verdict is WAITING or UNDECIDED.
    """
    if operation.verb.on_object or not look.candidates:
        return look
    rivals = _rivals(operation)
    if rivals.filter(state__in=RUNNING).exists():
        return Look(WAITING, RIVAL_RUNS())
    if rivals.filter(state__in=UNANSWERED).exists():
        if operation.state == State.ABSENT:
            return Look(WAITING, RIVAL_IN_DOUBT())
        return Look(UNDECIDED, RIVALS_BOTH(), look.candidates)
    identity = operation.identity_of
    found = {identity(each["object"]): each.get("is_gone", False) for each in look.candidates}
    taken = taken_by_others(operation, found)
    # What the portal had changed before was an earlier object, if nothing had the id just before.
    not_ours = taken | (set() if _is_new(operation) else older(operation, found))
    if not not_ours:
        return look
    left = [each for each in look.candidates if identity(each["object"]) not in not_ours]
    if not left:
        if operation.state == State.IN_DOUBT and _removed_since(operation, found):
            return Look(UNDECIDED, DELETED_OTHER(), look.candidates)
        said = RIVAL_MADE_IT() if taken else OLDER()
        return Look(MISSED if look.is_whole else UNSEEN, said, look.candidates)
    return Look(UNDECIDED, RIVALS_MADE_SOME(), left)


def without_newer(operation, look):
    """The Look of a delete that still shows an object, but not if that may be a new one with the same id."""
    if look.verdict != MISSED or not operation.verb.removes or not operation.kind.ids_return:
        return look
    open_, linked = open_creates(operation), Connection.objects.of_account(operation.connection)
    if any(each.is_running for each in open_):
        return Look(WAITING, RIVAL_RUNS())
    made = Entry.objects.filter(
        stage=Stage.OUTCOME,
        kind=operation.kind_slug,
        verb="create",
        connection_id__in=[str(each) for each in linked],
        object_id=operation.object_id,
        outcome__in=HAPPENED,
        seq__gt=asked(operation),
    )
    scopes = made.values_list("object_scope", flat=True)
    if open_ or any(is_within(operation.object_scope, scope) for scope in scopes):
        return Look(UNDECIDED, MADE_SINCE(), look.candidates)
    return look


def open_creates(operation):
    """The creates that are not over and ask for the id of the object that another operation is about."""
    if not operation.kind.ids_return:
        return []
    linked = Connection.objects.of_account(operation.connection)
    creates = Operation.objects.filter(
        connection_id__in=linked, kind_slug=operation.kind_slug, verb_name="create", state__in=UNSETTLED
    )
    return [each for each in creates if _asks_for(each, operation)]


def _asks_for(create, operation):
    """Whether a create asks for the id of the object that another operation is about."""
    is_same = create.kind.asked_id(create.data or {}) == operation.object_id
    return is_same and is_within(create.object_scope, operation.object_scope)


def taken_by_others(operation, objects):
    """The identities of those objects that another create has made, whenever and by whichever connection.

    Not only those made since this one was requested: a list that lags may have kept them from the baseline.
    `objects` is {identity: whether it no longer exists}; nobody claims what the portal has deleted.
    """
    places = {operation.place_of(id, scope): (scope, id) for scope, id in objects}
    claimed = _not_earlier(operation, Operation.objects.filter(made__in=places).exclude(pk=operation.pk))
    taken = {places[each.made] for each in claimed}
    removed = _removed_since(operation, objects)
    if gone := [each for each, is_gone in objects.items() if is_gone or each in removed]:
        makers = _others(operation).filter(state__in=HAPPENED, object_id__in=[id for _scope, id in gone])
        made = {(each.object_scope, each.object_id) for each in _not_earlier(operation, makers)}
        taken |= {(scope, id) for scope, id in gone if not made.isdisjoint(_maybe(scope, id))}
    return taken


def _is_new(operation):
    """Whether what has the id that a create asked for was made since: just before, nothing had it."""
    return operation.kind.ids_return and operation.baseline is False


def _not_earlier(operation, makers):
    """The creates that may have made what this one asked for: not those that had ended before it began, if
    the id was free then. What they made was deleted outside the portal."""
    makers = list(makers.only("made", "object_id", "object_scope"))
    return _not_over_before(operation, makers) if _is_new(operation) else makers


def _not_over_before(operation, others):
    """Those of the operations that had not happened when this one began."""
    if not others:
        return []
    pks = [str(each.pk) for each in others]
    ends = Entry.objects.filter(operation__in=pks, stage=Stage.OUTCOME, outcome__in=HAPPENED)
    over = set(ends.filter(seq__lt=asked(operation)).values_list("operation", flat=True))
    return [each for each in others if str(each.pk) not in over]


def _removed_since(operation, objects):
    """Those of the identities of which the portal may have deleted an object since this create began, where
    that can have been another one than what has the id now."""
    if not operation.kind.ids_return:
        return set()
    deletes = Operation.objects.filter(
        connection_id__in=Connection.objects.of_account(operation.connection),
        kind_slug=operation.kind_slug,
        verb_name__in=[verb.name for verb in operation.kind.verbs if verb.removes],
        object_id__in=[id for _scope, id in objects],
        state__in=(*UNSETTLED, *HAPPENED),
    )
    found = _not_over_before(operation, list(deletes.only("object_id", "object_scope")))
    return {
        (scope, id)
        for scope, id in objects
        if any(each.object_id == id and is_within(scope, each.object_scope) for each in found)
    }


def end_earlier_claims(operation, decoded):
    """Free the object that this create turned out to have made from those that had the same id before."""
    claims = Operation.objects.filter(made=operation.names_of(decoded)["made"]).exclude(pk=operation.pk)
    kept = {each.pk for each in _not_earlier(operation, claims)}
    claims.exclude(pk__in=kept).update(made=None)


def _maybe(scope, id):
    return {(each, id) for each in or_unknown(scope)}


def may_be_made_by_running(operation):
    """Whether another create of the same name is on its way: then nobody knows yet what it makes."""
    return _rivals(operation).filter(state__in=RUNNING).exists()


def take_back(operation, decoded):
    """Free the object that the platform's clear answer gives to this operation. Returns whether it was taken.

    A create that claimed it by evidence or by a person's decision while this one was on its way was wrong: it
    needs a human again. An older claim is about an earlier object: the platform gave its id again.
    """
    place = operation.names_of(decoded)["made"]
    other = Operation.objects.filter(made=place).exclude(pk=operation.pk).first()
    if other is None:
        return False
    if other.state != State.FOUND or other.ended_at < operation.sent_at:
        return life.keep(other, states=HAPPENED, made=None)
    columns = {"made": None, "object_id": "", "ended_at": None, "decision": "", "platform_message": ""}
    asked_for = other.kind.scope_of(other.data or {})
    return life.move(
        other,
        State.NEEDS_HUMAN,
        columns={**columns, "object_scope": asked_for, "words": to_json(MAKER_KNOWN())},
        happened=lambda: together.reopen(other),
        entry=lambda: line(other, Stage.OUTCOME, State.NEEDS_HUMAN, {}, via="system"),
    )


def _rivals(operation):
    """Other creates of the same name that may be about the same object."""
    rivals = _others(operation).filter(object_name=operation.object_name)
    scope = operation.object_scope
    return rivals.filter(object_scope__in=or_unknown(scope)) if scope else rivals


def _others(operation):
    """Other operations with the same kind and verb in the same account, through any connection to it."""
    return Operation.objects.filter(
        connection_id__in=Connection.objects.of_account(operation.connection),
        kind_slug=operation.kind_slug,
        verb_name=operation.verb_name,
    ).exclude(pk=operation.pk)
