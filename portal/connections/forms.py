"""The form of a connection. Which fields it has depends on the platform and the way to sign in."""

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.connections import reach, service
from portal.connections.checking import mask
from portal.connections.clients import is_loopback, refuse_demo_credentials, uses_v11
from portal.connections.condition import opened_or_empty
from portal.connections.models import CREDENTIALS, LIMITS, Connection, Platform, SignIn
from portal.errors import SignInFailed
from portal.web.printable import printable

# What a platform needs besides name, endpoint and credentials: {field: whether it is required}.
IDS = {
    Platform.IOTDA: {"region": False, "project_id": True, "instance_id": False, "edition": False},
    Platform.ROMA: {"region": False, "project_id": True, "instance_id": True},
    Platform.ENOS: {"org_id": True},
}
SIGN_INS = {
    Platform.IOTDA: (SignIn.KEYS, SignIn.TEMPORARY_KEYS, SignIn.PASSWORD),
    Platform.ROMA: (SignIn.KEYS, SignIn.TEMPORARY_KEYS, SignIn.PASSWORD),
    Platform.ENOS: (SignIn.APP,),
}
# If one of these changes, the stored credentials would be sent to another place.
DESTINATION = ("endpoint", "iam_endpoint", "sign_in")

# For htmx: draw the form again when another way to sign in is chosen, because it has other fields.
REDRAWING = {
    "hx-post": "",
    "hx-trigger": "change",
    "hx-target": "#form",
    "hx-swap": "outerHTML",
    "hx-vals": '{"touch": "sign_in"}',
}

CREDENTIAL_LABELS = {
    "access_key": gettext_lazy("Access key (AK)"),
    "secret_key": gettext_lazy("Secret key (SK)"),
    "security_token": gettext_lazy("Security token"),
    "domain": gettext_lazy("IAM account (domain)"),
    "user": gettext_lazy("IAM user"),
    "password": gettext_lazy("Password"),
    "app_key": gettext_lazy("Application key"),
    "app_secret": gettext_lazy("Application secret"),
}
# These name the account and are not secret. The values of the others are never shown again.
NAMES_OF_ACCOUNT = ("access_key", "domain", "user", "app_key")
MAY_HOLD_SPACES = ("domain", "user", "password")
CREDENTIAL_MAX = {"security_token": 10_000}  # characters; others 200

ID = re.compile(r"[A-Za-z0-9_-]+")
REGION = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
HOST = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?")


def visible_ascii(value):
    if not all("!" <= character <= "~" for character in value):
        raise ValidationError(_("Only visible ASCII characters are allowed, no spaces."))


def clean_endpoint(value):
    """`https://host[:port]` in lower case; raises ValidationError."""
    text = _("Enter https://host or https://host:port, without a path.")
    try:
        parts = urlsplit(value)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise ValidationError(text) from error
    is_plain = parts.path in ("", "/") and not parts.query and not parts.fragment and "@" not in parts.netloc
    if parts.scheme not in ("http", "https") or not is_plain or port == 0 or not value.isascii():
        raise ValidationError(text)
    endpoint = f"{parts.scheme}://{parts.netloc.lower()}"
    if parts.scheme == "http" and not (settings.DEMO and is_loopback(endpoint)):
        raise ValidationError(
            _("Enter an address that begins with https://. Without it, credentials are sent unprotected.")
        )
    port = port or (443 if parts.scheme == "https" else 80)
    _check_host(host, port, text)
    if port not in settings.ENDPOINT_PORTS and not (settings.LOOPBACK_ALLOWED and is_loopback(endpoint)):
        allowed = ", ".join(map(str, settings.ENDPOINT_PORTS))
        raise ValidationError(
            _("The portal must not connect to port %(port)s. Allowed: %(allowed)s (PORTAL_ENDPOINT_PORTS).")
            % {"port": port, "allowed": allowed}
        )
    return endpoint


def _check_host(host, port, text):
    """Check an IP address now. A name is checked when it is resolved (reach.py)."""
    try:
        allowed = reach.is_allowed(ip_address(host), port) or port not in settings.ENDPOINT_PORTS
    except ValueError as error:
        if not HOST.fullmatch(host) or len(host) > 253:
            raise ValidationError(text) from error
        return
    if not allowed:
        raise ValidationError(
            _("The portal must not connect to this address. PORTAL_PRIVATE_NETWORKS can allow it.")
        )


def limit_field(name):
    """A whole number or nothing, with the label and help text of the model's field."""
    field, (least, most) = Connection._meta.get_field(name), LIMITS[name]
    return forms.IntegerField(
        label=capfirst(field.verbose_name),
        help_text=field.help_text,
        min_value=least,
        max_value=most,
        required=False,
    )


class ConnectionForm(forms.Form):
    """Bound to `data` it validates; with `initial` it is drawn again without validation.

    `connection` is the one that is edited. Then an empty credential means "keep the stored one", unless it
    would be sent to another place than it was entered for. `values` and `credentials` go to the service.
    """

    name = forms.CharField(label=gettext_lazy("Name"), max_length=100, validators=[printable])
    endpoint = forms.CharField(
        label=gettext_lazy("Endpoint"),
        max_length=200,
        help_text=gettext_lazy("https://host[:port] without a path."),
    )
    region = forms.CharField(
        label=gettext_lazy("Region"), max_length=40, help_text=gettext_lazy("For example cn-north-4.")
    )
    project_id = forms.CharField(label=gettext_lazy("Project id"), max_length=32)
    instance_id = forms.CharField(label=gettext_lazy("Instance id"), max_length=36)
    org_id = forms.CharField(label=gettext_lazy("Organization id"), max_length=40)
    edition = forms.ChoiceField(
        label=gettext_lazy("Edition"),
        choices=[("", gettext_lazy("Unknown")), *Connection._meta.get_field("edition").choices],
        help_text=gettext_lazy("Device policies need the standard or enterprise edition."),
    )
    sign_in = forms.ChoiceField(label=gettext_lazy("Sign-in"))
    signature = forms.ChoiceField(
        label=gettext_lazy("Signature"),
        choices=Connection._meta.get_field("signature").choices,
        required=False,
        help_text=gettext_lazy("Instance hosts of IoTDA (…iotda-app…) accept only V11-HMAC-SHA256."),
    )
    iam_endpoint = forms.CharField(
        label=gettext_lazy("IAM endpoint"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Where tokens come from. Leave empty for the endpoint of the region."),
    )
    calls_per_minute = limit_field("calls_per_minute")
    calls_at_once = limit_field("calls_at_once")

    def __init__(self, data=None, *, team, platform, sign_in=None, connection=None, initial=None):
        self.team, self.platform, self.connection = team, Platform(platform), connection
        allowed = SIGN_INS[self.platform]
        wanted = (data or {}).get("sign_in") or sign_in or (initial or {}).get("sign_in")
        stored = connection.sign_in if connection else None
        self.way = SignIn(next((way for way in (wanted, stored) if way in allowed), allowed[0]))
        self.stored = opened_or_empty(connection) if connection else {}
        kept = {name: getattr(connection, name) for name in self.base_fields} if connection else {}
        super().__init__(
            data, initial={**kept, **(initial or {}), "sign_in": self.way}, use_required_attribute=False
        )
        self._choose_fields()
        self._add_credentials()

    def _choose_fields(self):
        ids, ways = IDS[self.platform], SIGN_INS[self.platform]
        wanted = {"name", "endpoint", "sign_in", *LIMITS, *ids}
        if self.way == SignIn.PASSWORD:
            wanted.add("iam_endpoint")
        elif self.platform == Platform.IOTDA:
            wanted.add("signature")
        self.fields = {name: field for name, field in self.fields.items() if name in wanted}
        for name, is_required in ids.items():
            self.fields[name].required = is_required or (name == "region" and self.way == SignIn.PASSWORD)
        self.fields["sign_in"].choices = [(way.value, way.label) for way in ways]
        self.fields["sign_in"].widget.attrs |= REDRAWING
        if len(ways) == 1:
            self.fields["sign_in"].widget = forms.HiddenInput()
        for name in {"endpoint", "iam_endpoint", "region"} & self.fields.keys():
            del self.fields[name].widget.attrs["maxlength"]  # no counter of characters under an address

    def _add_credentials(self):
        self.credential_names = CREDENTIALS[self.way]
        for name in self.credential_names:
            secret = name not in NAMES_OF_ACCOUNT
            field = forms.CharField(
                label=CREDENTIAL_LABELS[name],
                max_length=CREDENTIAL_MAX.get(name, 200),
                required=False,
                strip=name != "password",
                validators=[printable if name in MAY_HOLD_SPACES else visible_ascii],
                widget=forms.PasswordInput() if secret else forms.TextInput(),
                help_text=self._stored_text(name, secret),
            )
            field.widget.attrs = {"autocomplete": "off", "spellcheck": "false"}
            self.fields[name] = field

    def _stored_text(self, name, secret):
        if not self.stored.get(name) or self.connection.sign_in != self.way:
            return ""
        if secret:
            return _("Stored. Leave empty to keep it.")
        return _("Stored: %(value)s. Leave empty to keep it.") % {"value": mask(self.stored[name])}

    @property
    def place_fields(self):
        others = {"sign_in", *LIMITS, *self.credential_names}
        return [self[name] for name in self.fields if name not in others]

    @property
    def limit_fields(self):
        return [self[name] for name in LIMITS]

    @property
    def credential_fields(self):
        return [self[name] for name in self.credential_names]

    def clean_name(self):
        name = self.cleaned_data["name"]
        others = Connection.objects.filter(team=self.team, name=name)
        if self.connection:
            others = others.exclude(pk=self.connection.pk)
        if others.exists():
            raise ValidationError(service.name_taken())
        return name

    def clean_endpoint(self):
        return clean_endpoint(self.cleaned_data["endpoint"])

    def clean_iam_endpoint(self):
        value = self.cleaned_data["iam_endpoint"]
        return clean_endpoint(value) if value else ""

    def clean_region(self):
        # It becomes part of the host name to which credentials are sent.
        return self._matching(
            "region",
            REGION,
            _("Only lowercase letters, digits and hyphens are allowed, for example cn-north-4."),
        )

    def clean_project_id(self):
        return self._matching("project_id", ID, self._id_text())

    def clean_instance_id(self):
        return self._matching("instance_id", ID, self._id_text())

    def clean_org_id(self):
        return self._matching("org_id", ID, self._id_text())

    def clean_signature(self):
        return self.cleaned_data["signature"] or "auto"

    def _id_text(self):
        return _("Only letters, digits, underscores and hyphens are allowed.")

    def _matching(self, name, pattern, text):
        value = self.cleaned_data[name]
        if value and not pattern.fullmatch(value):
            raise ValidationError(text)
        return value

    def clean(self):
        super().clean()
        if "endpoint" not in self.cleaned_data or "iam_endpoint" in self.errors:
            return
        self._require_region()
        self.credentials = self._merged_credentials()
        self._refuse_demo_credentials()

    def _require_region(self):
        signs_v11 = "signature" in self.fields and uses_v11(
            Connection(
                platform=self.platform,
                **{
                    name: self.cleaned_data[name]
                    for name in ("endpoint", "signature")
                    if name in self.cleaned_data
                },
            )
        )
        if signs_v11 and "region" not in self.errors and not self.cleaned_data.get("region"):
            self.add_error("region", _("V11-HMAC-SHA256 needs the region. Enter it."))

    def _merged_credentials(self):
        moved = self._moved()
        kept = {} if moved else self.stored
        merged = {}
        for name in self.credential_names:
            value = self.cleaned_data.get(name) or kept.get(name, "")
            if value:
                merged[name] = value
            elif name not in self.errors:
                self.fields[name].help_text = ""
                text = (
                    _("Enter it again: the stored value belongs to another address or sign-in.")
                    if moved and self.stored
                    else _("Enter it.")
                )
                self.add_error(name, text)
        return merged

    def _moved(self):
        """Whether the stored credentials would be sent to another place than they were entered for."""
        if not self.connection:
            return False
        return any(self.values.get(name, "") != getattr(self.connection, name) for name in DESTINATION)

    def _refuse_demo_credentials(self):
        for name in ("endpoint", "iam_endpoint"):
            address = self.cleaned_data.get(name)
            if not address:
                continue
            try:
                refuse_demo_credentials(Connection(endpoint=address), self.credentials)
            except SignInFailed as refusal:
                self.add_error(name, str(refusal))

    @property
    def values(self):
        """Every plain field of a Connection; fields that this sign-in does not use are empty."""
        empty = {
            "region": "",
            "project_id": "",
            "instance_id": "",
            "org_id": "",
            "edition": "",
            "iam_endpoint": "",
        }
        plain = {name: value for name, value in self.cleaned_data.items() if name in self.base_fields}
        return {
            **empty,
            "signature": "auto",
            **plain,
            "platform": self.platform.value,
            "sign_in": self.way.value,
        }


def typed(data):
    """The values of a posted form that may be drawn again: all except secrets."""
    shown = (*ConnectionForm.base_fields, *NAMES_OF_ACCOUNT)
    return {name: data[name] for name in shown if name in data}
