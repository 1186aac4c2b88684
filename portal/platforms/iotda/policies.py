"""Device policies. A list shows no statements; get, create and update do."""

from portal.platforms.iotda.contract.policies import split_actions
from portal.platforms.iotda.paging import Paged


class Policies(Paged):
    """Only a create splits actions that stand in one string, as in the document's example. What the platform
    shows stays as it is, and so does what an update takes over from there."""

    def encode(self, data):
        body = super().encode(data)
        return {**body, "statement": split_actions(body["statement"])} if "statement" in body else body


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
