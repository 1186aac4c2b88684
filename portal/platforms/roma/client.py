"""The account on Huawei ROMA Connect LINK v2, and what its refusals mean in a connection test.

Source: ROMA Connect API Reference.
"""

from portal.platforms import declared
from portal.platforms.contract import _
from portal.platforms.huawei import HuaweiClient
from portal.words import Sentence

IDS_FINE = Sentence("check.roma_ids_fine", _("Project id and instance id are accepted."))
NO_EDITIONS = Sentence(
    "check.roma_no_editions", _("Not needed: the editions of ROMA Connect make no difference here.")
)


class ROMA(HuaweiClient):
    platform = "roma"
    table = declared("roma", "ANSWERS")
    statuses = declared("roma", "STATUSES")
    content_type = "application/json;charset=UTF-8"
    path_values = ("project_id", "instance_id")
    fine = {"instance": IDS_FINE}

    def __init__(self, endpoint, auth, *, project_id, instance_id, **options):
        super().__init__(endpoint, auth, project_id=project_id, **options)
        self.instance_id = instance_id

    def not_applicable(self):
        return {**super().not_applicable(), "edition": NO_EDITIONS()}

    def probes(self):
        yield lambda: self.apps.list(limit=1)
