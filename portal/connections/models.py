"""Connection: one reachable account on a platform, owned by one team; with its sealed credentials and tokens.

Beside it is what every process must know before it calls: the connection's condition and who holds its slots.
"""

import uuid
from datetime import datetime
from urllib.parse import urlsplit

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.sealing import seal, unseal
from portal.teams import access
from portal.teams.models import Team
from portal.words import from_json


class Platform(models.TextChoices):
    IOTDA = "iotda", _("Huawei IoTDA")
    ROMA = "roma", _("Huawei ROMA Connect")
    ENOS = "enos", _("Envision EnOS")


class SignIn(models.TextChoices):
    KEYS = "keys", _("Access key and secret key (AK/SK)")
    TEMPORARY_KEYS = "temporary_keys", _("Temporary AK/SK with security token")
    PASSWORD = "password", _("IAM user and password")
    APP = "app", _("Application key and secret")


# Names of the credentials that each way of signing in needs; those that may be shown again come first.
CREDENTIALS = {
    SignIn.KEYS: ("access_key", "secret_key"),
    SignIn.TEMPORARY_KEYS: ("access_key", "secret_key", "security_token"),
    SignIn.PASSWORD: ("domain", "user", "password"),
    SignIn.APP: ("app_key", "app_secret"),
}

# The least and the most that can be entered as a connection's own limit. One change takes up to five calls:
# with a lower limit per minute it would never finish.
LIMITS = {"calls_per_minute": (6, 6000), "calls_at_once": (1, 100)}


def limited(name):
    least, most = LIMITS[name]
    return [MinValueValidator(least), MaxValueValidator(most)]


# The emulator's published examples: worthless as secrets, so refused for anything but this machine.
DEMO_CREDENTIALS = frozenset(
    {
        "DEMOAK0000000000EXMP",
        "DEMOTEMPAK0000000000",
        "DEMOREADAK0000000000",
        "demo-account",
        "11111111-2222-4333-8444-555555555555",
        "22222222-3333-4444-8555-666666666666",
        "33333333-4444-4555-8666-777777777777",
    }
)


class ConnectionQuerySet(models.QuerySet):
    def visible_to(self, user, right="view"):
        return access.visible_to(user, self, right)

    def paused(self):
        """Those whose platform failed so often that the portal stopped calling it for a while."""
        return self.filter(condition__paused_at__isnull=False)

    def of_account(self, connection):
        """Ids of all connections to the same account, in any team; this one is among them."""
        platform, host, *ids = connection.account
        names = ("project_id", "instance_id", "org_id")
        found = self.filter(platform=platform, **dict(zip(names, ids, strict=True)))
        return [each.pk for each in found.only("endpoint") if each.host == host]

    def unchanged(self, connection):
        """Whether it is as it was when this one was read. Locks it: whoever moves or deletes it waits."""
        row = self.select_for_update(no_key=True).order_by()
        return bool(row.filter(pk=connection.pk, changed_at=connection.changed_at).values_list("pk"))

    def with_condition(self):
        return self.prefetch_related(models.Prefetch("condition", Condition.objects.now()))


class Connection(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="connections")
    name = models.CharField(_("name"), max_length=100)
    platform = models.CharField(_("platform"), max_length=10, choices=Platform)
    endpoint = models.URLField(_("endpoint"), help_text=_("https://host[:port] without a path."))
    iam_endpoint = models.URLField(
        _("IAM endpoint"),
        blank=True,
        help_text=_("Where tokens come from. Leave empty for the endpoint of the region."),
    )
    region = models.CharField(_("region"), max_length=40, blank=True, help_text=_("For example cn-north-4."))
    project_id = models.CharField(_("project id"), max_length=32, blank=True)
    instance_id = models.CharField(_("instance id"), max_length=36, blank=True)
    org_id = models.CharField(_("organization id"), max_length=40, blank=True)
    edition = models.CharField(
        _("edition"),
        max_length=12,
        blank=True,
        choices={"basic": _("Basic"), "standard": _("Standard"), "enterprise": _("Enterprise")},
        help_text=_("Device policies need the standard or enterprise edition."),
    )
    sign_in = models.CharField(_("sign-in"), max_length=16, choices=SignIn)
    signature = models.CharField(
        _("signature"),
        max_length=8,
        default="auto",
        choices={
            "auto": _("By the host name"),
            "sdk": "SDK-HMAC-SHA256",
            "v11": "V11-HMAC-SHA256",
        },
        help_text=_("Instance hosts of IoTDA (…iotda-app…) accept only V11-HMAC-SHA256."),
    )
    calls_per_minute = models.PositiveIntegerField(
        _("calls per minute"),
        null=True,
        blank=True,
        validators=limited("calls_per_minute"),
        help_text=_("For all people and processes together. Bursts up to 10 % of this limit."),
    )
    calls_at_once = models.PositiveIntegerField(
        _("calls at the same time"),
        null=True,
        blank=True,
        validators=limited("calls_at_once"),
        help_text=_("Further calls wait for their turn."),
    )
    sealed_credentials = models.TextField(blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(default=timezone.now, editable=False)
    checked_at = models.DateTimeField(_("last test"), null=True, editable=False)
    check_part = models.CharField(max_length=20, blank=True, editable=False)
    check_said = models.JSONField(null=True, editable=False)  # what to change, as words.to_json makes it

    team_path, connection_path, space_path = "team_id", "pk", None
    open_spaces = None  # ids of the spaces that whoever looks at it may see, where that is not all of it
    make_client = None  # clients.client, which apps.py puts here: clients.py imports this module
    forget_mirror = None  # kinds.mirroring.forget, which kinds/apps.py puts here

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        ordering = ["platform", "name"]
        constraints = [models.UniqueConstraint(fields=["team", "name"], name="connection_name_in_team")]

    def __str__(self):
        return self.name

    @property
    def host(self):
        return urlsplit(self.endpoint).hostname or ""

    @property
    def account(self):
        """Identifies the account: equal for connections that lead to the same objects."""
        return (self.platform, self.host, self.project_id, self.instance_id, self.org_id)

    def credentials(self):
        """{name: value}; raises sealing.CannotOpen."""
        return unseal(self.sealed_credentials, self._place) if self.sealed_credentials else {}

    def set_credentials(self, values):
        self.sealed_credentials = seal(values, self._place) if values else ""

    @property
    def _place(self):
        return f"connection:{self.pk}:team:{self.team_id}:credentials"

    def sealed_places(self):
        """{column: the place that its text is sealed for}; `credentials_rotate` seals these anew."""
        return {"sealed_credentials": self._place}

    @property
    def check_text(self):
        """What the last test found, in the reader's language; "" when it found nothing wrong."""
        return str(from_json(self.check_said) or "")

    def client(self):
        """The platform's client for this account; one per process."""
        return type(self).make_client(self)


def token_place(connection_id, name):
    return f"token:{connection_id}:{name}"


class StoredToken(models.Model):
    """A platform's token, shared by all processes; `renewer` holds the lease `renewing_until`."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=80)
    sealed = models.TextField(blank=True)
    expires_at = models.FloatField(default=0)  # epoch seconds
    # When it replaced a refused token; None for others, and once a call with it was accepted.
    suspect_since = models.DateTimeField(null=True)
    renewing_until = models.DateTimeField(null=True)
    renewer = models.CharField(max_length=32, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "name"], name="one_token_per_name")]

    def __str__(self):
        return f"{self.name} of {self.connection_id}"

    def sealed_places(self):
        return {"sealed": token_place(self.connection_id, self.name)}


class ConditionQuerySet(models.QuerySet):
    def now(self):
        """With `now`, the database's time: only the database's clock decides what is due."""
        return self.annotate(now=Now())


class Refusal(models.TextChoices):
    """Why calls are paused, if not after failures."""

    SIGN_IN = "sign_in", _("the platform refused the sign-in")
    LOCK = "lock", _("the platform locked the key for a while")


class Condition(models.Model):
    """How the calls of a connection go, shared by all processes; the first call creates it.

    `era` grows when a pause begins or ends and when the connection is changed: the outcome of a call that
    began in an earlier era is ignored. During a pause one call, the `prober`, is let through to find out
    whether the platform works again; it has until `probe_until`. A pause without `try_at` has no end of its
    own: the platform refused the sign-in, and each further try could lock the account.
    """

    connection = models.OneToOneField(
        Connection, on_delete=models.CASCADE, primary_key=True, related_name="condition"
    )
    era = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)  # in a row
    failed_at = models.DateTimeField(null=True)
    failure = models.CharField(max_length=200, blank=True)
    paused_at = models.DateTimeField(null=True)
    pause_seconds = models.PositiveIntegerField(default=0)
    try_at = models.DateTimeField(null=True)
    refusal = models.CharField(max_length=8, blank=True, choices=Refusal)
    refusal_words = models.TextField(blank=True)  # the platform's own, without what it was sent
    prober = models.CharField(max_length=32, blank=True)
    probe_until = models.DateTimeField(null=True)
    wait_until = models.DateTimeField(null=True)  # the latest of `waits`
    # {family of calls: {"until": when, "guess": seconds}}; a guess stands where the platform named no time
    waits = models.JSONField(default=dict)
    next_turn_at = models.DateTimeField(null=True)  # of calls_per_minute

    objects = ConditionQuerySet.as_manager()

    def __str__(self):
        return f"condition of {self.connection_id}"

    @property
    def is_probed(self):
        """Whether a call is under way that finds out whether the platform works again."""
        return bool(self.probe_until and self.probe_until >= self.now)

    @property
    def may_be_tried(self):
        return self.try_at is not None and self.try_at <= self.now and not self.is_probed

    @property
    def state(self):
        """working, failing, waiting (for the platform) or paused."""
        if self.paused_at:
            return "paused"
        if self.is_waiting:
            return "waiting"
        return "failing" if self.failures else "working"

    @property
    def is_waiting(self):
        """Whether the platform asked for a wait that is not over."""
        return bool(self.wait_until and self.wait_until > self.now)

    def waits_until(self, family):
        """Until when calls of that family wait; None if they do not."""
        if not self.is_waiting or family not in self.waits:
            return None
        until = min(datetime.fromisoformat(self.waits[family]["until"]), self.wait_until)
        return until if until > self.now else None

    def guess(self, family):
        """Seconds of the last wait of that family for which the platform named no time; 0 without one."""
        return self.waits.get(family, {}).get("guess", 0)

    @property
    def waiting(self):
        """(family, until) of the calls that wait."""
        return [(family, until) for family in sorted(self.waits) if (until := self.waits_until(family))]


class Slot(models.Model):
    """One of the calls that may run at the same time; free when `held_until` has passed."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="slots")
    number = models.PositiveIntegerField()
    holder = models.CharField(max_length=32, blank=True)
    held_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "number"], name="one_slot_per_number")]

    def __str__(self):
        return f"slot {self.number} of {self.connection_id}"


CANARY_PLACE = "installation:canary"


class Installation(models.Model):
    """What this database belongs to. One row, made by `migrate` (installation.py)."""

    is_demo = models.BooleanField()
    canary = models.TextField()  # sealed: whoever cannot open it has other keys than the rest is sealed with

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="one_installation")]

    def __str__(self):
        return "demo" if self.is_demo else "production"

    def sealed_places(self):
        return {"canary": CANARY_PLACE}
