"""Envision's poseidon makes the portal's calls to EnOS; its answers are plain JSON. See test_clients.py."""

import json
import sys
from urllib.parse import urlencode

from poseidon import poseidon

DEMO = json.loads(sys.argv[1])
PRODUCT = DEMO["product"]
V24, V21 = "connect-service/v2.4", "connect-service/v2.1"


def ask(path, action, body=None, method="POST", **query):
    """(code, data) of one call."""
    query = urlencode({"action": action, "orgId": DEMO["org"], **query})
    url = f"{DEMO['url']}/{path}?{query}"
    answer = poseidon.urlopen(DEMO["app_key"], DEMO["app_secret"], url, body, method=method)
    assert isinstance(answer, dict), answer
    assert answer["requestId"]
    return answer["code"], answer["data"]


def done(*arguments, **options):
    code, data = ask(*arguments, **options)
    assert code == 0, (arguments, code, data)
    return data


def search(what, expression):
    return done(
        f"{V24}/{what}", "search", {"expression": expression, "pagination": {"pageNo": 1, "pageSize": 50}}
    )


def shown(asset):
    return done(f"{V24}/devices", "get", method="GET", assetId=asset)


def counted():
    return done(f"{V21}/devices", "getStats", method="GET", productKey=PRODUCT)["totalCount"]


[product] = search("products", f"productKey = '{PRODUCT}'")
assert (product["productKey"], product["productName"]["defaultValue"]) == (PRODUCT, "Demo product")
assert done(f"{V24}/products", "get", method="GET", productKey=PRODUCT)["modelId"] == product["modelId"]

before = counted()
made = done(
    f"{V24}/devices",
    "create",
    {
        "productKey": PRODUCT,
        "deviceKey": "vendor-1",
        "deviceName": {"defaultValue": "Vendor 1"},
        "timezone": "+08:00",
        "deviceAttributes": {"serial": 7},
    },
)
asset = made["assetId"]
assert (made["productKey"], made["deviceKey"], counted()) == (PRODUCT, "vendor-1", before + 1)
assert shown(asset)["deviceAttributes"]["serial"] == 7
by_key = done(f"{V24}/devices", "get", method="GET", productKey=PRODUCT, deviceKey="vendor-1")
assert by_key["assetId"] == asset
[found] = search("devices", f"productKey = '{PRODUCT}' and deviceKey = 'vendor-1'")
assert (found["assetId"], found["deviceName"]["defaultValue"]) == (asset, "Vendor 1")

change = {"deviceName": {"defaultValue": "Vendor 2"}, "timezone": "+08:00", "deviceTags": {"hall": "2"}}
assert done(f"{V21}/devices", "update", change, assetId=asset, isPatchUpdate="true") is None
assert (shown(asset)["deviceName"]["defaultValue"], shown(asset)["deviceTags"]) == ("Vendor 2", {"hall": "2"})
assert shown(asset)["deviceAttributes"]["serial"] == 7

done(f"{V21}/devices", "disable", assetId=asset)
assert shown(asset)["status"] == "disabled"
assert ask(f"{V21}/devices", "disable", assetId=asset)[0] == 11723
done(f"{V21}/devices", "enable", assetId=asset)
assert shown(asset)["status"] == "inactive"
assert ask(f"{V21}/devices", "enable", assetId=asset)[0] == 11721

new = {"newDeviceKey": "vendor-2", "requireSecret": False}
replaced = done(f"{V24}/devices", "replaceDevice", new, assetId=asset)
assert (replaced["assetId"], replaced["deviceKey"]) == (asset, "vendor-2")
assert shown(asset)["deviceKey"] == "vendor-2"
assert done(f"{V21}/devices", "delete", assetId=asset) is None
assert counted() == before
assert ask(f"{V21}/devices", "delete", assetId=asset)[0] == 11404
