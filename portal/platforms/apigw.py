"""What the gateway before Huawei's services says about an account: data that IoTDA and ROMA Connect share.

Needs only the standard library, like the contract folders. Some hosts spell the codes APIG.*. Source: API
Request Signing Guide, "Error Codes" and "Common Errors Related to IAM Authentication Information"
(2026-02-09).
"""

from portal.platforms.contract import Cause, _

KEY_LOCKED = Cause(
    "key_locked",
    "signature",
    _(
        "The platform locked the access key after too many refused sign-ins. The lock ends by itself after"
        " 5 minutes. Correct the secret key wherever it is wrong, then test again."
    ),
    seconds=300,
)
NOT_SIGNED_IN = Cause(
    "apigw_not_signed_in",
    "signature",
    _("The platform does not accept the keys or the token. Correct the credentials of the connection."),
)
UNKNOWN_KEY = Cause(
    "apigw_unknown_key", "signature", _("The access key does not exist on the platform. Correct it.")
)
BAD_TOKEN = Cause(
    "apigw_bad_token",
    "sign_in",
    _("The platform cannot read the token. Check that IAM endpoint and address belong to one region."),
)
OLD_TOKEN = Cause(
    "apigw_old_token",
    "sign_in",
    _(
        "The platform wants a new token. If it refuses the new one as well, the address belongs to another"
        " region: correct address or region."
    ),
)
NO_RIGHT = Cause(
    "apigw_no_right",
    "permission",
    _("The account may not call this API. Ask its administrator for the permission."),
    lacks_permission=True,
)
ADDRESS_NOT_ALLOWED = Cause(
    "apigw_address_not_allowed",
    "address",
    _(
        "The platform does not accept calls from the portal's own network address."
        " Ask the platform's administrator to allow that address."
    ),
)
NO_API = Cause(
    "apigw_no_api",
    "address",
    _("The platform's API is not at this address. Correct the address or the region."),
)

_BY_NUMBER = {
    "0101": NO_API,
    "0301": NOT_SIGNED_IN,
    "0302": NO_RIGHT,
    "0305": NOT_SIGNED_IN,
    "0306": NO_RIGHT,
    "0307": OLD_TOKEN,
    "0310": Cause(
        "apigw_no_project", "project", _("The project is not available here. Correct the project id.")
    ),
    "0401": ADDRESS_NOT_ALLOWED,
    "0402": ADDRESS_NOT_ALLOWED,
    "0502": Cause(
        "apigw_frozen", "account", _("The account is frozen. Ask whoever pays for it to top it up.")
    ),
    "0801": Cause(
        "apigw_no_service",
        "address",
        _("The service is not offered in this region. Correct the address or the region."),
    ),
    "0802": Cause(
        "apigw_no_region",
        "permission",
        _("The user may not use this region. Correct the region, or ask the administrator for the right."),
    ),
}
# One code, several causes: the document tells them apart by these words.
_BY_WORDS = {
    ("0301", "AK access failed to reach the limit"): KEY_LOCKED,
    ("0301", "Get secretKey failed"): UNKNOWN_KEY,
    ("0301", "decrypt token fail"): BAD_TOKEN,
}
# How IAM writes down what an account may do: {version: its name}. The documents of the calls name their
# actions for identity policies; for the older custom policies they refer to another list.
# Source: IAM User Guide, "Identity Policy Syntax" (Version 5.0) and "Custom Policies" (Version 1.1).
POLICIES = {
    "1.1": _("Custom policy (1.1)"),
    "5.0": _("Identity policy (5.0)"),
}

PREFIXES = ("APIGW.", "APIG.")

CAUSES = {prefix + number: cause for prefix in PREFIXES for number, cause in _BY_NUMBER.items()} | {
    (prefix + number, words): cause for prefix in PREFIXES for (number, words), cause in _BY_WORDS.items()
}
