"""People, teams, and who has which role in which team. What a role may do is in access.py."""

import uuid

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models, transaction
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from portal.mail.models import Mail
from portal.teams.addresses import same_address


class UserManager(BaseUserManager):
    def create_user(self, email, password=None, **fields):
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save()
        return user

    def create_superuser(self, email, password=None, **fields):
        return self.create_user(email, password, is_portal_admin=True, **fields)

    def get_by_natural_key(self, email):
        return self.get(email__iexact=email)

    def of_address(self, email):
        """The account with this mailbox, or None; a database finds those of other people, too."""
        return next(
            (each for each in self.filter(email__iexact=email) if same_address(each.email, email)), None
        )


class User(AbstractBaseUser):
    """A person, known by e-mail address.

    A portal administrator creates teams, and sees the content of a team only as its member. A portal auditor
    reads the record of every team, and nothing else. `must_reset`: somebody else had set the password, so it
    does not count any more; the person chooses one by mail.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(_("e-mail address"), unique=True)
    name = models.CharField(_("name"), max_length=100, blank=True)
    is_active = models.BooleanField(_("may sign in"), default=True)
    is_portal_admin = models.BooleanField(_("portal administrator"), default=False)
    is_portal_auditor = models.BooleanField(_("portal auditor"), default=False)
    must_reset = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)  # of zoneinfo; "" is the portal's
    # Sessions of an earlier round are over (signin/sessions.py).
    session_round = models.PositiveIntegerField(default=0, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = []

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_unique_any_case")]

    def __str__(self):
        return self.name or self.email

    def set_password(self, raw_password):
        super().set_password(raw_password)
        if raw_password is not None:
            self.must_reset = False

    def save(self, *args, **options):
        """In one transaction with the entry in the record (account_events.py)."""
        with transaction.atomic():
            super().save(*args, **options)

    def _get_session_auth_hash(self, secret=None):
        """What a session has to show to be this person's: the password and the round that it began in."""
        if not self.session_round:
            return super()._get_session_auth_hash(secret)
        salt, value = "portal.teams.models.User", f"{self.password}:{self.session_round}"
        return salted_hmac(salt, value, secret=secret, algorithm="sha256").hexdigest()


class Role(models.TextChoices):
    VIEWER = "viewer", _("Viewer")
    AUDITOR = "auditor", _("Auditor")
    OPERATOR = "operator", _("Operator")
    MANAGER = "manager", _("Manager")
    OWNER = "owner", _("Owner")


class Team(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=100, unique=True)
    members = models.ManyToManyField(User, through="Membership", related_name="teams")
    created_at = models.DateTimeField(auto_now_add=True)
    # Days after which the bodies of its entries in the record are dropped (retention.py); None keeps them.
    record_days = models.PositiveSmallIntegerField(null=True)
    # Members need a second factor, whatever their role (signin/demanded.py).
    mfa_required = models.BooleanField(default=False)

    team_path = "id"

    class Meta:
        ordering = ["name"]

    def __str__(self):
        return self.name


class MembershipQuerySet(models.QuerySet):
    def owning(self):
        """Of owners who can act for the whole team: their account is on, their membership is not narrowed."""
        return self.filter(role=Role.OWNER, places__isnull=True, user__is_active=True)


class Membership(models.Model):
    """A person's role in a team. `places` is where it counts (places.py): None is the whole team."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=10, choices=Role)
    places = models.JSONField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    # Why a portal auditor may change things here all the same (exceptions.py); "" if they may not.
    auditor_exception = models.CharField(max_length=200, blank=True, default="")

    team_path = "team_id"

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "user"], name="one_membership_per_team"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="known_role"),
        ]

    def __str__(self):
        return f"{self.user}: {self.role} in {self.team}"

    @property
    def is_owning(self):
        return self.role == Role.OWNER and self.places is None


class Invitation(models.Model):
    """An open invitation (invitations.py). Accepted or revoked, it is deleted; the record has its history.

    Of its token only the SHA-256 is kept. `mail` tells what became of the mail that brought it. `places` is
    where the membership will count.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField(_("e-mail address"))
    role = models.CharField(_("role"), max_length=10, choices=Role)
    places = models.JSONField(null=True)
    token_digest = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="invitations")
    invited_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    mail = models.ForeignKey(Mail, on_delete=models.SET_NULL, null=True, related_name="+")

    team_path = "team_id"

    class Meta:
        ordering = ["email"]
        constraints = [
            models.UniqueConstraint("team", Lower("email"), name="one_invitation_per_team_and_address"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="known_invited_role"),
        ]

    def __str__(self):
        return f"{self.email}: {self.role} in {self.team}"

    @property
    def is_over(self):
        return self.expires_at <= timezone.now()


class ApiToken(models.Model):
    """A program's way into the API, for one person in one team (tokens/).

    It can do what stands in `rights` and `places` (places.py) as long as its person can. `membership` is the
    one that it was made under: a person who comes back has none of their old tokens. `addresses` are the
    ranges that it may be used from, none for any. `by_sso` says that its person came by single sign-on. Of
    its text only the SHA-256 is kept. An ended token stays: operations name it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="tokens")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    membership = models.ForeignKey(Membership, on_delete=models.SET_NULL, null=True, related_name="tokens")
    name = models.CharField(_("name"), max_length=100)
    digest = models.CharField(max_length=64)
    rights = models.JSONField()
    places = models.JSONField(null=True)
    addresses = models.JSONField(default=list)
    by_sso = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)  # to the minute (tokens/calls.py)
    last_address = models.CharField(max_length=45, blank=True)

    team_path = "team_id"

    class Meta:
        ordering = ["-created_at"]

    def __str__(self):
        return self.name

    @property
    def is_over(self):
        """Whether it ended for good, by its date or by somebody."""
        return self.revoked_at is not None or self.membership_id is None or self.expires_at <= timezone.now()


class Calls(models.Model):
    """How often a token, or a team by its tokens, called since `began` (seconds of the database's clock)."""

    key = models.CharField(max_length=50, primary_key=True)
    began = models.FloatField()
    times = models.PositiveIntegerField()

    class Meta:
        verbose_name_plural = "calls"

    def __str__(self):
        return f"{self.key}: {self.times}"


class AccessReview(models.Model):
    """The last time that an owner confirmed who has access (review.py); the record has all of them."""

    team = models.OneToOneField(Team, on_delete=models.CASCADE, related_name="access_review")
    at = models.DateTimeField()
    by = models.EmailField(max_length=254)
    members = models.JSONField()  # what was confirmed, as review.snapshot has it
    digest = models.CharField(max_length=64)

    team_path = "team_id"

    def __str__(self):
        return f"{self.team}, reviewed by {self.by}"


class Repeated(models.Model):
    """How often one person did the same within a period that began at `began_at` (folding.py).

    `line` is the JSON of what its entry in the record will say; `first_at` and `last_at` are the times of
    those that have no entry of their own.
    """

    fold = models.CharField(max_length=10)  # the name of its folding.Fold
    same = models.CharField(max_length=64, unique=True)  # digest of what makes them the same
    actor_id = models.CharField(max_length=36, db_index=True)
    line = models.TextField()
    began_at = models.DateTimeField(db_index=True)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    times = models.PositiveIntegerField()

    def __str__(self):
        return f"{self.fold}: {self.times} of {self.actor_id} since {self.began_at}"


class Guesses(models.Model):
    """How often passwords or codes of one account, or from one address, were tried (signin/limits.py).

    `key` is a digest of what is counted. `failed` is what the person is told when they sign in next.
    """

    key = models.CharField(max_length=64, primary_key=True)
    times = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField(db_index=True)
    free_at = models.DateTimeField()  # when the next try may be made
    failed = models.PositiveIntegerField(default=0)
    failed_since = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)

    def __str__(self):
        return f"{self.key[:8]}: {self.times} until {self.last_at}"
