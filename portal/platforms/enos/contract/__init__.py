"""Envision EnOS Connection Service: what its resources share.

The rules of one resource stand in the file of its name: CREATE and UPDATE (tuples of Field), its limits, and
its own ADVICE and ANSWERS, which portal.platforms.declared() joins with those here.
"""

from portal.platforms.contract import Cause, Meaning, _

PAGE_SIZE_MAX = 1000

OK = "0"

# An application error comes with HTTP 200, so the code in the body decides.
ANSWERS = {
    (200, OK): Meaning.DONE,
    (200, "99500"): Meaning.UNCLEAR,
    (200, "4011"): Meaning.SIGNED_OUT,  # gateway's apim_status
    (200, "4012"): Meaning.SIGNED_OUT,
    (200, ""): Meaning.UNCLEAR,  # no envelope
    (200, None): Meaning.REJECTED,
}

ADVICE = {
    "99400": _("The platform found a field it does not accept. Check each field against its rule."),
}

# Source: EnOS API documentation, overview of the Connection Service; 4011 and 4012: the official SDK.
CAUSES = {
    "4011": Cause(
        "enos_token_refused",
        "sign_in",
        _("The platform gives a token but does not accept it. Check that the address is right."),
    ),
    "4012": Cause(
        "enos_signature_refused",
        "signature",
        _("The platform gives a token but refuses the signature. Check the application secret."),
    ),
    "99403": Cause(
        "enos_no_right",
        "permission",
        _("The account of this connection lacks the permission. Ask your EnOS administrator for it."),
        lacks_permission=True,
    ),
    # The code stands for any wrong parameter, too.
    ("99400", "orgId does not exist"): Cause(
        "enos_no_organization", "project", _("The organization id does not exist. Correct it.")
    ),
}
