"""Hides what looks like a secret in an object from people who may see the object but not change it.

For example, a device's tag `wifi_password`. portal/secrecy.py and record/redaction.py say what counts.
"""

from portal.record.redaction import redact
from portal.secrecy import is_secret_name

MASK = "••••••"
# Of a tag that is an object: {"tag_key": "wifi_password", "tag_value": "..."}.
NAMING = ("key", "tag_key", "tagKey", "name", "identifier")
HOLDING = ("value", "tag_value", "tagValue")


def masked(value):
    """A copy of a JSON value with a mask in place of each secret. Empty values and switches stay."""
    if isinstance(value, dict):
        names_secret = any(is_secret_name(value[name]) for name in NAMING if isinstance(value.get(name), str))
        return {
            name: _hidden(member)
            if is_secret_name(str(name)) or (names_secret and name in HOLDING)
            else masked(member)
            for name, member in value.items()
        }
    if isinstance(value, list):
        return [masked(member) for member in value]
    if isinstance(value, str) and redact(value, longest=None) != value:
        return MASK
    return value


def _hidden(value):
    return value if value in (None, "", [], {}) or isinstance(value, bool) else MASK
