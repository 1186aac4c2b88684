"""Envision EnOS Connection Service: devices, products, and the thing models that rule their attributes.

Source: EnOS Connection Service API, V2.4; Model Service API, "Get Thing Model", 3.0.0.
Errors ride on HTTP 200.
"""

import re

from portal.errors import Missing, NotSent
from portal.platforms import answers
from portal.platforms.client import Client
from portal.platforms.collection import (
    Collection,
    Listing,
    narrowed,
    text_id,
    text_or_empty,
    timed,
    unreadable,
    whole_or_none,
)
from portal.platforms.contract import Meaning, _
from portal.platforms.enos import contract
from portal.platforms.retrying import Repeat

ABSENT = {"99404", "11404", "11611"}
PAGE_SIZE = 200

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
UPDATES = ("timezone", "device_name", "device_attributes", "device_tags", "device_desc")
SECRETS = ("deviceSecret", "sessionKey", "productSecret")


def snake(name):
    return re.sub(r"(?<=[a-z0-9])[A-Z]", lambda letter: "_" + letter[0].lower(), name)


class Searched(Collection):
    """Read by `action`: get is a GET, search a POST with pages counted from 1."""

    secret_fields = SECRETS

    def __init__(self, path, *, fields, name_field, **members):
        super().__init__(path, **members)
        self._fields, self._name_field = fields, name_field

    @timed
    def list(self, *, limit=1000, name=None, search=None, **filters):
        """`filters` are members in snake case, compared exactly. New objects show after about 2 s."""
        wanted = [(self._fields[key], "=", filters[key]) for key in self._fields if filters.get(key)]
        text = name or search
        if text:
            wanted.append((self._name_field, "like", text))
        expression = " and ".join(f"{field} {sign} {_quoted(value)}" for field, sign, value in wanted)
        seen, number = {}, 1
        size = PAGE_SIZE if text else min(limit, PAGE_SIZE)
        while True:
            answer, items, page = self._page(expression, number, size)
            new = {item["id"]: item for item in items if item["id"] not in seen}
            seen |= new
            total = whole_or_none(page.get("totalSize"))
            is_last = not new or (total is not None and len(seen) >= total)
            found = narrowed(list(seen.values()), name, search)
            if is_last or len(found) >= limit:
                # A page again that was read before ends the list, but does not make it whole.
                is_whole = is_last and (not items or total is None or len(seen) >= total)
                return Listing(found[:limit], None if text else total, is_whole and len(found) <= limit)
            number += 1

    def _page(self, expression, number, size):
        body = {"expression": expression} if expression else {}
        body["pagination"] = {"pageNo": number, "pageSize": size}
        query = [("action", "search")]
        call = self.client.call("POST", self.path(), query=query, body=body, repeat=Repeat.READ)
        answer = self.client.send(call)
        page = answer.data.get("pagination")
        items = self.decode_items(answer, answer.data.get("data"))
        return answer, items, page if isinstance(page, dict) else {}

    def get(self, id, **hints):
        return self._get([(self._id, id)])

    def _get(self, query):
        call = self.client.call("GET", self.path(), query=[("action", "get"), *query])
        answer = self.client.send(call)
        if answer.data.get("data") is None:
            raise Missing(_("The platform does not have it."), **answer.details)
        return self.decode_answer(answer, answer.data["data"])

    def decode(self, raw):
        item = {snake(key): value for key, value in raw.items() if key not in SECRETS}
        return {**item, "id": text_id(raw.get(self._id)), "name": _default_name(raw.get(self._name))}


class Devices(Searched):
    """Update and delete exist in v2.1 of the API only; both answer with `data: null`."""

    def __init__(self, path, *, older_path, **members):
        super().__init__(path, **members)
        self._older_path = older_path

    def get_by_key(self, product_key, device_key):
        return self._get([("productKey", product_key), ("deviceKey", device_key)])

    def create_call(self, data):
        return self.client.call("POST", self.path(), query=[("action", "create")], body=self.encode(data))

    def created(self, answer, data):
        """The answer holds the keys only: what was sent besides is a wish until it is read.

        The name alone is taken from what was sent, to have something to call it by. Secrets are not decoded.
        """
        raw = answer.data.get("data")
        if not isinstance(raw, dict) or any(
            not isinstance(raw.get(key), str) for key in ("productKey", "deviceKey")
        ):
            raise unreadable(answer)
        device = self.decode_answer(answer, raw)
        return {**device, "name": _default_name(data.get("device_name"))}

    def update_call(self, id, data):
        """Replaces the device's own fields: what the body leaves out is reset, so empty ones are cleared."""
        query = [("action", "update"), (self._id, _given(id)), ("isPatchUpdate", "false")]
        body = self.encode_update(data)
        return self.client.call("POST", self._older_path, query=query, body=body, repeat=Repeat.SAME)

    def updated(self, answer, data):
        return None

    def delete_call(self, id):
        query = [("action", "delete"), (self._id, _given(id))]
        return self.client.call("POST", self._older_path, query=query, repeat=Repeat.SAME, removes=True)

    def encode(self, data):
        return self._body(data, WIRE)

    def encode_update(self, data):
        return self._body(data, UPDATES)

    def _body(self, data, names):
        body = {}
        for key in names:
            value = data.get(key)
            if value is None or (value in ("", {}) and key not in self._required):
                continue
            body[WIRE[key]] = value
        return body


class Models(Collection):
    def get(self, id, **hints):
        """`attributes` is {identifier: {dataType, isRequired, ...}}."""
        query = [("action", "get"), ("modelId", id)]
        answer = self.client.send(self.client.call("GET", self.path(), query=query))
        if answer.data.get("data") is None:
            raise Missing(_("The platform does not have it."), **answer.details)
        return self.decode_answer(answer, answer.data["data"])

    def decode(self, raw):
        attributes = raw.get("attributes") or {}
        if not isinstance(attributes, dict):
            raise ValueError("attributes")
        return {
            "id": text_id(raw.get("modelId")),
            "name": _default_name(raw.get("name")),
            "attributes": {
                name: _attribute(value)
                for name, value in attributes.items()
                if isinstance(value, dict) and answers.storable(name) == name
            },
        }


def _attribute(value):
    """A type that is no text says nothing about the attribute's values."""
    data_type = value.get("dataType")
    return {**answers.storable_within(value), "dataType": text_or_empty(data_type)}


class EnOS(Client):
    """`org_id` goes with every call."""

    table = contract.ANSWERS
    envelope = staticmethod(answers.enos_envelope)
    fine = {"project": _("The organization id is accepted.")}

    devices = Devices(
        "/connect-service/v2.4/devices",
        older_path="/connect-service/v2.1/devices",
        id="assetId",
        name="deviceName",
        required=("product_key", "device_name", "timezone"),
        fields={
            "product_key": "productKey",
            "device_key": "deviceKey",
            "asset_id": "assetId",
            "status": "status",
        },
        name_field="deviceName",
    )
    products = Searched(
        "/connect-service/v2.4/products",
        id="productKey",
        name="productName",
        fields={"product_key": "productKey", "model_id": "modelId"},
        name_field="productName",
    )
    models = Models("/model-service/v2.1/thing-models", id="modelId", name="name")

    def __init__(self, endpoint, auth, *, org_id, **options):
        super().__init__(endpoint, auth, **options)
        self.org_id = org_id

    def standing_query(self):
        return (("orgId", self.org_id),)

    def is_missing(self, answer):
        return answer.code in ABSENT

    def _judged(self, verdict, answer):
        # A 2xx other than 200 is in no document; without an envelope it promises nothing.
        if verdict is Meaning.DONE and not isinstance(answer.data, dict):
            verdict = Meaning.UNCLEAR
        return super()._judged(verdict, answer)

    def not_applicable(self):
        return {
            "instance": _("EnOS has no instance id."),
            "edition": _("EnOS has no editions that matter here."),
        }

    def probes(self):
        yield lambda: self.products.list(limit=1)

    def blame(self, error):
        if error.code == "99400" and "orgid" in error.message.lower():
            return "project", _("The organization id does not exist. Correct it.")
        return None

    def blame_sign_in(self, error):
        return "sign_in", _("The platform does not accept application key and secret. Correct them.")

    def blame_signature(self, error):
        return "signature", _(
            "The platform gives a token but refuses the signature. Check the application secret."
        )


def _given(id):
    """An empty value would leave the id out of the query, and the platform to guess what is meant."""
    if not id:
        raise NotSent(_("An id in the address of the request is empty or not usable."))
    return id


def _quoted(value):
    """A text in a search expression. No escape is documented, so the quote it does not hold surrounds it."""
    text = str(value)
    return f"'{text}'" if "'" not in text else '"' + text.replace('"', "") + '"'


def _default_name(value):
    """StringI18n, or a plain text from older answers."""
    return text_or_empty(value.get("defaultValue")) if isinstance(value, dict) else text_or_empty(value)
