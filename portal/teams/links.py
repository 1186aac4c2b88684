"""Addresses of pages, as they stand in mails."""

from django.urls import reverse


def link_of(request):
    """link(token): the page that accepts an invitation, at the host that the request was sent to.

    Only hosts of PORTAL_ALLOWED_HOSTS are answered at all.
    """
    return lambda token: request.build_absolute_uri(reverse("teams:invitation", args=[token]))
