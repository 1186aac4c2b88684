from tests.support.account import GROUP, SECOND_SPACE
from tests.support.example import Call, Example

BUSES = "/v5/iot/{project_id}/harmony-soft-bus"
BODY = {"bus_id": "04ab", "bus_name": "B"}

EXAMPLE = Example(
    slug="iotda/soft-buses",
    calls={
        "list": Call(
            method="GET",
            path=BUSES,
            good={"harmony_soft_buses": [BODY], "page": {"count": 1, "marker": "m"}},
            id=("harmony_soft_buses", 0, "bus_id"),
        ),
        "get": Call(method="GET", path=f"{BUSES}/{{id}}", good=BODY, id=("bus_id",)),
        "create": Call(method="POST", path=BUSES, good=BODY, id=("bus_id",)),
        "delete": Call(method="DELETE", path=f"{BUSES}/{{id}}"),
        "sync": Call(method="POST", path=f"{BUSES}/{{id}}/sync"),
        "reset-key": Call(method="POST", path=f"{BUSES}/{{id}}/reset-bus-key"),
    },
    reads_before_create=2,  # the default space, then the list of that space
    create={"bus_name": "Bus_A", "group_id": GROUP},
    named_by="bus_name",
    varieties={
        "the least": {"bus_name": "Bus_A"},
        "in another space": {"bus_name": "总线", "app_id": SECOND_SPACE},
    },
    verbs={"sync": {}, "reset-key": {}},
    readied={"reset-key": lambda buses, id: buses.client.send(buses.sync_call(id))},
    may={"sync": "operator", "reset-key": "manager"},
    effects={
        "sync": lambda seen: seen["status"] != "ToBeSynchronized",
        "reset-key": lambda seen: seen["status"] == "ToBeSynchronized",
    },
    unprovable={("create", False): "the list of buses has no filter for names, and a list proves no absence"},
    broken={"bus_name": "no spaces allowed"},
)
