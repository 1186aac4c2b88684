"""HarmonyOS soft buses. No call changes one."""

from portal.platforms.iotda.paging import Paged


class SoftBuses(Paged):
    def sync_call(self, id):
        """Sends the bus to the devices of its group.

        The answer is empty. The `status` of the bus changes later: Synchronizing, then Synchronized.
        """
        return self.client.call("POST", self.path(id, "sync"))

    def reset_key_call(self, id):
        """The bus gets a new key. The answer is empty; its status is ToBeSynchronized until the next sync."""
        return self.client.call("POST", self.path(id, "reset-bus-key"))


COLLECTION = SoftBuses(
    "/v5/iot/{project_id}/harmony-soft-bus",
    items="harmony_soft_buses",
    id="bus_id",
    name="bus_name",
    members=("bus_name", "group_id", "app_id"),
    filters=("group_id", "app_id"),
)
