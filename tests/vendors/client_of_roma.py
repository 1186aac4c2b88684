"""Huawei's SDK for ROMA Connect makes the portal's calls and judges the answers. See test_clients.py."""

import json
import sys

from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException, ServerResponseException
from huaweicloudsdkroma.v2 import RomaClient
from huaweicloudsdkroma.v2 import model as m

DEMO = json.loads(sys.argv[1])
INSTANCE, APP, ROOT = DEMO["instance"], DEMO["app"], int(DEMO["root"])

keys = BasicCredentials(DEMO["access_key"], DEMO["secret_key"], DEMO["project"])
if DEMO["way"] == "temporary":
    keys.with_security_token(DEMO["security_token"])
client = RomaClient.new_builder().with_credentials(keys).with_endpoints([DEMO["url"]]).build()


def about(request, **more):
    return request(instance_id=more.pop("instance", INSTANCE), **more)


def refused(call, request):
    """(status, code) of a call that the platform has to refuse."""
    try:
        answer = call(request)
    except (ClientRequestException, ServerResponseException) as error:
        return error.status_code, error.error_code
    raise AssertionError(f"not refused: {answer}")


def tree():
    [root] = client.show_device_group_tree(about(m.ShowDeviceGroupTreeRequest, app_id=APP)).items
    assert (root.id, root.parent_id) == (ROOT, 0)
    return {each.name: each.id for each in root.children}


listed = client.list_roma_app(about(m.ListRomaAppRequest))
assert APP in [each.id for each in listed.apps]
shown = client.check_roma_app_details(about(m.CheckRomaAppDetailsRequest, app_id=APP))
assert (shown.id, shown.name, shown.created_user.user_name) == (APP, "DemoApp", "demo-user")

assert tree() == {}
body = m.CreateDeviceGroupRequestBody(parent_id=ROOT, name="vendor-group", description="by SDK", app_id=APP)
made = client.create_device_group(about(m.CreateDeviceGroupRequest, body=body))
assert (made.parent_id, made.name, made.app_id) == (ROOT, "vendor-group", APP)
assert made.created_user.user_name == "demo-user"
assert tree() == {"vendor-group": made.id}

of_group = {"group_id": made.id}
body = m.UpdateDeviceGroupRequestBody(name="renamed", description="changed")
changed = client.update_device_group(about(m.UpdateDeviceGroupRequest, **of_group, body=body))
assert (changed.id, changed.name, changed.description) == (made.id, "renamed", "changed")
shown = client.show_device_group(about(m.ShowDeviceGroupRequest, **of_group))
assert (shown.name, shown.app_name) == ("renamed", "DemoApp")


def inside():
    found = client.show_devices_in_group(about(m.ShowDevicesInGroupRequest, **of_group, limit=10, offset=0))
    assert (found.total, found.size) == (len(found.items), len(found.items))
    return sorted(each.device_id for each in found.items)


assert inside() == []
body = m.BatchAddDeviceToGroupRequestBody(resources=[20001, 20002])
client.batch_add_device_to_group(about(m.BatchAddDeviceToGroupRequest, **of_group, body=body))
assert inside() == [20001, 20002]
client.delete_device_from_group(about(m.DeleteDeviceFromGroupRequest, **of_group, device_id=20001))
assert inside() == [20002]
client.delete_device_from_group(about(m.DeleteDeviceFromGroupRequest, **of_group, device_id=20002))
client.delete_device_group(about(m.DeleteDeviceGroupRequest, **of_group))
assert tree() == {}

gone = refused(client.show_device_group, about(m.ShowDeviceGroupRequest, **of_group))
assert gone == (404, "ROMA.00110006"), gone
elsewhere = about(m.ShowDeviceGroupTreeRequest, app_id=APP, instance="f3bb386a-23ec-47aa-9943-4c60ac658611")
assert refused(client.show_device_group_tree, elsewhere) == (500, "ROMA.00110002")
