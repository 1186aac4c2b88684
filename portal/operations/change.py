"""Change: one change that somebody wants on a platform, as a value. service.perform() requests it."""

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from functools import cached_property

from django.conf import settings

from portal.connections.models import Connection
from portal.errors import PortalError
from portal.kinds.models import Mirror
from portal.kinds.registry import Kind, Verb
from portal.outside import NAME_MAX, shortened
from portal.record.redaction import redact
from portal.record.store import canonical

WHY_FIELDS = ("reason", "ticket")  # of a Change: why it is wanted. Another reason makes no other change.


@dataclass(frozen=True)
class Then:
    """A change to request as soon as another one happened: bind the policy that it creates.

    - `target_id` is the platform's id of the object it acts on; "" for the object that the other one makes or
      changes.
    - `id_in` is the field of its data that takes the id of that object: a device that is created is added to
      a group. Where the field lists many, the id is the only one.
    - `data` holds no secrets: it is kept as it is until its turn comes.
    """

    kind: Kind
    verb: Verb
    target_id: str = ""
    data: dict = field(default_factory=dict)
    id_in: str = ""

    def of(self, change):
        """The same as a Change, before the other one happened: for what is asked of its rights."""
        target = None if self.target_id else change.target
        return Change(self.kind, self.verb, change.connection, target, self.data, made_in=change.space)

    @property
    def shown(self):
        """What identifies it, as a JSON value for the record."""
        which = {"object_id": self.target_id, "id_in": self.id_in}
        return {"kind": self.kind.slug, "verb": self.verb.name, **which, "data": self.data}


@dataclass(frozen=True)
class Change:
    """Made from validated data without calling the platform: by a form, for pages and API; by imports later.

    - `target` is the mirror row that the verb acts on; None for a create.
    - `data` is {field: value} in snake case. An update has only the fields that it sends: those that change,
      and what the platform wants to be told again (Collection.to_update); None clears a field.
    - `expected` is {field: value} as the person saw the object. If the platform shows other values just
      before sending, nothing is sent. None if the person saw no values.
    - `ticket` is the number of a change request in the team's own system.
    - `then` are the changes to request after it, as one job (job.py).
    - `made_in` is the space of another change, which this one follows.
    """

    kind: Kind
    verb: Verb
    connection: Connection
    target: Mirror | None = None
    data: dict = field(default_factory=dict)
    expected: dict | None = None
    reason: str = ""
    ticket: str = ""
    then: tuple = ()
    made_in: str = ""

    @property
    def object_name(self):
        return shortened(self.verb.object_name(self.data, self.target), NAME_MAX)

    @property
    def object_id(self):
        return self.target.remote_id if self.target else ""

    @property
    def object_scope(self):
        """What the object's id is unique within; of a create, what it asks for, "" if nothing."""
        return self.target.scope if self.target else self.kind.scope_of(self.data)

    @property
    def space(self):
        """The id of the space that the object is in, or is to be made in; "" if that is not known."""
        return self.target.space_id if self.target else self.made_in or self.kind.space_of(self.data)

    @cached_property
    def bound(self):
        """The collection and the object on the platform. Raises SignInFailed without usable credentials."""
        return self.kind.bound(self.connection.client(), self.target)

    @property
    def client(self):
        return self.bound.collection.client

    @cached_property
    def call(self):
        """The request, built once, so that the same is previewed, recorded and sent.

        Raises NotSent and SignInFailed.
        """
        if self.verb.fields and not set(self.data) & set(self.verb.fields):
            raise ValueError(f"{self.verb.name} of {self.kind.slug} changes nothing")
        return self.verb.call(self.bound, self.data)

    @cached_property
    def request(self):
        """{method, url, body} as it will be sent, for the record, with fingerprints in place of secrets.

        None if no request can be built, for example without credentials. Sending then raises the reason.
        """
        try:
            url = self.client.url(self.call)
        except PortalError:
            return None
        return {"method": self.call.method, "url": url, "body": _shown((self.call.body or b"").decode())}

    @cached_property
    def body_hash(self):
        """Equal for two changes that request the same. An HMAC, because a bare hash of a short secret can be
        guessed."""
        parts = [self.kind.slug, self.verb.name, str(self.connection.pk), self.object_id, self.data]
        parts += [each.shown for each in self.then]
        parts += [self.target.scope] if self.target and self.target.scope else []
        return keyed_hash(parts)


def keyed_hash(value):
    """An HMAC of a JSON value under the record's key, in hexadecimal digits."""
    text = canonical(value).encode("utf-8", "surrogatepass")
    return hmac.new(settings.RECORD_KEYS[0].encode(), text, hashlib.sha256).hexdigest()


def _shown(body):
    """A JSON body byte for byte; if it holds secrets, rewritten without them."""
    if not body:
        return ""
    value = json.loads(body)
    shown = redact(value)
    return body if shown == value else json.dumps(shown, ensure_ascii=False, separators=(",", ":"))
