"""Huawei's SDK for IoTDA makes the portal's calls and judges the answers. See test_clients.py."""

import json
import sys
import time

from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkcore.region.region import Region
from huaweicloudsdkiotda.v5 import IoTDAClient
from huaweicloudsdkiotda.v5 import model as m

DEMO = json.loads(sys.argv[1])
NOWHERE = "5c90fa7d3c4e4405e8525079"


def signed_in():
    keys = BasicCredentials(DEMO["access_key"], DEMO["secret_key"], DEMO["project"])
    builder = IoTDAClient.new_builder()
    if DEMO["way"] == "derived":
        keys.with_derived_predicate(BasicCredentials.get_default_derived_predicate())
        return builder.with_credentials(keys).with_region(Region("cn-north-4", DEMO["url"])).build()
    if DEMO["way"] == "temporary":
        keys.with_security_token(DEMO["security_token"])
    return builder.with_credentials(keys).with_endpoints([DEMO["url"]]).build()


client = signed_in()


def refused(call, request):
    """(status, code) of a call that the platform has to refuse."""
    try:
        answer = call(request)
    except ClientRequestException as error:
        return error.status_code, error.error_code
    raise AssertionError(f"not refused: {answer}")


def spaces():
    made = client.add_application(m.AddApplicationRequest(body=m.AddApplication("VendorSpace")))
    assert (made.app_name, made.default_app) == ("VendorSpace", False)
    assert client.show_application(m.ShowApplicationRequest(app_id=made.app_id)).app_name == "VendorSpace"
    body = m.UpdateApplicationDTO(app_name="Renamed")
    changed = client.update_application(m.UpdateApplicationRequest(app_id=made.app_id, body=body))
    assert (changed.app_id, changed.app_name) == (made.app_id, "Renamed")
    listed = client.show_applications(m.ShowApplicationsRequest()).applications
    assert {each.app_name: each.default_app for each in listed}["Renamed"] is False
    assert any(each.default_app for each in listed)
    return made.app_id


def products(space):
    flow = m.ServiceProperty(property_name="flow", data_type="decimal", method="R", min="0", max="65535")
    meter = m.ServiceCapability(service_id="Meter", service_type="Meter", properties=[flow], commands=[])
    body = m.AddProduct(
        name="WaterMeter_A",
        device_type="WaterMeter",
        protocol_type="MQTT",
        data_format="json",
        service_capabilities=[meter],
        app_id=space,
    )
    made = client.create_product(m.CreateProductRequest(body=body))
    assert (made.name, made.app_id, made.app_name) == ("WaterMeter_A", space, "Renamed")
    [shown] = client.show_product(m.ShowProductRequest(product_id=made.product_id)).service_capabilities
    assert (shown.service_id, shown.properties[0].property_name) == ("Meter", "flow")
    assert shown.properties[0].max == "65535"
    listed = client.list_products(m.ListProductsRequest(app_id=space, limit=10))
    assert [each.product_id for each in listed.products] == [made.product_id]
    assert (listed.page.count, listed.products[0].device_type) == (1, "WaterMeter")
    return made.product_id


def devices(space, product):
    secret = m.AuthInfo(auth_type="SECRET", secret="hunter2-5f1c7a")
    body = m.AddDevice(
        node_id="pump-1", device_name="Pump_1", product_id=product, auth_info=secret, app_id=space
    )
    made = client.add_device(m.AddDeviceRequest(body=body))
    assert (made.device_id, made.status, made.node_type) == (f"{product}_pump-1", "INACTIVE", "GATEWAY")
    assert made.auth_info.secret == "hunter2-5f1c7a"
    shown = client.show_device(m.ShowDeviceRequest(device_id=made.device_id))
    assert (shown.device_name, shown.product_name, shown.app_id) == ("Pump_1", "WaterMeter_A", space)
    listed = client.list_devices(m.ListDevicesRequest(product_id=product, limit=5))
    assert [each.device_id for each in listed.devices] == [made.device_id]
    assert listed.page.count == 1
    return made.device_id


def groups(space, device):
    body = m.AddDeviceGroupDTO(name="VendorGroup", description="by the SDK", app_id=space)
    made = client.add_device_group(m.AddDeviceGroupRequest(body=body))
    assert (made.name, made.description, made.group_type) == ("VendorGroup", "by the SDK", "STATIC")
    group = made.group_id

    def act(action):
        about = {"group_id": group, "action_id": action, "device_id": device}
        client.create_or_delete_device_in_group(m.CreateOrDeleteDeviceInGroupRequest(**about))
        found = client.show_devices_in_group(m.ShowDevicesInGroupRequest(group_id=group, limit=10))
        asked = m.ListDeviceGroupsByDeviceRequest(device_id=device)
        around = client.list_device_groups_by_device(asked).device_groups
        return [each.node_id for each in found.devices], [each.name for each in around], found.page.count

    assert act("addDevice") == (["pump-1"], ["VendorGroup"], 1)
    assert refused(client.delete_device_group, m.DeleteDeviceGroupRequest(group_id=group))[0] == 403
    assert act("removeDevice") == ([], [], 0)
    changed = client.update_device_group(
        m.UpdateDeviceGroupRequest(group_id=group, body=m.UpdateDeviceGroupDTO(name="OtherGroup"))
    )
    assert (changed.name, changed.description) == ("OtherGroup", "by the SDK")
    assert client.show_device_group(m.ShowDeviceGroupRequest(group_id=group)).name == "OtherGroup"
    listed = client.list_device_groups(m.ListDeviceGroupsRequest(app_id=space))
    assert ([each.group_id for each in listed.device_groups], listed.page.count) == ([group], 1)
    return group


def statement(effect):
    return m.Statement(effect=effect, actions=["iotda:devices:publish"], resources=["topic:/v1/hello"])


def policies(space, device):
    body = m.CreateDevicePolicy(policy_name="allow-hello", app_id=space, statement=[statement("ALLOW")])
    made = client.create_device_policy(m.CreateDevicePolicyRequest(body=body))
    policy = made.policy_id
    assert (made.policy_name, made.statement[0].effect) == ("allow-hello", "ALLOW")
    body = m.UpdateDevicePolicy(policy_name="deny-hello", statement=[statement("DENY")])
    client.update_device_policy(m.UpdateDevicePolicyRequest(policy_id=policy, body=body))
    shown = client.show_device_policy(m.ShowDevicePolicyRequest(policy_id=policy))
    assert (shown.policy_name, shown.statement[0].effect, shown.app_id) == ("deny-hello", "DENY", space)
    assert shown.statement[0].resources == ["topic:/v1/hello"]
    listed = client.list_device_policies(m.ListDevicePoliciesRequest(app_id=space)).policies
    assert {each.policy_name for each in listed} == {"deny-hello", "system_default_policy"}

    def targets():
        asked = m.ShowTargetsInDevicePolicyRequestBody(target_type="device", limit=10)
        found = client.show_targets_in_device_policy(
            m.ShowTargetsInDevicePolicyRequest(policy_id=policy, body=asked)
        )
        return [(each.target_type, each.target_id) for each in found.targets]

    both = m.BindDevicePolicy(target_type="device", target_ids=[device, "nobody"])
    bound = client.bind_device_policy(m.BindDevicePolicyRequest(policy_id=policy, body=both))
    [failed] = bound.failure_targets
    assert (bound.success_targets, failed.target_id, bool(failed.error_code)) == ([device], "nobody", True)
    assert targets() == [("device", device)]
    one = m.UnBindDevicePolicy(target_type="device", target_ids=[device])
    unbound = client.unbind_device_policy(m.UnbindDevicePolicyRequest(policy_id=policy, body=one))
    assert (unbound.success_targets, unbound.failure_targets, targets()) == ([device], [], [])
    client.delete_device_policy(m.DeleteDevicePolicyRequest(policy_id=policy))
    assert refused(client.show_device_policy, m.ShowDevicePolicyRequest(policy_id=policy))[0] == 404


def soft_buses(space, group):
    body = m.AddHarmonySoftBusDTO(bus_name="VendorBus", group_id=group, app_id=space)
    bus = client.add_harmony_soft_bus(m.AddHarmonySoftBusRequest(body=body)).bus_id

    def status():
        return client.show_harmony_soft_bus(m.ShowHarmonySoftBusRequest(bus_id=bus)).status

    def synchronize():
        client.create_sync_harmony_soft_bus(m.CreateSyncHarmonySoftBusRequest(bus_id=bus))
        until = time.monotonic() + 30
        while status() != "Synchronized":
            assert time.monotonic() < until, status()
            time.sleep(0.1)

    assert status() == "ToBeSynchronized"
    synchronize()
    client.reset_harmony_soft_bus_key(m.ResetHarmonySoftBusKeyRequest(bus_id=bus))
    assert status() == "ToBeSynchronized"
    synchronize()
    listed = client.list_harmony_soft_bus(m.ListHarmonySoftBusRequest(app_id=space))
    [shown] = listed.harmony_soft_buses
    assert (shown.bus_name, shown.group_id, listed.page.count) == ("VendorBus", group, 1)
    client.delete_harmony_soft_bus(m.DeleteHarmonySoftBusRequest(bus_id=bus))
    assert refused(client.show_harmony_soft_bus, m.ShowHarmonySoftBusRequest(bus_id=bus))[0] == 404


space = spaces()
product = products(space)
device = devices(space, product)
group = groups(space, device)
policies(space, device)
soft_buses(space, group)
client.delete_device_group(m.DeleteDeviceGroupRequest(group_id=group))
client.delete_device(m.DeleteDeviceRequest(device_id=device))
client.delete_product(m.DeleteProductRequest(product_id=product))
client.delete_application(m.DeleteApplicationRequest(app_id=space))
gone = refused(client.show_application, m.ShowApplicationRequest(app_id=space))
assert gone == (403, "IOTDA.001000"), gone
