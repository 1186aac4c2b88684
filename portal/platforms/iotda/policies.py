"""Device policies, and what they are bound to. A list shows no statements; get, create and update do."""

from portal.platforms.collection import text_id, timed, unreadable
from portal.platforms.endings import endings
from portal.platforms.iotda.contract import PAGE_LIMIT_MAX
from portal.platforms.iotda.contract.policies import split_actions
from portal.platforms.iotda.paging import Paged, inner_list
from portal.platforms.retrying import Repeat


class Policies(Paged):
    """Only a create splits actions that stand in one string, as in the document's example. What the platform
    shows stays as it is, and so does what an update takes over from there."""

    def encode(self, data):
        body = super().encode(data)
        return {**body, "statement": split_actions(body["statement"])} if "statement" in body else body

    def bind_call(self, id, data):
        return self._about_targets(id, "bind", data)

    def unbind_call(self, id, data):
        return self._about_targets(id, "unbind", data)

    def _about_targets(self, id, action, data):
        body = {"target_type": data["target_type"], "target_ids": data["target_ids"]}
        return self.client.call("POST", self.path(id, action), body=body)

    def endings(self, id, answer, data):
        """What became of each target of `bind` or `unbind`.

        Raises Unclear when a target is not accounted for, or when the answer is about another policy or
        another type of target.
        """
        decoded = self.decode_answer(answer, answer.data)
        if decoded["id"] != id or decoded.get("target_type", data["target_type"]) != data["target_type"]:
            raise unreadable(answer)
        return endings(
            answer,
            data["target_ids"],
            done="success_targets",
            refused="failure_targets",
            id="target_id",
            code="error_code",
            message="error_msg",
        )

    @timed
    def targets(self, id, *, target_type="", limit=1000):
        """A Listing of what the policy is bound to: {"id", "target_type", "target_id"}.

        `id` tells a device from a product with the same id. Paging stands in the body of this call.
        """
        asked = {"target_type": target_type} if target_type else {}

        def call(marker):
            body = {**asked, "limit": PAGE_LIMIT_MAX, **({"marker": marker} if marker else {})}
            return self.client.call("POST", self.path(id, "list-targets"), body=body, repeat=Repeat.READ)

        return inner_list(call, "targets", _target, limit, self.client.send)


def _target(item):
    kind, id = text_id(item["target_type"]), text_id(item["target_id"])
    return {"id": f"{kind}:{id}", "target_type": kind, "target_id": id, "remote_id": id}


COLLECTION = Policies(
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
