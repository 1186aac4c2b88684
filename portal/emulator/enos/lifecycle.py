"""What happens to a device that is there: replaced, disabled, enabled, counted. How a query names one.

Source: "V2.4 Replace Device" and "V2.1 Enable Device", 3.0.0; "V2.1 Disable Device", preview; "Get Device
Stats", 2.3.0; Managing Devices, 2.1.0.

Conventions: a device is enabled to the status that it had before. To disable or replace what does not exist
is 11404. A replaced device is enabled. To count the devices of a product that does not exist is 11611.
"""

import secrets
import string

from django.db.models import Count, Q

from portal.emulator import account
from portal.emulator.enos import action, check_key_pair, invalid, read_body, refuse, success
from portal.emulator.enos.secret import sealed
from portal.emulator.models import EnosDevice, EnosProduct, writing
from portal.emulator.wire import judged
from portal.platforms.enos.contract import devices as rules

LETTERS = string.ascii_letters + string.digits


def new_id(length):
    """A random id of letters and digits, like those of assets, keys and secrets."""
    return "".join(secrets.choice(LETTERS) for _ in range(length))


def named(query):
    """The rows that the query names: one device, or none. Raises Refused when it names nothing."""
    rows = EnosDevice.objects.select_related("product__model").filter(org_id=account.ENOS_ORG)
    if query.get("assetId"):
        return rows.filter(asset_id=query["assetId"])
    if query.get("productKey") and query.get("deviceKey"):
        return rows.filter(product__product_key=query["productKey"], device_key=query["deviceKey"])
    raise invalid("assetId, or productKey and deviceKey, must be given")


def one(rows):
    device = rows.first()
    if device is None:
        raise refuse(11404, "Device cannot be found")
    return device


def check_key_is_free(org_id, key):
    if EnosDevice.objects.filter(org_id=org_id, device_key=key).exists():
        raise refuse(11702, "DeviceKey existed", f"deviceKey: {key}")


def status_of(device):
    return "disabled" if device.is_disabled else device.status


@action("POST", write=True)
def replace_device(request, app):
    """The asset stays; key and secret are new, and the device has never been online."""
    rows = named(request.GET)
    data, reason = judged(rules.NEW_KEY, read_body(request))
    if reason:
        raise invalid(reason)
    if data["requireSecret"]:
        check_key_pair(app)
    key = data["newDeviceKey"]
    with writing():
        device = one(rows)
        if device.device_key == key:
            raise refuse(11704, "DeviceKey is repetitive", f"newDeviceKey: {key}")
        check_key_is_free(device.org_id, key)
        device.device_key, device.device_secret = key, new_id(20)
        device.status, device.is_disabled = "inactive", False
        device.save()
    answer = {"assetId": device.asset_id, "productKey": device.product.product_key, "deviceKey": key}
    return success(answer | (sealed(device.device_secret) if data["requireSecret"] else {}))


@action("POST", write=True, tolerates_get=True)
def enable_device(request, app):
    rows = named(request.GET)
    with writing():
        device = rows.first()
        if device is None:
            raise refuse(11721, "Device not found")
        if not device.is_disabled:
            raise refuse(11721, f"Device is {device.status}")
        device.is_disabled = False
        device.save()
    return success(None)


@action("POST", write=True, tolerates_get=True)
def disable_device(request, app):
    rows = named(request.GET)
    with writing():
        device = one(rows)
        if device.is_disabled:
            raise refuse(11723, "Device is disabled")
        device.is_disabled = True
        device.save()
    return success(None)


@action("GET")
def get_statistics(request, app):
    """Counts by status, of one product or of all; a disabled device counts as nothing else."""
    rows, key = EnosDevice.objects.filter(org_id=account.ENOS_ORG), request.GET.get("productKey", "")
    if key and not EnosProduct.objects.filter(product_key=key).exists():
        raise refuse(11611, "Product not found")
    rows = rows.filter(product__product_key=key) if key else rows
    counted = {
        f"{status}Count": Count("pk", filter=Q(status=status, is_disabled=False))
        for status in ("online", "offline", "inactive")
    }
    disabled = Count("pk", filter=Q(is_disabled=True))
    return success(rows.aggregate(totalCount=Count("pk"), **counted, disabledCount=disabled))
