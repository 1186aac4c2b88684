"""Device statistics. Source: "Get Device Stats", 2.3.0."""

from tests.emulator.clouds import DEVICES, OLDER_DEVICES, ORG, device


def statistics(caller, path=OLDER_DEVICES, **query):
    return caller.get(path, action="getStats", orgId=ORG, **query).json()


def test_devices_are_counted_by_status(enos, enos_reader):
    for number in range(3):
        assert enos.create(device(deviceKey=f"pump-{number}")).json()["code"] == 0
    enos.change("disable", assetId="DemoAst1")

    counts = {"totalCount": 5, "onlineCount": 0, "offlineCount": 0, "inactiveCount": 4, "disabledCount": 1}
    for caller, query in ((enos, {}), (enos, {"productKey": "prodKey1"}), (enos_reader, {})):
        envelope = statistics(caller, **query)
        assert (envelope["code"], envelope["data"]) == (0, counts)
    enos.change("enable", assetId="DemoAst1")
    assert statistics(enos)["data"] == {**counts, "inactiveCount": 5, "disabledCount": 0}


def test_an_absent_product_and_another_version_have_none(enos):
    absent = statistics(enos, productKey="noSuchProduct")
    assert (absent["code"], absent["msg"], absent["data"]) == (11611, "Product not found", None)
    assert statistics(enos, DEVICES)["msg"] == "Invalid Argument action:action is not supported"
    target = f"{OLDER_DEVICES}?action=getStats&orgId={ORG}"
    assert enos.post(target).json()["msg"] == "Invalid Argument method:POST is not supported"
