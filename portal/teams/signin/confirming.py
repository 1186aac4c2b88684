"""Before something dangerous, people show again who they are, unless they did so a moment ago.

What they had typed is kept meanwhile (portal/web/kept.py), except secrets. A sign-in counts, too.
"""

import time
from functools import wraps
from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.shortcuts import redirect
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from portal.teams.account_events import CONFIRMED, SSO
from portal.web import kept
from portal.web.errors import still_here
from portal.web.pages import is_piece


def is_fresh(request):
    """Whether the person who is signed in showed within PORTAL_CONFIRM_MINUTES who they are."""
    return time.time() - request.session.get(CONFIRMED, 0) < settings.CONFIRM_SECONDS


def confirmed(*methods):
    """Decorates a view that does something dangerous when it is asked by one of these methods."""

    def decorate(view):
        @wraps(view)
        def asked(request, *args, **kwargs):
            if request.method not in methods or is_fresh(request):
                return view(request, *args, **kwargs)
            return ask(request) or view(request, *args, **kwargs)

        return asked

    return decorate


def ask(request):
    """Leads to where the person confirms who they are, and back. None: they have nothing to do it with."""
    ways = [way["url"] for way in get_adapter().get_reauthentication_methods(request.user)]
    if request.session.get(SSO) and settings.OIDC_ISSUER:
        again = urlencode({"process": "redirect", "auth_params": "prompt=login&max_age=0"})
        ways = [f"{reverse('openid_connect_login', kwargs={'provider_id': 'sso'})}?{again}"]
    if not ways:
        return None
    way_back = kept.way_back(request)
    if way_back is None:
        return still_here(request)
    address = f"{ways[0]}{'&' if '?' in ways[0] else '?'}{urlencode({'next': way_back})}"
    return HttpResponseClientRedirect(address) if is_piece(request) else redirect(address)
