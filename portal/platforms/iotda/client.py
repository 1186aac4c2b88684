"""The account on Huawei IoTDA v5: its headers, and what its refusals mean in a connection test.

Source: IoTDA API Reference.
"""

from urllib.parse import urlsplit

from portal.platforms import apigw, declared
from portal.platforms.contract import _
from portal.platforms.huawei import HuaweiClient
from portal.platforms.signing.huawei import SdkHmac, V11Hmac, needs_v11
from portal.words import Sentence

NO_INSTANCE_ID = Sentence(
    "check.iotda_no_instance_id", _("No instance id is set; the platform did not ask for one.")
)
EDITION_NOT_CHECKED = Sentence(
    "check.iotda_edition_not_checked",
    _("Not checked: device policies need the standard or enterprise edition."),
)
NO_SPACE = "IOTDA.001000"  # comes with 403; everything else that does not exist is a 404
WRONG_KIND = "IOTDA.000002"  # without a token in play, the document leaves only the kind of signature

TAKES_V11 = Sentence(
    "check.iotda_takes_v11",
    _("This host does not take SDK-HMAC-SHA256. Change the signature to V11-HMAC-SHA256."),
)
TAKES_SDK = Sentence(
    "check.iotda_takes_sdk",
    _("This host does not take V11-HMAC-SHA256. Change the signature to SDK-HMAC-SHA256."),
)
KEY_OR_KIND = Sentence(
    "check.iotda_key_or_kind",
    _(
        "The platform does not accept the signature. By its name, this host takes %(kind)s:"
        " change that first."
    ),
)


class IoTDA(HuaweiClient):
    platform = "iotda"
    table = declared("iotda", "ANSWERS")
    statuses = declared("iotda", "STATUSES")

    def __init__(self, endpoint, auth, *, project_id, instance_id="", edition="", **options):
        super().__init__(endpoint, auth, project_id=project_id, **options)
        self.instance_id, self.edition = instance_id, edition

    def standing_headers(self):
        headers = super().standing_headers()
        return {**headers, "Instance-Id": self.instance_id} if self.instance_id else headers

    def is_missing(self, answer):
        """A space that does not exist holds no object either."""
        return super().is_missing(answer) or (answer.status, answer.code) == (403, NO_SPACE)

    def not_applicable(self):
        notes = super().not_applicable()
        if not self.instance_id:
            notes["instance"] = NO_INSTANCE_ID()
        if self.edition not in ("standard", "enterprise"):
            notes["edition"] = EDITION_NOT_CHECKED()
        return notes

    def probes(self):
        yield lambda: self.spaces.list(limit=1)
        if self.edition in ("standard", "enterprise"):
            yield lambda: self.policies.list(limit=1)

    def blame_signature(self, error):
        """With the code of one refused call: another one, signed in the other way, could lock the key."""
        if not self.auth.renewable and error.code == WRONG_KIND:
            return "signature", TAKES_SDK() if isinstance(self.auth, V11Hmac) else TAKES_V11()
        kind = self._kind_by_host()
        if error.cause is apigw.NOT_SIGNED_IN and kind and kind != self.auth.kind:
            return "signature", KEY_OR_KIND(kind=kind)
        return super().blame_signature(error)

    def _kind_by_host(self):
        """The kind of signature that a host of Huawei takes; "" for other hosts and other ways to sign in."""
        host = urlsplit(self.endpoint).hostname or ""
        if self.auth.renewable or not host.endswith(".myhuaweicloud.com"):
            return ""
        return V11Hmac.kind if needs_v11(host) else SdkHmac.kind
