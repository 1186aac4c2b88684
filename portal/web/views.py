"""The theme switch, the only view that belongs to the page frame itself."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from portal.web.pages import is_piece

THEMES = ("light", "dark", "auto")
YEAR = 365 * 24 * 3600  # seconds


@login_not_required
@require_POST
def theme(request):
    """Store light, dark or auto in a cookie. Takes `theme`, and `next`, the page to return to."""
    chosen = request.POST.get("theme")
    if chosen not in THEMES:
        return HttpResponseBadRequest(_("This theme does not exist."))
    response = HttpResponse(status=204) if is_piece(request) else redirect(_way_back(request))
    response.set_cookie(
        "theme", chosen, max_age=YEAR, samesite="Lax", httponly=True, secure=settings.SESSION_COOKIE_SECURE
    )
    return response


def _way_back(request):
    target = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if is_ours else "/"
