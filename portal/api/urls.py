"""Addresses of the API: those of the pages, below /api/v1/. Each kind and verb has its own."""

from django.urls import path

from portal.api import approval_views, kind_views, portal_views
from portal.kinds.registry import KINDS


def _of_kind(kind):
    objects = kind_views.Creating if kind.creates else kind_views.Objects
    yield path(f"{kind.slug}/", objects.at(kind=kind))
    yield path(f"{kind.slug}/<str:id>/", kind_views.Object.at(kind=kind))
    for verb in kind.object_verbs:
        yield path(f"{kind.slug}/<str:id>/{verb.name}/", kind_views.Verb.at(kind=kind, verb=verb.name))


app_name = "api"
urlpatterns = [
    path("", portal_views.Root.at()),
    path("schema/", portal_views.Schema.at()),
    path("connections/", portal_views.Connections.at()),
    path("operations/", portal_views.Operations.at()),
    path("operations/<uuid:id>/", portal_views.OneOperation.at()),
    path("approvals/", approval_views.Approvals.at()),
    path("approvals/<uuid:id>/", approval_views.OneApproval.at()),
    path("jobs/", portal_views.Jobs.at()),
    path("jobs/<uuid:id>/", portal_views.OneJob.at()),
    *(address for kind in KINDS.values() for address in _of_kind(kind)),
]
