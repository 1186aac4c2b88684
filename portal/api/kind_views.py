"""The views of all kinds: list, object and verbs. None of them asks which kind it has."""

from django.http import Http404
from rest_framework.response import Response

from portal.api import asking, schemas, shown
from portal.api.bodies import body_of
from portal.api.describing import Told
from portal.api.doors import Door
from portal.api.ending import carry_out
from portal.api.paging import list_link, read_list
from portal.resources import pages
from portal.resources.wanted import MARKS, ORDERS

WRONG = (405, 409, 410, 411, 413, 414, 415, 422)


def _name(kind, *words):
    return "-".join([*words, *kind.slug.split("/")]).replace("-", "_")


class Objects(Door):
    """The list of a kind, from the mirror."""

    def get(self, request):
        read = read_list(request, self.kind)
        found = read.found
        return Response(
            {
                "items": [shown.item(request.user, self.kind, row) for row in found.rows],
                "next": list_link(request, after=found.next),
                "previous": list_link(request, before=found.previous),
                "total": {"count": found.total, "is_more": found.is_more},
                "is_whole": found.is_whole,
                "covers": [shown.coverage(each) for each in read.fresh],
                "unread": [
                    {"connection": str(each.pk), "detail": shown.plain(error.message)}
                    for each, error in (read.reached.unread if read.reached else ())
                ],
            }
        )

    def described(self, method):
        kind = self.kind
        queries = {
            "q": (schemas.TEXT, "A part of a name or id, or another text that lists are searched by."),
            "connection": (schemas.ID, "Only objects of this connection."),
            **dict.fromkeys(kind.filters, (schemas.TEXT, "Only objects with this value.")),
            "only": ({"enum": list(MARKS)}, "Only objects that are in question, or were changed elsewhere."),
            "sort": ({"enum": list(ORDERS)}, "By name, forwards or backwards."),
            "exactly": (
                {"enum": ["1"]},
                "Only objects with exactly this id or name; platforms are asked, too.",
            ),
            "after": (schemas.TEXT, "From the link `next`."),
            "before": (schemas.TEXT, "From the link `previous`."),
        }
        return Told(_name(kind, "list"), kind.plural, {200: schemas.of_list(kind)}, (414,), queries)


class Creating(Objects):
    """The list of a kind whose objects can be created."""

    def post(self, request):
        return change(request, self.kind, self.kind.verb("create"))

    def described(self, method):
        if method != "post":
            return super().described(method)
        return _told_verb(self.kind, self.kind.verb("create"), 201)


class Object(Door):
    """One object, read live; the mirror's values if the platform cannot be read."""

    def get(self, request, id):
        row = pages.find(request, self.kind, id)
        decoded, problem = pages.look(request, self.kind, row)
        return Response(shown.object_(request.user, self.kind, row, decoded, problem))

    def described(self, method):
        return Told(
            _name(self.kind, "show"),
            self.kind.label,
            {200: schemas.ref(schemas.named(self.kind, "object"))},
            (409, 414) if self.kind.within else (414,),
        )


class Verb(Door):
    """What can be done with an object: update, delete, sync, ..."""

    def post(self, request, id):
        return change(request, self.kind, self.kind.verb(self.verb), pages.find(request, self.kind, id))

    def described(self, method):
        return _told_verb(self.kind, self.kind.verb(self.verb), 200)


def change(request, kind, verb, target=None):
    """Carry out what is asked for, or say what would be sent."""
    dry = asking.is_dry(request)
    key = "" if dry else asking.key_of(request)
    asked = asking.asked(request, kind, verb, target, key)
    if not dry:
        return carry_out(request, asked, key, asking.VIA)
    wanted = asked.change
    if wanted.request is None:
        wanted.client.url(wanted.call)  # raises the reason
        raise Http404
    return Response({"request": wanted.request})


def _told_verb(kind, verb, status):
    done, dry = schemas.ref(schemas.named(kind, "changed")), schemas.ref("DryRun")
    answers = {200: dry, 201: done} if status == 201 else {200: {"oneOf": [done, dry]}}
    words = "1: answer with the request that would be sent, and send nothing."
    return Told(
        _name(kind, verb.name),
        verb.label,
        {**answers, 202: {"oneOf": [done, schemas.ref("Waits")]}},
        WRONG,
        {"dry_run": ({"enum": ["0", "1"]}, words)},
        body_of(kind, verb),
        takes_key=True,
    )
