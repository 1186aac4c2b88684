"""From a request to a Change: the same steps as a posted form takes, and the same form makes the Change."""

import json
from contextlib import contextmanager
from dataclasses import dataclass, replace

from django.http import Http404, QueryDict
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException, UnsupportedMediaType

from portal.api.bodies import body_of
from portal.api.doors import ExactJson
from portal.api.refusals import Refusal, of_platform
from portal.errors import KeyReused
from portal.kinds.comparing import is_same
from portal.kinds.effects import as_shown
from portal.operations.change import WHY_FIELDS, Change
from portal.operations.entries import admit, unasked
from portal.operations.models import Operation
from portal.operations.service import KEY_REUSED
from portal.platforms.exchanges import listening
from portal.record.redaction import redact
from portal.resources import pages
from portal.resources.forms import unread
from portal.teams.access import require

VIA = "api"
KEY = "Idempotency-Key"
KEY_MAX = Operation._meta.get_field("key").max_length
DRY = {"": False, "0": False, "false": False, "1": True, "true": True}


class Unread(Refusal):
    """The object that is to be changed cannot be read, or is gone."""


def is_dry(request):
    """Whether the request only asks what would be sent. Raises Refusal for any other parameter."""
    if unknown := {name: [_("There is no such parameter.")] for name in request.GET if name != "dry_run"}:
        raise Refusal(400, _("Nothing was sent."), errors=unknown)
    told = request.GET.get("dry_run", "")
    if told not in DRY:
        raise Refusal(400, _("Nothing was sent."), errors={"dry_run": [_("Send 1 or 0.")]})
    return DRY[told]


def key_of(request):
    """The operation key. Raises Refusal without a usable one."""
    key = request.headers.get(KEY, "")
    if not (0 < len(key) <= KEY_MAX and key.isascii() and key.isprintable() and key.strip()):
        text = _(
            "Send the header %(name)s with 1 to %(most)s printable ASCII characters, a new one for each"
            " change, for example a UUID. Same key and same body: same operation. Nothing was sent."
        )
        raise Refusal(400, text % {"name": KEY, "most": KEY_MAX}, name="key-missing")
    return key


@dataclass(frozen=True)
class Asked:
    """`earlier` is the operation that an update's key already stands for, None if there is none."""

    change: Change
    earlier: Operation | None = None

    @property
    def is_repeated(self):
        """Whether the earlier operation asked for the same. Its values are kept without secrets."""
        return redact(self.change.data) == redact(self.earlier.data)


def asked(request, kind, verb, target, key):
    """What is asked for, as Asked. `key` is "" for a dry run, whose denial is not recorded.

    Raises Refusal, APIException, Http404 and the errors of `admit`.
    """
    connections = [target.connection] if target else pages.connections_of(request, kind)
    if not connections and request.team is None:
        raise Http404
    posted, problem = _posted(request)
    if not connections or not key:
        require(request.user, verb.right, target or (connections[0] if connections else request.team))
    wanted = unread(kind, verb, connections, target, posted) if connections and key else None
    if wanted:
        admit(wanted, request.user, VIA, is_read=False)
    if problem:
        raise problem
    earlier = _earlier(kind, verb, target, key) if verb.fields and key else None
    opened = {}
    if verb.fields:
        with _recorded_if_unread(request, wanted):
            opened = _opened(request, kind, verb, target, posted.get("expected"), earlier)
    given = _typed(kind, verb, posted, opened)
    chosen = str(given.pop("connection", connections[0].pk if target else ""))
    why = {name: given.pop(name, "") for name in WHY_FIELDS}
    connections = [each for each in connections if str(each.pk) == chosen]
    if not connections:
        raise invalid({"connection": [_("This is none of the connections that this can be asked of.")]})
    settings = {"kind": kind, "verb": verb, "target": target}
    if verb.form is None:
        return Asked(Change(connection=connections[0], **why, **settings))
    form = _form({**settings, "connections": connections}, {**given, **why}, opened)
    return Asked(replace(form.change, **why), earlier)


@contextmanager
def _recorded_if_unread(request, wanted):
    """Record that the object of what is `wanted`, None of a dry run, could not be read."""
    with listening([]) as heard:
        try:
            yield
        except Unread as refusal:
            if wanted:
                unasked(wanted, actor=request.user, via=VIA, said=refusal.problem[1], heard=heard)
            raise


def _posted(request):
    """(the body as an object, None), or ({}, what is wrong with it)."""
    if request.META.get("CONTENT_LENGTH") in (None, "", "0"):
        return {}, None
    if request.content_type.partition(";")[0].strip().lower() != ExactJson.media_type:
        return {}, UnsupportedMediaType(request.content_type)
    try:
        body = request.data
    except APIException as error:
        return {}, error
    if not isinstance(body, dict):
        return {}, Refusal(400, _("The body must be a JSON object. Nothing was changed."))
    return body, None


def _opened(request, kind, verb, target, expected, earlier):
    """{field: value} of what an update edits, as the client saw it; else as the platform shows it now.

    For a key that was used before, it is what that operation began with: the object shows its effect by now.
    """
    expected = {} if expected is None else expected
    unknown = set(expected) - set(verb.fields) if isinstance(expected, dict) else {"expected"}
    if unknown:
        text = _("Send an object with: %(names)s.") % {"names": ", ".join(verb.fields)}
        raise invalid({"expected": [text]})
    if earlier:
        return {**earlier.expected, **expected}
    if set(expected) == set(verb.fields):
        return expected
    decoded, problem = pages.look(request, kind, target)
    if problem:
        raise Unread(503, problem.message, **of_platform(problem))
    if decoded is None:
        raise Unread(410, _("It no longer exists on the platform. Nothing was sent."), name="gone")
    return {**as_shown(decoded, verb.fields), **expected}


def _earlier(kind, verb, target, key):
    """The operation that has this key already. Raises KeyReused if it was asked of something else."""
    found = Operation.objects.filter(team=target.connection.team, key=key).first()
    if found is None:
        return None
    asked = (found.kind_slug, found.verb_name, found.object_scope, found.object_id, found.connection_id)
    if asked != (kind.slug, verb.name, *target.identity, target.connection_id):
        raise KeyReused(KEY_REUSED(), operation=found)
    return found if set(found.expected or ()) == set(verb.fields) else None


def _typed(kind, verb, posted, opened):
    """{name: value} of the body, those of the form's fields as it takes them. Of an update only what changes.

    What an object shows may be sent back as it is, whatever today's rules say. The values that an earlier
    operation began with are kept without secrets, so what is sent back is compared without them, too.
    """
    changed = {
        name: value
        for name, value in posted.items()
        if name != "expected"
        and not (name in opened and (is_same(value, opened[name]) or _is_hidden(value, opened[name])))
    }
    serializer = body_of(kind, verb)(data=changed)
    if not serializer.is_valid():
        raise invalid(serializer.errors)
    return dict(serializer.validated_data)


def _is_hidden(value, kept):
    return redact({"": value}) != {"": value} and is_same(redact(value), kept)


def _form(settings, given, opened):
    """The verb's form, valid, as if a script had posted it."""
    posted = QueryDict(mutable=True)
    posted["connection"], posted["operation_key"] = str(settings["connections"][0].pk), "api"
    for name, value in given.items():
        if value is not None and value is not False:
            posted[name] = value
        elif name in opened:
            posted[name] = ""
    if opened:
        posted["expected"] = json.dumps(opened)
    form = settings["verb"].form(posted, **settings)
    if form.is_valid():
        return form
    errors = {name: [str(text) for text in texts] for name, texts in form.errors.items()}
    whole = " ".join(errors.pop("__all__", ()))
    raise invalid(errors, whole, name="unchanged" if form.has_error("__all__", "unchanged") else "invalid")


def invalid(errors, detail="", name="invalid"):
    found = {field: list(map(str, texts)) for field, texts in errors.items()}
    return Refusal(422, detail or _("Nothing was sent. `errors` says why."), name=name, errors=found)
