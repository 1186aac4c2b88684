"""The addresses of the emulated clouds and of the control plane. Resources declare their own."""

import uuid

from django.urls import include, path

from portal.emulator import catalogue, control
from portal.emulator.resource import by
from portal.emulator.wire import Refused, refusal, reply


def not_found(request, exception=None):
    """Refuse an unknown address or method, as the cloud does whose addresses begin in the same way."""
    if request.path.startswith(control.PREFIX):
        return reply(404, {"error": "the control plane has no such call"})
    cloud = catalogue.cloud_at(request.path)
    return refusal(cloud.not_found() if cloud and cloud.not_found else _unknown_api())


def _unknown_api():
    body = {
        "error_code": "APIGW.0101",
        "error_msg": "The API does not exist or has not been published in the environment",
        "request_id": uuid.uuid4().hex,
    }
    return Refused(404, body)


def bug(request):
    """A mistake of the emulator itself. No document prints this answer."""
    return reply(500, {"error": "the emulator has a bug: see its standard error"})


handler404 = not_found
handler400 = not_found
handler500 = bug

control_urls = [
    path("reset", by(POST=control.reset)),
    path("requests", by(GET=control.requests)),
    path("writes", by(GET=control.show_writes)),
    path("settings", by(GET=control.show_settings, PUT=control.put_settings)),
    path("faults", by(GET=control.show_faults, PUT=control.put_faults)),
    path("state", by(GET=control.state)),
    path("key", by(GET=control.key)),
]

urlpatterns = [*catalogue.urlpatterns, path(control.PREFIX[1:], include(control_urls))]
