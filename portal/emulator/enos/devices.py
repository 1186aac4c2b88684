"""Devices. Update, delete, enable and disable exist only in v2.1.

Source: "V2.4 Create Device"; "V2.4 Get Device", "V2.4 Search Device" and "V2.1 Delete Device", 3.0.0; "V2.1
Update Device", 2.4.4.
"""

import time

from django.db.models import TextField
from django.db.models.functions import Cast

from portal.emulator import account, filling
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
from portal.emulator.enos.lifecycle import (
    LETTERS,
    check_key_is_free,
    disable_device,
    enable_device,
    get_statistics,
    named,
    new_id,
    one,
    replace_device,
    status_of,
)
from portal.emulator.enos.secret import sealed
from portal.emulator.knobs import Setting, is_bool, is_seconds, knobs
from portal.emulator.models import EnosDevice, EnosProduct, writing
from portal.emulator.resource import Neighbour, Objects, Resource, new_name
from portal.emulator.wire import Refused, judged
from portal.platforms.enos.contract import devices as rules
from portal.platforms.enos.contract import models as model_rules

PER_PRODUCT = rules.PER_PRODUCT_MAX - 100  # of those that are filled in: room for more stays
COLUMNS = {
    "productKey": "product__product_key",
    "deviceKey": "device_key",
    "assetId": "asset_id",
    "deviceName": "name_text",
}


@action("POST", write=True)
def create_device(request, app):
    body = read_body(request)
    return success(_created(app, body, wants_secret(body)))


@action("POST", write=True)
def create_batch(request, app):
    """One item for each device, in the order of the list. Source: "V2.4 Batch Create Devices", 2.4.4."""
    body = read_body(request)
    devices, limit = body.get("deviceList"), knobs.limit("devices_per_batch")
    if not isinstance(devices, list) or not 1 <= len(devices) <= limit:
        raise invalid(f"deviceList: must be a list of 1 to {limit} devices")
    with_secret = wants_secret(body)
    items = [_item_of_batch(app, device, with_secret) for device in devices]
    done = sum(item["code"] == 0 for item in items)
    return success(items, successSize=done, totalSize=len(items))


def _item_of_batch(app, device, with_secret):
    try:
        if not isinstance(device, dict):
            raise invalid("must be an object")
        given = {name: value for name, value in device.items() if value is not None}
        return {"code": 0, "msg": "OK", "data": _created(app, given, with_secret)}
    except Refused as refused:
        words = "DeviceKey already exists" if refused.body["code"] == 11702 else refused.body["msg"]
        return {"code": -1, "msg": words, "data": None}


def _created(app, body, with_secret):
    """What an answer tells of a device that it makes."""
    data, reason = judged(rules.CREATE, _without_null_members(body))
    if reason:
        raise invalid(reason)
    product = EnosProduct.objects.select_related("model").filter(product_key=data["productKey"]).first()
    if product is None:
        raise invalid("productKey: the product does not exist")
    _check_attributes(product, data)
    if with_secret:
        check_key_pair(app)
    device = _stored(product, data)
    answer = {"assetId": device.asset_id, "productKey": product.product_key, "deviceKey": device.device_key}
    if with_secret:
        answer |= sealed(device.device_secret)
    return answer


def _check_attributes(product, data):
    attributes = data.get("deviceAttributes", {})
    problems = model_rules.attribute_problems(product.model.document["attributes"], attributes)
    reason = "; ".join(str(problem) for problem in problems)
    if reason:
        raise invalid(reason)


def _without_null_members(body):
    """Removes a null `i18nValue`: it is optional, so its null counts as absent like those at the top."""
    name = body.get("deviceName")
    if isinstance(name, dict) and name.get("i18nValue", "") is None:
        body["deviceName"] = {key: value for key, value in name.items() if key != "i18nValue"}
    return body


def _stored(product, data):
    with writing():
        key = data.get("deviceKey") or ""
        if not key and knobs.generate_key_fails:
            raise refuse(11714, "Generate deviceKey failed")
        key = key or new_id(10)
        check_key_is_free(product.org_id, key)
        if EnosDevice.objects.filter(product=product).count() >= knobs.limit("devices_per_product"):
            raise refuse(11739, "Exceed max device size")
        return EnosDevice.objects.create(
            org_id=product.org_id,
            asset_id=new_id(8),
            product=product,
            device_key=key,
            device_secret=new_id(20),
            device_name=_whole_name(data["deviceName"]),
            device_desc=data.get("deviceDesc"),
            timezone=data["timezone"],
            device_attributes=data.get("deviceAttributes", {}),
            device_tags=data.get("deviceTags", {}),
            create_time=int(time.time() * 1000),
        )


def _whole_name(name):
    return {"i18nValue": {}, **name}


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
        "status": status_of(device),
        "activeTime": None,
        "lastOnlineTime": None,
        "lastOfflineTime": None,
    }


def _with_secret(device):
    return {**describe(device), **sealed(device.device_secret)}


@action("GET")
def get_device(request, app):
    rows = named(request.GET)
    secret = request.GET.get("requireSecret", "false")
    if secret not in ("true", "false"):
        raise invalid("requireSecret: must be true or false")
    if secret == "true":
        check_key_pair(app)
    device = one(rows)
    return success(_with_secret(device) if secret == "true" else describe(device))


@action("POST", write=True)
def update_device(request, app):
    """A patch merges attributes by key and replaces tags as a whole.

    Without patch, what the body leaves out is reset.
    """
    is_patch = _is_patch(request.GET)
    rows = named(request.GET)
    body = _without_null_members(read_body(request, may_be_empty=True))
    data, reason = judged(rules.UPDATE if is_patch else rules.REPLACE, body)
    if reason:
        raise invalid(reason)
    with writing():
        device = one(rows)
        _check_attributes(device.product, data)
        attributes = data.get("deviceAttributes", {})
        device.device_attributes = device.device_attributes | attributes if is_patch else attributes
        device.timezone = data.get("timezone", device.timezone)
        if "deviceName" in data:
            device.device_name = _whole_name(data["deviceName"])
        device.device_desc = data.get("deviceDesc", device.device_desc if is_patch else None)
        device.device_tags = data.get("deviceTags", device.device_tags if is_patch else {})
        device.save()
    return success(None)


def _is_patch(query):
    """The document writes `isPatchUpdate`, the vendor's samples write `IsPatchUpdate`."""
    text = query.get("isPatchUpdate", query.get("IsPatchUpdate", "true")).lower()
    if text not in ("true", "false"):
        raise invalid("isPatchUpdate: must be true or false")
    return text == "true"


@action("POST", write=True, tolerates_get=True)
def delete_device(request, app):
    rows = named(request.GET)
    with writing():
        one(rows).delete()
    return success(None)


@action("POST")
def search_devices(request, app):
    """Newest first. With `search_lag_s` a new device is not found for that long, as on the real platform."""
    body = read_body(request, may_be_empty=True)
    number, size = page_of(body)
    projection = projection_of(body)
    with_secret = wants_secret(body)
    if with_secret:
        check_key_pair(app)
    seen_until = int((time.time() - knobs.search_lag_s / knobs.speed) * 1000)
    rows = EnosDevice.objects.filter(org_id=account.ENOS_ORG).order_by("-pk")
    rows = rows.prefetch_related("product__model").annotate(name_text=Cast("device_name", TextField()))
    if knobs.search_lag_s:
        rows = rows.filter(create_time__lte=seen_until)
    try:
        query, rest = parse(body.get("expression", "")).as_query(COLUMNS)
    except NotUnderstood as error:
        raise invalid(f"expression: {error}") from None
    rows = rows.filter(query)
    fits = rest and (lambda row: rest.fits(describe(row)))
    return found(rows, fits, number, size, _with_secret if with_secret else describe, projection)


shared = {
    "create": create_device,
    "batchCreate": create_batch,
    "get": get_device,
    "search": search_devices,
    "replaceDevice": replace_device,
}
devices_v24 = actions(**shared)
devices_v21 = actions(
    **shared,
    update=update_device,
    delete=delete_device,
    enable=enable_device,
    disable=disable_device,
    getStats=get_statistics,
)


def seed():
    product = EnosProduct.objects.get(product_key=account.ENOS_PRODUCT)
    for number in (1, 2):
        EnosDevice.objects.create(
            org_id=account.ENOS_ORG,
            asset_id=f"DemoAst{number}",
            product=product,
            device_key=f"demo-device-{number}",
            device_secret=f"DemoDeviceSecret000{number}",
            device_name={"defaultValue": f"Demo device {number}", "i18nValue": {}},
            timezone="+08:00",
            device_attributes={"serial": number},
            device_tags={},
            create_time=account.SEED_TIME_MS + number,
        )


def _renewed(device):
    return {
        "asset_id": new_id(8),
        "device_key": new_name(device.device_key),
        "device_secret": new_id(20),
        "create_time": int(time.time() * 1000),
    }


def fill(count):
    """New devices, and new products where those that there are become too many devices."""
    first = EnosDevice.objects.count()
    while count > 0:
        product = _roomy_product()
        share = min(count, PER_PRODUCT - EnosDevice.objects.filter(product=product).count())
        filling.store(_filled(product, first, share))
        first, count = first + share, count - share


def _roomy_product():
    with writing():
        last = EnosProduct.objects.order_by("pk").last()
        if EnosDevice.objects.filter(product=last).count() < PER_PRODUCT:
            return last
        number = EnosProduct.objects.count() + 1
        last.pk, last._state.adding, last.product_key = None, True, f"prodKey{number}"
        last.product_name = {"defaultValue": f"Demo product {number}", "i18nValue": {}}
        last.save()
        return last


def _filled(product, first, count):
    now, states = int(time.time() * 1000), ("inactive", "online", "online", "offline")
    for number in range(first, first + count):
        yield EnosDevice(
            org_id=product.org_id,
            asset_id=filling.text(LETTERS, 8),
            product=product,
            device_key=f"{filling.text(LETTERS, 6)}-{number}",
            device_secret=filling.text(LETTERS, 20),
            device_name={"defaultValue": filling.name(number).replace("-", " "), "i18nValue": {}},
            timezone="+08:00",
            device_attributes={"serial": number},
            device_tags={"line": str(number % 40)},
            status=states[number % len(states)],
            create_time=now,
        )


RESOURCE = Resource(
    slug="enos/devices",
    urls={
        "connect-service/v2.4/devices": devices_v24,
        "connect-service/v2.1/devices": devices_v21,
    },
    tables=(EnosDevice,),
    seed=seed,
    listing=search_devices,
    neighbour=Neighbour(table=EnosDevice, member="assetId", column="asset_id", renewed=_renewed),
    state={"enos/devices": Objects(EnosDevice.objects, "asset_id", "device_key")},
    fill={"devices": fill},
    limits={"devices_per_product": rules.PER_PRODUCT_MAX, "devices_per_batch": rules.BATCH_MAX},
    settings={"search_lag_s": Setting(0, is_seconds), "generate_key_fails": Setting(False, is_bool)},
)
