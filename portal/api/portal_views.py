"""The views that belong to no kind: what is there, connections, operations, the OpenAPI document."""

from functools import cache

from django.middleware.csrf import get_token
from django.utils.translation import override
from drf_spectacular.generators import SchemaGenerator
from rest_framework.response import Response

from portal.api import schemas, shown
from portal.api.describing import Told
from portal.api.doors import Door
from portal.api.paging import check, list_link
from portal.connections.models import Connection
from portal.jobs import shown as job_listing
from portal.jobs.views import find as find_job
from portal.kinds.registry import KINDS
from portal.operations.job import Job
from portal.operations.listing import GROUPS, anchor, is_state, listed
from portal.operations.models import Operation, State
from portal.operations.views import find

NAMED = schemas.closed({"id": schemas.ID, "name": schemas.TEXT})


class Root(Door):
    """What is there, for the team of the token, or the one that the session works in."""

    def get(self, request):
        team = request.team
        return Response(
            {
                "user": request.user.email,
                "team": team and {"id": str(team.pk), "name": team.name},
                "token": shown.token(request.auth),
                "csrf_token": None if request.auth else get_token(request),
                "kinds": [
                    {"kind": slug, "name": str(kind.plural), "url": f"/api/v1/{slug}/", "verbs": _verbs(kind)}
                    for slug, kind in KINDS.items()
                ],
                "connections": "/api/v1/connections/",
                "operations": "/api/v1/operations/",
                "approvals": "/api/v1/approvals/",
                "jobs": "/api/v1/jobs/",
                "schema": "/api/v1/schema/",
            }
        )

    def described(self, method):
        kind = {"kind": schemas.TEXT, "name": schemas.TEXT, "url": schemas.ADDRESS}
        root = {
            "user": schemas.TEXT,
            "team": schemas.either(NAMED),
            "token": schemas.either(schemas.ref("Token")),
            "csrf_token": schemas.NULLABLE_TEXT,
            "kinds": schemas.list_of(schemas.closed({**kind, "verbs": schemas.list_of(schemas.TEXT)})),
            **dict.fromkeys(("connections", "operations", "approvals", "jobs", "schema"), schemas.ADDRESS),
        }
        return Told("root", "What is there", {200: schemas.closed(root)})


def _verbs(kind):
    return [verb.name for verb in kind.verbs]


class Connections(Door):
    """The team's connections, without anything that is secret."""

    def get(self, request):
        check(request, {})
        found = Connection.objects.visible_to(request.user).filter(team=request.team)
        return Response({"items": [shown.connection(each) for each in found]})

    def described(self, method):
        answer = schemas.closed({"items": schemas.list_of(schemas.ref("Connection"))})
        return Told("list_connections", "Connections", {200: answer})


class Operations(Door):
    """The team's operations, newest first."""

    def get(self, request):
        state, before = request.GET.get("state", ""), request.GET.get("before", "")
        operations = Operation.objects.visible_to(request.user).filter(team=request.team)
        check(request, {"state": is_state(state), "before": anchor(operations, before)})
        found, following = listed(operations, state, before)
        items = [shown.operation(each, request.user) for each in found]
        return Response({"items": items, "next": list_link(request, before=following), "previous": None})

    def described(self, method):
        queries = {
            "state": (
                {"enum": [*State.values, *GROUPS]},
                "Only operations in this state or states.",
            ),
            "before": (schemas.ID, "From the link `next`."),
        }
        answer = schemas.page_of(schemas.ref("Operation"))
        return Told("list_operations", "Operations", {200: answer}, (), queries)


class OneOperation(Door):
    def get(self, request, id):
        return Response(shown.operation(find(request, id), request.user))

    def described(self, method):
        return Told("show_operation", "Operation", {200: schemas.ref("Operation")})


class Jobs(Door):
    """The team's jobs, newest first."""

    def get(self, request):
        jobs = Job.objects.visible_to(request.user).filter(team=request.team)
        check(request, {"before": job_listing.anchor(jobs, request.GET.get("before", ""))})
        found, following = job_listing.listed(jobs, request.GET)
        items = [shown.job(each, each.counts) for each in found]
        return Response({"items": items, "next": list_link(request, before=following), "previous": None})

    def described(self, method):
        queries = {"before": (schemas.ID, "From the link `next`.")}
        return Told("list_jobs", "Jobs", {200: schemas.page_of(schemas.ref("Job"))}, (), queries)


class OneJob(Door):
    """A job with its steps."""

    def get(self, request, id):
        found = job_listing.Shown(find_job(request, id), request.user)
        steps = [shown.step(each) for each in found.steps]
        return Response({**shown.job(found.job, (found.done, len(steps))), "steps": steps})

    def described(self, method):
        return Told("show_job", "Job", {200: schemas.ref("JobWithSteps")})


class Schema(Door):
    """This API as an OpenAPI 3.1 document, made from the kinds and the contracts of their platforms."""

    def get(self, request):
        return Response(document())

    def described(self, method):
        return Told("schema", "The OpenAPI document", {200: {"type": "object"}})


@cache
def document():
    with override("en"):
        return SchemaGenerator(urlconf="portal.urls").get_schema(public=True)
