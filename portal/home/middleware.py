"""Middleware that answers before all other."""

from django.urls import resolve

PROBES = ("/healthz", "/readyz")


class Probes:
    """Answers /healthz and /readyz before any other middleware.

    A supervisor calls them by IP address and without HTTPS: its Host header is not in PORTAL_ALLOWED_HOSTS,
    and a redirect to HTTPS would not reach the portal.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.path_info in PROBES:
            return resolve(request.path_info).func(request)
        return self.get_response(request)
