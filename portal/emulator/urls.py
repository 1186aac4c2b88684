"""Every address of the emulated clouds; an unknown one is refused as the platform there would."""

import uuid

from django.urls import include, path

from portal.emulator import control, iam, roma
from portal.emulator.enos import NOT_FOUND, devices, products, tokens
from portal.emulator.enos import refuse as enos_refuse
from portal.emulator.iotda import buses, groups, policies, spaces
from portal.emulator.wire import refusal, reply


def not_here(request, exception=None, **ids):
    if request.path.startswith(("/connect-service/", "/model-service/", "/apim-token-service/")):
        return refusal(enos_refuse(NOT_FOUND, "Not Found", status=404))
    if request.path.startswith("/v2/"):
        return refusal(roma.refuse(404, "SCB.00000000", "Not Found"))
    if request.path.startswith("/_emulator/"):
        return reply(404, {"error": "the control plane has no such call"})
    body = {
        "error_code": "APIGW.0101",
        "error_msg": "The API does not exist or has not been published in the environment",
        "request_id": uuid.uuid4().hex,
    }
    return reply(404, body)


def bug(request):
    """A mistake of the emulator's own; no document prints this answer."""
    return reply(500, {"error": "the emulator has a bug: see its standard error"})


handler404 = not_here
handler400 = not_here
handler500 = bug


def by(**views):
    """Choose the view by HTTP method."""

    def view(request, **ids):
        return views.get(request.method, not_here)(request, **ids)

    return view


iotda_urls = [
    path("apps", by(GET=spaces.list_spaces)),
    path("apps/<str:app_id>", by(GET=spaces.show_space)),
    path("products", by(GET=spaces.list_products)),
    path("products/<str:product_id>", by(GET=spaces.show_product)),
    path("devices", by(GET=spaces.list_devices)),
    path("devices/<str:device_id>", by(GET=spaces.show_device)),
    path("device-group", by(GET=groups.list_groups, POST=groups.create_group)),
    path(
        "device-group/<str:group_id>",
        by(GET=groups.show_group, PUT=groups.update_group, DELETE=groups.delete_group),
    ),
    path("harmony-soft-bus", by(GET=buses.list_buses, POST=buses.create_bus)),
    path("harmony-soft-bus/<str:bus_id>", by(GET=buses.show_bus, DELETE=buses.delete_bus)),
    path("harmony-soft-bus/<str:bus_id>/sync", by(POST=buses.sync_bus)),
    path("device-policies", by(GET=policies.list_policies, POST=policies.create_policy)),
    path(
        "device-policies/<str:policy_id>",
        by(GET=policies.show_policy, PUT=policies.update_policy, DELETE=policies.delete_policy),
    ),
]

roma_urls = [
    path("link/instances/<str:instance_id>/device-groups", by(GET=roma.show_tree, POST=roma.create_group)),
    path(
        "link/instances/<str:instance_id>/device-groups/<str:group_id>",
        by(GET=roma.show_group, PUT=roma.update_group, DELETE=roma.delete_group),
    ),
    path("instances/<str:instance_id>/apps", by(GET=roma.list_apps)),
]

control_urls = [
    path("reset", by(POST=control.reset)),
    path("requests", by(GET=control.requests)),
    path("settings", by(GET=control.show_settings, PUT=control.put_settings)),
    path("faults", by(GET=control.show_faults, PUT=control.put_faults)),
    path("state", by(GET=control.state)),
    path("key", by(GET=control.key)),
]

urlpatterns = [
    path("v3/auth/tokens", by(POST=iam.create_token)),
    path("v3/projects", by(GET=iam.list_projects)),
    path("v5/iot/<str:project_id>/", include(iotda_urls)),
    path("v2/<str:project_id>/", include(roma_urls)),
    path("apim-token-service/v2.0/token/get", by(POST=tokens.get_token)),
    path("apim-token-service/v2.0/token/refresh", by(POST=tokens.refresh_token)),
    path("connect-service/v2.4/devices", devices.devices_v24),
    path("connect-service/v2.1/devices", devices.devices_v21),
    path("connect-service/v2.4/products", products.products),
    path("connect-service/v2.1/products", products.products),
    path("model-service/v2.1/thing-models", products.models),
    path("_emulator/", include(control_urls)),
]
