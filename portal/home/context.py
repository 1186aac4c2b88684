"""What every page shows around its content: the menu, the teams, the demo banner."""

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.connections.models import Platform
from portal.home.demo import PASSWORD as DEMO_PASSWORD
from portal.home.demo import SIGN_INS
from portal.kinds.registry import KINDS
from portal.operations.models import Operation, State
from portal.teams.access import may
from portal.web.pages import is_piece


def shell(request):
    context = {
        "demo": settings.DEMO,
        "team": getattr(request, "team", None),
        "teams": getattr(request, "teams", []),
    }
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        context["sso_name"] = settings.OIDC_NAME if settings.OIDC_ISSUER else ""
        if settings.DEMO:
            context |= {"demo_signins": SIGN_INS, "demo_password": DEMO_PASSWORD}
        return context
    # htmx asks for a part of a page, without the menu: nothing needs to be counted.
    return context if is_piece(request) else context | {"menu": _menu(request)}


def _menu(request):
    sections = [{"label": "", "items": [_item(request, _("Overview"), reverse("home"), "home", exact=True)]}]
    if request.team:
        for platform in Platform:
            kinds = [kind for kind in KINDS.values() if kind.platform == platform]
            items = [
                _item(request, kind.plural, reverse("resources:list", args=[kind]), kind.icon)
                for kind in kinds
            ]
            sections.append({"label": platform.label, "items": items})
        work = [_operations(request), _item(request, _("Jobs"), reverse("jobs:list"), "checks")]
    else:
        work = []
    if (
        request.user.is_portal_auditor
        or request.user.is_portal_admin
        or may(request.user, "read_own_record", request.team)
    ):
        work.append(_item(request, _("Audit log"), reverse("audit:list"), "clipboard-list"))
    if request.team:
        work.append(_item(request, _("Connections"), reverse("connections:list"), "plug"))
    work.append(_item(request, _("Teams"), reverse("teams:list"), "users"))
    if request.user.is_portal_admin:
        work.append(_item(request, _("People"), reverse("people:list"), "user-circle"))
        work.append(_item(request, _("Settings"), reverse("settings"), "settings"))
    return [*sections, {"label": _("Work"), "items": work}]


def _operations(request):
    """The menu item, with the number of operations that wait for a person's decision."""
    waiting = Operation.objects.visible_to(request.user).filter(team=request.team, state=State.NEEDS_HUMAN)
    waiting = waiting[:100].count()
    about = ngettext("%(count)s needs a human", "%(count)s need a human", waiting) % {"count": waiting}
    item = _item(request, _("Operations"), reverse("operations:list"), "list-check")
    return {**item, "count": waiting, "about_count": about}


def _item(request, label, url, icon, *, exact=False):
    active = request.path == url if exact else request.path.startswith(url)
    return {"label": label, "url": url, "icon": icon, "active": active}
