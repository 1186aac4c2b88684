"""What answers before everything else."""

from django.urls import resolve

PROBES = ("/healthz", "/readyz")


class Probes:
    """Answers a supervisor's probes; first, because a probe comes by address and without HTTPS.

    Its Host header is then none of PORTAL_ALLOWED_HOSTS, and a redirect to HTTPS would lead it nowhere.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.path_info in PROBES:
            return resolve(request.path_info).func(request)
        return self.get_response(request)
