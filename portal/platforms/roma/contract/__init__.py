"""Huawei ROMA Connect LINK v2: what its resources share.

The rules of one resource stand in the file of its name: CREATE and UPDATE (tuples of Field), its limits, and
its own ADVICE, ANSWERS and STATUSES, which portal.platforms.declared() joins with those here.
"""

from portal.platforms.apigw import CAUSES as GATEWAY_CAUSES
from portal.platforms.apigw import POLICIES  # noqa: F401 (read by portal.platforms.declared)
from portal.platforms.contract import Cause, Meaning, _

PROJECT_ID_MAX = 32
INSTANCE_ID_MAX = 36

ANSWERS = {
    (500, "ROMA.00110002"): Meaning.REJECTED,  # "The instance does not exist": a plain refusal
    (400, "ROMA.1000"): Meaning.SIGNED_OUT,
    (400, "ROMA.1002"): Meaning.SIGNED_OUT,
}

# The HTTP status that the documents print with a code. It says what the code means where it comes with a 2xx.
# SCB.00000000 is not here: it is printed with 400 and with 404.
STATUSES = {
    "ROMA.00110002": 500,
    "ROMA.00110006": 404,
    "ROMA.1000": 400,
    "ROMA.1002": 400,
    "ROMA.1006": 400,
    "ROMA.12001": 400,
    "ROMA.13000": 400,
    "ROMA.13001": 400,
    "RML.0001": 400,
    "RML.0002": 400,
    "APIGW.0101": 404,
    "APIGW.0201": 400,
    "APIGW.0301": 401,
    "APIGW.0307": 401,
    "APIGW.0308": 429,
}

ADVICE = {
    "SCB.00000000": _("The platform found a field it does not accept. Check each field against its rule."),
}

BAD_TOKEN = Cause(
    "roma_bad_token",
    "sign_in",
    _("The platform does not accept the token. Check that IAM endpoint and address belong together."),
)
NO_RIGHT = Cause(
    "roma_no_right",
    "permission",
    _("The account of this connection lacks the permission. Ask your cloud administrator for it."),
    lacks_permission=True,
)

# Source: ROMA Connect API Reference, "Error Codes".
CAUSES = GATEWAY_CAUSES | {
    "ROMA.00110002": Cause(
        "roma_no_instance",
        "instance",
        _("The platform does not know this instance in this project. Correct the two ids."),
    ),
    "ROMA.1000": BAD_TOKEN,
    "ROMA.1002": BAD_TOKEN,
    "ROMA.1006": NO_RIGHT,
    "ROMA.12001": NO_RIGHT,
    # The code stands for any wrong parameter, too.
    ("SCB.00000000", "Not Found"): Cause(
        "roma_no_path",
        "address",
        _("The server at this address does not know the path. Correct the address."),
    ),
}
