"""Huawei IoTDA v5: resource spaces, device groups, soft buses, policies, products and devices.

Source: IoTDA API Reference; paging as the vendor's SDK 3.1.219 documents it.
"""

from urllib.parse import urlsplit

from portal.errors import Missing, Rejected, Unclear
from portal.platforms.collection import Collection, Listing, narrowed, timed, unreadable, whole_or_none
from portal.platforms.contract import _
from portal.platforms.huawei import HuaweiClient
from portal.platforms.iotda import contract
from portal.platforms.signing import SdkHmac, V11Hmac

NO_SPACE = "IOTDA.001000"  # answered with 403 where others say 404
NO_RIGHT = "IOTDA.000022"


class Paged(Collection):
    """A list of pages, newest first, read by marker: an offset ends at 500 and skips rows."""

    def __init__(self, path, *, items, filters=(), name_filter=None, **members):
        super().__init__(path, **members)
        self._items, self._filters, self._name_filter = items, filters, name_filter

    @timed
    def list(self, *, limit=1000, name=None, search=None, **filters):
        query = [(key, filters[key]) for key in self._filters if filters.get(key)]
        wanted = name or search
        size = contract.PAGE_LIMIT_MAX if wanted else min(limit, contract.PAGE_LIMIT_MAX)
        query += [(self._name_filter, wanted)] if wanted and self._name_filter else []
        seen, total, marker = {}, None, None
        while True:
            answer, items, page = self._page([*query, ("limit", size), ("marker", marker)])
            total = whole_or_none(page.get("count")) if total is None else total
            new = {item["id"]: item for item in items if item["id"] not in seen}
            if items and not new:
                raise Unclear(_("The platform shows the same page again and again."), **answer.details)
            seen |= new
            marker = page.get("marker")
            is_last = not items or not marker or (total is not None and len(seen) >= total)
            found = narrowed(list(seen.values()), name, search)
            if is_last or len(found) >= limit:
                is_whole = is_last and (not items or total is None or len(seen) >= total)
                return Listing(found[:limit], None if wanted else total, is_whole and len(found) <= limit)

    def _page(self, query):
        answer = self.client.send(self.client.call("GET", self.path(), query=query))
        if not isinstance(answer.data, dict):
            raise unreadable(answer)
        page = answer.data.get("page")
        items = self.decode_items(answer, answer.data.get(self._items))
        return answer, items, page if isinstance(page, dict) else {}


class Spaces(Collection):
    """Resource spaces; the API calls them apps and lists them on one page."""

    @timed
    def list(self, *, limit=1000, name=None):
        answer = self.client.send(self.client.call("GET", self.path()))
        if not isinstance(answer.data, dict):
            raise unreadable(answer)
        items = self.decode_items(answer, answer.data.get("applications"))
        found = narrowed(items, name)
        return Listing(found[:limit], len(found), len(found) <= limit)

    def get(self, id, **hints):
        try:
            return super().get(id, **hints)
        except Rejected as error:
            if error.code != NO_SPACE:
                raise
            details = {"status": error.status, "code": error.code, "request_id": error.request_id}
            raise Missing(error.message, data=error.data, duration_ms=error.duration_ms, **details) from error


class DeviceGroups(Paged):
    """Bodies of groups do not name their space: only a list by `app_id` tells it, so each space is listed."""

    @timed
    def list(self, *, limit=1000, app_id=None, **filters):
        if app_id:
            listing = super().list(limit=limit, app_id=app_id, **filters)
            return Listing(
                [{**item, "app_id": app_id} for item in listing.items], listing.total, listing.complete
            )
        spaces = self.client.spaces.list()
        items, totals, complete = [], [], spaces.complete
        for space in spaces.items:
            # With nothing left to take, one row is asked for still: it tells the space's total.
            listing = self.list(limit=max(limit - len(items), 1), app_id=space["id"], **filters)
            items += listing.items
            totals.append(listing.total)
            complete = complete and listing.complete
        return Listing(
            items[:limit], None if None in totals else sum(totals), complete and len(items) <= limit
        )

    def get(self, id, *, app_id=None, **hints):
        """`app_id`: the space it was listed in, kept in what is handed back."""
        group = super().get(id, **hints)
        return {**group, "app_id": app_id} if app_id else group

    def created(self, answer, data):
        return _in_space(super().created(answer, data), data)

    def updated(self, answer, data):
        return _in_space(super().updated(answer, data), data)


def _in_space(group, data):
    return {**group, "app_id": data["app_id"]} if data.get("app_id") else group


class SoftBuses(Paged):
    def sync_call(self, id):
        """Sends the bus to the group's devices. The answer is empty; `status` then moves on by itself."""
        return self.client.call("POST", self.path(id, "sync"))


class Policies(Paged):
    """Lists carry no statements; get, create and update do."""

    def encode(self, data):
        return _with_split_actions(super().encode(data))

    def encode_update(self, data):
        return _with_split_actions(super().encode_update(data))

    def decode(self, raw):
        return _with_split_actions(super().decode(raw))


def _with_split_actions(policy):
    if "statement" not in policy:
        return policy
    return {**policy, "statement": contract.split_actions(policy["statement"])}


class Products(Paged):
    def get_call(self, id, *, app_id=None):
        """`app_id`: product ids are unique inside a space only."""
        return self.client.call("GET", self.path(id), query=[("app_id", app_id)])


class IoTDA(HuaweiClient):
    """`region` lets a connection test try the other signature; without it, it is read from the host name."""

    table = contract.ANSWERS

    spaces = Spaces("/v5/iot/{project_id}/apps", id="app_id", name="app_name")
    device_groups = DeviceGroups(
        "/v5/iot/{project_id}/device-group",
        items="device_groups",
        id="group_id",
        name="name",
        members=("name", "description", "super_group_id", "app_id", "group_type", "dynamic_group_rule"),
        updates=("name", "description"),
        filters=("app_id", "group_type"),
        name_filter="name",
    )
    soft_buses = SoftBuses(
        "/v5/iot/{project_id}/harmony-soft-bus",
        items="harmony_soft_buses",
        id="bus_id",
        name="bus_name",
        members=("bus_name", "group_id", "app_id"),
        filters=("group_id", "app_id"),
    )
    policies = Policies(
        "/v5/iot/{project_id}/device-policies",
        items="policies",
        id="policy_id",
        name="policy_name",
        members=("policy_name", "app_id", "statement"),
        required=("policy_name", "statement"),
        updates=("policy_name", "statement"),
        filters=("app_id",),
        name_filter="policy_name",
    )
    products = Products(
        "/v5/iot/{project_id}/products",
        items="products",
        id="product_id",
        name="name",
        filters=("app_id",),
        name_filter="product_name",
    )
    devices = Paged(
        "/v5/iot/{project_id}/devices",
        items="devices",
        id="device_id",
        name="device_name",
        filters=("product_id", "gateway_id", "node_id", "app_id"),
        name_filter="device_name",
    )

    def __init__(self, endpoint, auth, *, project_id, instance_id="", region="", edition="", **options):
        super().__init__(endpoint, auth, project_id=project_id, **options)
        self.instance_id, self.edition = instance_id, edition
        self.region = region or _region_of(urlsplit(self.endpoint).hostname)

    def standing_headers(self):
        headers = super().standing_headers()
        return {**headers, "Instance-Id": self.instance_id} if self.instance_id else headers

    def not_applicable(self):
        notes = super().not_applicable()
        if not self.instance_id:
            notes["instance"] = _("No instance id is set; the platform did not ask for one.")
        if self.edition not in ("standard", "enterprise"):
            notes["edition"] = _("Not checked: device policies need the standard or enterprise edition.")
        return notes

    def probes(self):
        yield lambda: self.spaces.list(limit=1)
        if self.edition in ("standard", "enterprise"):
            yield lambda: self.policies.list(limit=1)

    def blame(self, error):
        if error.code == NO_RIGHT:
            return None
        if "instance" in error.message.lower():
            if self.instance_id:
                return "instance", _(
                    "The instance id is not known here. Copy it from the overview of the console."
                )
            return "instance", _(
                "The platform wants an instance id. Copy it from the overview of the console."
            )
        if "edition" in error.message.lower():
            return "edition", _(
                "The instance has no device policies: its edition is basic. Correct the edition."
            )
        if error.status in (403, 404):
            return "project", _("The project id is not known at this address. Correct the id or the region.")
        return None

    def blame_signature(self, error):
        other = self._other_signature()
        if other and self._accepts(other, self.spaces_call()):
            if other.kind == V11Hmac.kind:
                return "signature", _(
                    "The keys are right, but this host takes V11-HMAC-SHA256. Change the signature."
                )
            return "signature", _(
                "The keys are right, but this host takes SDK-HMAC-SHA256. Change the signature."
            )
        return super().blame_signature(error)

    def spaces_call(self):
        return self.call("GET", self.spaces.path())

    def _other_signature(self):
        if isinstance(self.auth, V11Hmac):
            return self.auth.as_sdk()
        if isinstance(self.auth, SdkHmac) and self.region:
            return self.auth.as_v11(self.region)
        return None


def _region_of(host):
    """`cn-north-4` in iotda.cn-north-4.myhuaweicloud.com and x.st1.iotda-app.cn-north-4.myhuaweicloud.com."""
    labels = host.split(".")
    return next(
        (region for name, region in zip(labels, labels[1:], strict=False) if name.startswith("iotda")), ""
    )
