"""Calls of each kind, made of device policies, and what a server may answer to them."""

import json

from tests.platforms.faulty import close, http, reset

POLICY = {"policy_name": "P", "statement": []}
DONE = http(200, json.dumps({"policy_id": "5c90", "policy_name": "P"}))
DELETED = http(204, b"")
LATER = http(429, '{"error_code": "APIGW.0308", "error_msg": "later"}', X_Request_Id="r-429")
GONE = http(404, '{"error_code": "IOTDA.016001", "error_msg": "not there"}', X_Request_Id="r-404")
REFUSED = http(400, '{"error_code": "IOTDA.000006", "error_msg": "no"}')
BROKEN = http(503, "<html>")

CALLS = {
    "READ": lambda client: client.policies.get_call("5c90"),
    "SAME": lambda client: client.policies.update_call("5c90", POLICY),
    "DELETE": lambda client: client.policies.delete_call("5c90"),
    "NEVER": lambda client: client.policies.create_call(POLICY),
    "SYNC": lambda client: client.soft_buses.sync_call("5c90"),
}
UNCLEAR = {
    "503": BROKEN,
    "reset": reset,
    "closed": close,
    "a page": http(200, "<html>"),
    "408": http(408, ""),
}


class Asked(list):
    """Answers `again`, and remembers what it was asked."""

    def __init__(self, answer=True):
        self.answer = answer

    def __call__(self, number, error):
        self.append((number, type(error)))
        return self.answer


def behaving(server, *behaviours):
    """One after the other, the last for ever."""
    left = list(behaviours)

    def behave(connection, got):
        now = left.pop(0) if len(left) > 1 else left[0]
        return now(connection, got) if callable(now) else now

    server.behave = behave
