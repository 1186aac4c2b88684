"""Huawei IoTDA v5: what its resources share.

The rules of one resource stand in the file of its name: CREATE and UPDATE (tuples of Field), its limits, and
its own ADVICE, ANSWERS and STATUSES, which portal.platforms.declared() joins with those here.
"""

from portal.platforms.apigw import CAUSES as GATEWAY_CAUSES
from portal.platforms.apigw import POLICIES  # noqa: F401 (read by portal.platforms.declared)
from portal.platforms.contract import Cause, Field, Meaning, _

PROJECT_ID_MAX = 32
PAGE_LIMIT_MAX = 50  # list calls: limit 1-50, default 10
PAGE_OFFSET_MAX = 500
FIRST_MARKER = "f" * 24

# "Letters" in names of buses and groups include Chinese ones (source: the vendor's SDK); a space is refused.
NAME = r"[A-Za-z0-9\u4e00-\u9fff_?'#().,&%@!-]*"
NAME_TEXT = _("can contain only letters, digits and _?'#().,&%%@!-")  # %%: texts of problems are %-formats
ID = r"[A-Za-z0-9_-]*"
ID_TEXT = _("can contain only letters, digits, underscores and hyphens")
HEX_ID = r"[A-Fa-f0-9-]*"
HEX_TEXT = _("can contain only hexadecimal digits and hyphens")


def app_id(source, required=False):
    """The field that names the resource space of a new object; `source` is the document of its call."""
    rule = _("Up to 36 letters, digits, _ and -.")
    default = _("Up to 36 letters, digits, _ and -. Leave empty for the default resource space.")
    return Field(
        name="app_id",
        kind=str,
        required=required,
        max_length=36,
        pattern=ID,
        pattern_text=ID_TEXT,
        rule=rule if required else default,
        source=source,
    )


ANSWERS = {
    (403, "IOTDA.021101"): Meaning.THROTTLED,
    (403, "IOTDA.021102"): Meaning.THROTTLED,
    (403, "IOTDA.000004"): Meaning.SIGNED_OUT,
    (
        500,
        "IOTDA.000020",
    ): Meaning.SIGNED_OUT,  # the IAM token could not be decrypted, so nothing was executed
}

# The HTTP status that the documents print with a code. It says what the code means where it comes with a 2xx.
STATUSES = {
    "IOTDA.000002": 401,
    "IOTDA.000004": 403,
    "IOTDA.000006": 400,
    "IOTDA.000008": 400,
    "IOTDA.000009": 400,
    "IOTDA.000010": 400,
    "IOTDA.000013": 400,
    "IOTDA.000015": 403,
    "IOTDA.000017": 400,
    "IOTDA.000018": 400,
    "IOTDA.000020": 500,
    "IOTDA.000021": 403,
    "IOTDA.000022": 403,
    "IOTDA.001000": 403,
    "IOTDA.001001": 400,
    "IOTDA.001002": 403,
    "IOTDA.001005": 403,
    "IOTDA.001006": 403,
    "IOTDA.001007": 403,
    "IOTDA.014016": 403,
    "IOTDA.014031": 400,
    "IOTDA.021101": 403,
    "IOTDA.021102": 403,
    "APIGW.0101": 404,
    "APIGW.0201": 400,
    "APIGW.0301": 401,
    "APIGW.0307": 401,
    "APIGW.0308": 429,
}

ADVICE = {
    "IOTDA.000006": _("The platform found a field it does not accept. Check each field against its rule."),
    "IOTDA.001000": _("The resource space does not exist. Choose another one."),
    "APIGW.0308": _("Too many requests. Wait a moment and send it again."),
}

# Source: IoTDA API Reference, "Error Codes".
CAUSES = GATEWAY_CAUSES | {
    "IOTDA.000002": Cause(
        "iotda_not_signed_in",
        "signature",
        _("The platform does not accept the token or this kind of signature. Change the connection."),
    ),
    "IOTDA.000004": Cause(
        "iotda_bad_token",
        "sign_in",
        _("The platform does not accept the token. Check that IAM endpoint and address belong together."),
    ),
    "IOTDA.000015": Cause(
        "iotda_frozen", "account", _("The account is frozen. Ask whoever pays for it to settle it.")
    ),
    "IOTDA.000020": Cause(
        "iotda_unreadable_token",
        "sign_in",
        _("The platform cannot read the token. Check that IAM endpoint and address belong to one region."),
    ),
    "IOTDA.000021": Cause(
        "iotda_not_subscribed",
        "account",
        _(
            "The platform does not find the user, or the account has not subscribed to IoTDA here."
            " Subscribe to IoTDA, or correct address and region."
        ),
    ),
    "IOTDA.000022": Cause(
        "iotda_no_right",
        "permission",
        _("The account of this connection lacks the permission. Ask your cloud administrator for it."),
        lacks_permission=True,
    ),
}
