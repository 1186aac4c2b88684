"""What IoTDA and ROMA Connect share: sign-in by IAM and how it is blamed."""

from portal.platforms.client import Client
from portal.platforms.contract import _


class HuaweiClient(Client):
    """`project_id` stands in every path."""

    path_values = ("project_id",)

    def __init__(self, endpoint, auth, *, project_id, **options):
        super().__init__(endpoint, auth, **options)
        self.project_id = project_id

    def blame_sign_in(self, error):
        if self.auth.is_accepted_without_project(self.route()):
            return "project", _(
                "User and password are right, but not for this project. Correct the project id."
            )
        return "sign_in", _("IAM does not accept account, user and password. Correct them.")
