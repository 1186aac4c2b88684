"""What the clients of IoTDA and ROMA Connect share: signing in by IAM, and what a failed sign-in means."""

from dataclasses import replace

from portal.errors import SignInFailed
from portal.platforms.client import Client
from portal.platforms.contract import Meaning, _, meaning
from portal.words import Sentence

OTHER_PROJECT = Sentence(
    "check.sign_in_other_project",
    _("User and password are right, but not for this project. Correct the project id."),
)


class HuaweiClient(Client):
    """`project_id` is a part of every path. `statuses` is {code: HTTP status}, as the documents print it."""

    path_values = ("project_id",)
    statuses = {}

    def __init__(self, endpoint, auth, *, project_id, **options):
        super().__init__(endpoint, auth, **options)
        self.project_id = project_id

    def verdict(self, answer):
        """An error that comes with a 2xx means what its code means; an unknown one may mean anything."""
        status = self._status_of(answer)
        return meaning(self.table, status, answer.code) if status else Meaning.UNCLEAR

    def is_missing(self, answer):
        return super().is_missing(replace(answer, status=self._status_of(answer)))

    def _status_of(self, answer):
        is_error = answer.code or answer.message
        return self.statuses.get(answer.code) if answer.status // 100 == 2 and is_error else answer.status

    def prove_sign_in(self):
        """First without the project: IAM's refusals do not say whether user or project is wrong."""
        self.auth.sign_in_to_account(self.route())
        try:
            self.auth.renew(self.route())
        except SignInFailed as error:
            error.part = "project" if error.status == 401 else error.part
            raise

    def blame_sign_in(self, error):
        return ("project", OTHER_PROJECT()) if error.part == "project" else super().blame_sign_in(error)
