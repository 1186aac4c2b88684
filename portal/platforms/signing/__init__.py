"""How a request proves who sends it: what all the ways share. Each vendor's own ways are in its file.

Each way is a requests.auth class. It signs the exact URL and bytes of a prepared request, and it can write
the same headers with placeholders for a preview.
"""

import json

from requests.auth import AuthBase

FILLED_IN = "‹filled in at sending›"
SECRET = "‹secret›"  # noqa: S105 - a word


class Auth(AuthBase):
    """`kind` is a name for people. `renewable` means that a new token may help when one is refused."""

    kind = ""
    renewable = False

    def sign_in(self, route):
        """Make sure that there is a token; a signature needs none. Raises SignInFailed and NotSent."""

    def secrets(self):
        """The texts that no answer may carry on: keys, passwords and tokens of the account."""
        return ()

    def accepted(self, prepared):
        """Called when the platform accepted the sign-in of a request."""

    def may_renew(self, prepared):
        """Whether the request may be sent again with a new token, after its own was refused."""
        return self.renewable

    def preview(self, prepared):
        """Write the headers that signing will write, with placeholders for their values."""
        raise NotImplementedError


def to_json(body):
    """The bytes that are signed and sent: made once, so that both are the same."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
