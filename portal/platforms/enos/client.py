"""The account on Envision EnOS: its envelope, and what its refusals mean in a connection test.

Source: EnOS Connection Service API, V2.4. Errors come with HTTP 200; the code in the body says that it is
one.
"""

from portal.platforms import answers, declared
from portal.platforms.client import Client
from portal.platforms.contract import Meaning, _, meaning
from portal.words import Sentence

ABSENT = {"99404", "11404", "11611"}
# One code for "it is so already" and for "Device not found": only the message tells.
AMBIGUOUS = {"11721", "11723"}

ORGANIZATION_FINE = Sentence("check.enos_organization_fine", _("The organization id is accepted."))
NO_INSTANCES = Sentence("check.enos_no_instances", _("Not needed: EnOS has no instance id."))
NO_EDITIONS = Sentence(
    "check.enos_no_editions", _("Not needed: the editions of EnOS make no difference here.")
)


class EnOS(Client):
    """`org_id` is sent with every call."""

    platform = "enos"
    table = declared("enos", "ANSWERS")
    envelope = staticmethod(answers.enos_envelope)
    fine = {"project": ORGANIZATION_FINE}

    def __init__(self, endpoint, auth, *, org_id, **options):
        super().__init__(endpoint, auth, **options)
        self.org_id = org_id

    def standing_query(self):
        return (("orgId", self.org_id),)

    def verdict(self, answer):
        # An application error comes with any 2xx: its code decides.
        return meaning(self.table, 200 if answer.status // 100 == 2 else answer.status, answer.code)

    def family(self, call):
        return " ".join([super().family(call), *(value for name, value in call.query if name == "action")])

    def is_missing(self, answer):
        return answer.code in ABSENT or (answer.code in AMBIGUOUS and "not found" in answer.message.lower())

    def _judged(self, verdict, answer):
        # No document prints a 2xx other than 200. Without an envelope such an answer promises nothing.
        if verdict is Meaning.DONE and not isinstance(answer.data, dict):
            verdict = Meaning.UNCLEAR
        return super()._judged(verdict, answer)

    def not_applicable(self):
        return {"instance": NO_INSTANCES(), "edition": NO_EDITIONS()}

    def probes(self):
        yield lambda: self.products.list(limit=1)
