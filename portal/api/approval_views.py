"""What waits for approval, and what was decided. Deciding is for people, on the portal's pages."""

from rest_framework.response import Response

from portal.api import schemas, shown
from portal.api.describing import Told
from portal.api.doors import Door
from portal.api.paging import check, list_link
from portal.resources.approval_page import VIEWS, anchor, find, listed, of_view

ALL = {name or "to-decide": name for name in VIEWS}


class Approvals(Door):
    """The team's approvals, newest first."""

    def get(self, request):
        view, before = request.GET.get("view", "to-decide"), request.GET.get("before", "")
        rows = of_view(request.user, request.team, ALL.get(view, ""))
        behind = anchor(rows, before)
        check(request, {"view": view in ALL, "before": behind})
        found, following = listed(rows, behind)
        items = [shown.approval(each, request.user) for each in found]
        return Response({"items": items, "next": list_link(request, before=following), "previous": None})

    def described(self, method):
        queries = {
            "view": ({"enum": list(ALL)}, "Which of them; without it those that you can decide."),
            "before": (schemas.ID, "From the link `next`."),
        }
        answer = schemas.page_of(schemas.ref("Approval"))
        return Told("list_approvals", "Approvals", {200: answer}, (), queries)


class OneApproval(Door):
    def get(self, request, id):
        return Response(shown.approval(find(request, id), request.user))

    def described(self, method):
        return Told("show_approval", "Approval", {200: schemas.ref("Approval")})
