"""Devices: create, get, search.

Source: "V2.4 Create Device"; "V2.4 Get Device" and "V2.4 Search Device", 3.0.0.
"""

import secrets
import string
import time

from portal.emulator import account
from portal.emulator.enos import (
    action,
    actions,
    check_key_pair,
    found,
    invalid,
    page_of,
    projection_of,
    read_body,
    refuse,
    success,
    wants_secret,
)
from portal.emulator.enos.expression import NotUnderstood, parse
from portal.emulator.enos.secret import sealed
from portal.emulator.knobs import knobs
from portal.emulator.models import EnosDevice, EnosProduct, writing
from portal.emulator.serializers import judged
from portal.platforms.enos import contract

LETTERS = string.ascii_letters + string.digits
COLUMNS = {"productKey": "product__product_key", "deviceKey": "device_key", "assetId": "asset_id"}


def _word(length):
    return "".join(secrets.choice(LETTERS) for _ in range(length))


@action("POST", write=True)
def create_device(request, app):
    data, reason = judged(contract.DEVICE, _without_null_members(read_body(request)))
    if reason:
        raise invalid(reason)
    product = EnosProduct.objects.select_related("model").filter(product_key=data["productKey"]).first()
    if product is None:
        raise invalid("productKey: the product does not exist")
    attributes = data.get("deviceAttributes", {})
    problems = contract.attribute_problems(product.model.document["attributes"], attributes)
    reason = "; ".join(str(problem) for problem in problems)
    if reason:
        raise invalid(reason)
    if data["requireSecret"]:
        check_key_pair(app)
    device = _stored(product, data)
    answer = {"assetId": device.asset_id, "productKey": product.product_key, "deviceKey": device.device_key}
    if data["requireSecret"]:
        answer |= sealed(device.device_secret)
    return success(answer)


def _without_null_members(body):
    """`i18nValue` is optional too, so a null there is an absence."""
    name = body.get("deviceName")
    if isinstance(name, dict) and name.get("i18nValue", "") is None:
        body["deviceName"] = {key: value for key, value in name.items() if key != "i18nValue"}
    return body


def _stored(product, data):
    with writing():
        key = data.get("deviceKey") or ""
        if not key and knobs.generate_key_fails:
            raise refuse(11714, "Generate deviceKey failed")
        key = key or _word(10)
        if EnosDevice.objects.filter(org_id=product.org_id, device_key=key).exists():
            raise refuse(11702, "DeviceKey existed", f"deviceKey: {key}")
        if EnosDevice.objects.filter(product=product).count() >= knobs.limit("devices_per_product"):
            raise refuse(11739, "Exceed max device size")
        return EnosDevice.objects.create(
            org_id=product.org_id,
            asset_id=_word(8),
            product=product,
            device_key=key,
            device_secret=_word(20),
            device_name={"i18nValue": {}, **data["deviceName"]},
            device_desc=data.get("deviceDesc"),
            timezone=data["timezone"],
            device_attributes=data.get("deviceAttributes", {}),
            device_tags=data.get("deviceTags", {}),
            create_time=int(time.time() * 1000),
        )


def describe(device):
    product = device.product
    return {
        "orgId": device.org_id,
        "assetId": device.asset_id,
        "modelId": product.model.model_id,
        "modelIdPath": product.model.document["modelIdPath"],
        "productKey": product.product_key,
        "productName": product.product_name,
        "productType": product.product_type,
        "dataFormat": product.data_format,
        "deviceKey": device.device_key,
        "deviceName": device.device_name,
        "deviceSecret": None,
        "sessionKey": None,
        "deviceDesc": device.device_desc,
        "timezone": device.timezone,
        "deviceAttributes": device.device_attributes,
        "deviceTags": device.device_tags,
        "firmwareVersion": None,
        "mirrorSource": None,
        "createTime": device.create_time,
        "status": device.status,
        "activeTime": None,
        "lastOnlineTime": None,
        "lastOfflineTime": None,
    }


def _with_secret(device):
    return {**describe(device), **sealed(device.device_secret)}


@action("GET")
def get_device(request, app):
    query = request.GET
    rows = EnosDevice.objects.select_related("product__model").filter(org_id=account.ENOS_ORG)
    if query.get("assetId"):
        rows = rows.filter(asset_id=query["assetId"])
    elif query.get("productKey") and query.get("deviceKey"):
        rows = rows.filter(product__product_key=query["productKey"], device_key=query["deviceKey"])
    else:
        raise invalid("assetId, or productKey and deviceKey, must be given")
    secret = query.get("requireSecret", "false")
    if secret not in ("true", "false"):
        raise invalid("requireSecret: must be true or false")
    if secret == "true":
        check_key_pair(app)
    device = rows.first()
    if device is None:
        raise refuse(11404, "Device cannot be found")
    return success(_with_secret(device) if secret == "true" else describe(device))


@action("POST")
def search_devices(request, app):
    """Newest first. With `search_lag_s` a new device stays out of sight for that long, as on the platform."""
    body = read_body(request, may_be_empty=True)
    number, size = page_of(body)
    projection = projection_of(body)
    with_secret = wants_secret(body)
    if with_secret:
        check_key_pair(app)
    seen_until = int((time.time() - knobs.search_lag_s / knobs.speed) * 1000)
    rows = EnosDevice.objects.select_related("product__model").filter(org_id=account.ENOS_ORG).order_by("-pk")
    if knobs.search_lag_s:
        rows = rows.filter(create_time__lte=seen_until)
    try:
        query, rest = parse(body.get("expression", "")).as_query(COLUMNS)
    except NotUnderstood as error:
        raise invalid(f"expression: {error}") from None
    rows = rows.filter(query)
    if rest:
        rows = [row for row in rows if rest.fits(describe(row))]
    return found(rows, number, size, _with_secret if with_secret else describe, projection)


devices = actions(create=create_device, get=get_device, search=search_devices)
