"""Devices. Update, delete, enable and disable exist in v2.1 only; they answer with `data: null`."""

from dataclasses import replace

from portal.errors import NotSent, Rejected, Unclear
from portal.platforms.client import NO_ID
from portal.platforms.collection import text_id, unreadable, whole, whole_or_none
from portal.platforms.contract import Meaning, _, meaning
from portal.platforms.enos.contract import ANSWERS, OK
from portal.platforms.enos.contract import devices as contract
from portal.platforms.enos.searching import Searched, default_name, snake
from portal.platforms.retrying import Repeat
from portal.words import Sentence

NO_REASON_GIVEN = Sentence("enos.no_reason", _("The platform refused this device and gives no reason."))
WIRE = {
    "product_key": "productKey",
    "device_name": "deviceName",
    "timezone": "timezone",
    "device_attributes": "deviceAttributes",
    "device_key": "deviceKey",
    "device_desc": "deviceDesc",
    "device_tags": "deviceTags",
    "require_secret": "requireSecret",
}
COUNTS = ("totalCount", "onlineCount", "offlineCount", "inactiveCount", "disabledCount")


class Devices(Searched):
    def __init__(self, path, *, older_path, **members):
        super().__init__(path, **members)
        self._older_path = older_path

    def get_by_key(self, product_key, device_key):
        return self._get([("productKey", product_key), ("deviceKey", device_key)])

    def get_statistics(self, product_key):
        """{total_count, online_count, ...} of a product's devices. The counts lag behind by about 2 s."""
        query = [("action", "getStats"), ("productKey", _given(product_key))]
        answer = self.client.send(self.client.call("GET", self._older_path, query=query))
        try:
            return {snake(name): whole(answer.data["data"][name]) for name in COUNTS}
        except (TypeError, KeyError, ValueError) as error:
            raise unreadable(answer) from error

    def create_call(self, data):
        return self.client.call("POST", self.path(), query=[("action", "create")], body=self.encode(data))

    def created(self, answer, data):
        """The answer holds only the keys. What else was sent is not known to be true until it is read.

        Only the name is taken from what was sent, so that the device has one. Secrets are not decoded.
        """
        raw = answer.data.get("data")
        try:
            raw = {**raw, **{key: text_id(raw[key]) for key in ("productKey", "deviceKey")}}
        except (TypeError, KeyError, ValueError) as error:
            raise unreadable(answer) from error
        device = self.decode_answer(answer, raw)
        return {**device, "name": default_name(data.get("device_name"))}

    def create_batch_call(self, data):
        body = {"deviceList": [self.encode(each) for each in data["devices"]]}
        return self.client.call("POST", self.path(), query=[("action", "batchCreate")], body=body)

    def created_batch(self, answer, data):
        """What became of each device, in the order of `data`: the device as in `created`, or a PlatformError.

        The code 0 of the answer says nothing about its items. An item tells its device by the keys in it, or
        by its place, where every item with keys stands in the place of its device. Raises Unclear when the
        answer contradicts itself.
        """
        sent = [(each["product_key"], each["device_key"]) for each in data["devices"]]
        items = _batch_items(answer, len(sent))
        keys = [_keys_of(item) for item in items]
        named = {key: item for key, item in zip(keys, items, strict=True) if key}
        if len(named) < sum(map(bool, keys)) or not set(named) <= set(sent):
            raise unreadable(answer)
        if all(key in (None, own) for key, own in zip(keys, sent, strict=True)):
            named = dict(zip(sent, items, strict=True))
        return [
            self._created_in_batch(answer, named.get(key), each)
            for key, each in zip(sent, data["devices"], strict=True)
        ]

    def _created_in_batch(self, answer, item, data):
        if item is None:
            return unreadable(answer)
        own = replace(answer, data=item, code=_code_of(item))
        verdict = meaning(ANSWERS, 200, own.code)  # as the code of an answer that is about one device
        if verdict is Meaning.REJECTED:
            message = item.get("msg")
            words = message if isinstance(message, str) and message else NO_REASON_GIVEN()
            return Rejected(words, **own.details)
        if verdict is not Meaning.DONE:
            return unreadable(own)
        try:
            return self.created(own, data)
        except Unclear as error:
            return error

    def to_update(self, changed, shown):
        """A patch, where one can make the change: it cannot clear a field, and no document says whether it
        removes the attribute or the language that it lacks. Else all fields, for a full replacement."""
        if any(_clears(name, changed[name], shown.get(name)) for name in changed):
            return {name: changed.get(name, shown.get(name)) for name in self.updates}
        return super().to_update(changed, shown)

    def update_call(self, id, data):
        """With all fields, a replacement: the platform resets what the body lacks. Else a patch."""
        is_whole = set(self.updates) <= set(data)
        if not is_whole and None in data.values():
            raise ValueError("a patch of a device cannot clear a field")
        query = [("action", "update"), (self._id, _given(id))]
        query.append(("isPatchUpdate", "false" if is_whole else "true"))
        body = self.encode_update(data)
        return self.client.call("POST", self._older_path, query=query, body=body, repeat=Repeat.SAME)

    def updated(self, answer, data):
        return None

    def delete_call(self, id, **hints):
        query = [("action", "delete"), (self._id, _given(id))]
        return self.client.call("POST", self._older_path, query=query, repeat=Repeat.SAME, removes=True)

    def replace_call(self, id, data):
        """Another physical device takes the place of this one: the asset stays, key and secret are new."""
        query = [("action", "replaceDevice"), (self._id, _given(id))]
        body = {"newDeviceKey": data["device_key"], "requireSecret": bool(data.get("require_secret"))}
        return self.client.call("POST", self.path(), query=query, body=body)

    def replace(self, id, data):
        self.replaced(self.client.send(self.replace_call(id, data)), id, data)

    def replaced(self, answer, id, data):
        """Nothing; raises Unclear if the answer is about another asset or another key."""
        raw = answer.data.get("data")
        try:
            is_ours = [text_id(raw[name]) for name in ("assetId", "deviceKey")] == [id, data["device_key"]]
        except (TypeError, KeyError, ValueError) as error:
            raise unreadable(answer) from error
        if not is_ours:
            raise unreadable(answer)

    def enable_call(self, id):
        return self._switch("enable", id, contract.ENABLED_ALREADY)

    def disable_call(self, id):
        return self._switch("disable", id, contract.DISABLED_ALREADY)

    def _switch(self, action, id, already):
        query = [("action", action), (self._id, _given(id))]
        return self.client.call("POST", self._older_path, query=query, already=already)

    def answers_secret(self, verb, data):
        return bool(data.get("require_secret"))

    def encode(self, data):
        body = super().encode(data)
        return {WIRE[key]: without_null(value) for key, value in body.items()}

    def encode_update(self, data):
        """None is left out, which resets the field; see `update_call`."""
        values = {WIRE[key]: data.get(key) for key in self.updates}
        return {name: without_null(value) for name, value in values.items() if value is not None}


def _batch_items(answer, count):
    """The items of the answer to a batch. Raises Unclear where the answer contradicts itself."""
    items = answer.data.get("data")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise unreadable(answer)
    done = sum(_code_of(item) == OK for item in items)
    counted = (("totalSize", count), ("successSize", done))
    told = (whole_or_none(answer.data.get(name, number)) == number for name, number in counted)
    if len(items) != count or not all(told):
        raise unreadable(answer)
    return items


def _code_of(item):
    """The code of an item of a batch as text; "" if it has none that can be read."""
    code = item.get("code")
    return str(code) if isinstance(code, int | str) and not isinstance(code, bool) else ""


def _keys_of(item):
    """The keys of the device that an item of a batch is about; None if it does not tell them."""
    device = item.get("data")
    if not isinstance(device, dict):
        return None
    try:
        return text_id(device.get("productKey")), text_id(device.get("deviceKey"))
    except ValueError:
        return None


def without_null(value):
    """The value without null members: the platform shows unset members as null, but accepts no null."""
    if isinstance(value, dict):
        return {name: without_null(member) for name, member in value.items() if member is not None}
    if isinstance(value, list):
        return [without_null(member) for member in value]
    return value


def _clears(name, value, was):
    """Whether the new value of a field lacks something that the platform shows in it.

    Tags are replaced as a whole map, also by a patch. Source: EnOS API: FAQs, "How to use tag".
    """
    if value in (None, "", {}):
        return was not in (None, "", {})
    if name == "device_tags" or not isinstance(was, dict) or not isinstance(value, dict):
        return False
    return any(
        member is not None and (value.get(key) is None or _clears(key, value[key], member))
        for key, member in was.items()
    )


def _given(id):
    """The id; raises NotSent when it is empty: the query would lack it, and the platform would guess."""
    if not id:
        raise NotSent(NO_ID())
    return id


COLLECTION = Devices(
    "/connect-service/v2.4/devices",
    older_path="/connect-service/v2.1/devices",
    id="assetId",
    name="deviceName",
    members=tuple(WIRE),
    required=("product_key", "device_name", "timezone"),
    updates=("timezone", "device_name", "device_attributes", "device_tags", "device_desc"),
    fields={
        "product_key": "productKey",
        "device_key": "deviceKey",
        "asset_id": "assetId",
        "status": "status",
    },
    name_field="deviceName",
)
