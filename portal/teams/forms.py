"""Forms of teams and members."""

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.teams import retention
from portal.teams.models import Role, Team, User
from portal.web.printable import printable


class PersonForm(forms.Form):
    """A person by e-mail address; with a name and an initial password for somebody who has no account yet.

    `person` is the existing User or None. The password of an existing account is never changed.
    """

    email = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        max_length=254,
        validators=[printable],
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    person_name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=100,
        required=False,
        validators=[printable],
        help_text=gettext_lazy("Only for a person without an account."),
    )
    password = forms.CharField(
        label=gettext_lazy("Initial password"),
        required=False,
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy(
            "Only for a person without an account. Give it to them yourself; it is not shown again."
        ),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, use_required_attribute=False, **kwargs)

    def clean(self):
        super().clean()
        if "email" not in self.cleaned_data:
            return
        email, password = self.cleaned_data["email"], self.cleaned_data.get("password")
        self.person = User.objects.filter(email__iexact=email).first()
        if self.person and password:
            self.add_error(
                "password",
                _("This person already has an account. Leave the password empty to keep theirs."),
            )
        elif not self.person and not self.errors:
            self._check_new_person(email, password)

    def _check_new_person(self, email, password):
        name = self.cleaned_data["person_name"]
        if not name:
            self.add_error(
                "person_name", _("No account has this e-mail address yet. Enter a name to create one.")
            )
        if not password:
            self.add_error(
                "password",
                _("No account has this e-mail address yet. Enter an initial password to create one."),
            )
            return
        try:
            validate_password(password, User(email=email, name=name))
        except ValidationError as error:
            self.add_error("password", error)

    @property
    def account(self):
        """What the service takes: the person, or the values of a new one."""
        if self.person:
            return self.person
        return {
            name: self.cleaned_data[key]
            for name, key in (("email", "email"), ("name", "person_name"), ("password", "password"))
        }


class MemberForm(PersonForm):
    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=Role.choices, initial=Role.VIEWER)

    field_order = ("email", "role")


class RetentionForm(forms.Form):
    """`days` is None where bodies are to be kept."""

    days = forms.IntegerField(
        label=gettext_lazy("Drop requests and answers after (days)"),
        required=False,
        min_value=retention.LEAST,
        max_value=retention.MOST,
        help_text=gettext_lazy(
            "From 30 to 3650. Leave it empty to keep them. What is dropped does not come back."
        ),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, use_required_attribute=False, **kwargs)


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=Role.choices)


class TeamForm(PersonForm):
    name = forms.CharField(label=gettext_lazy("Team name"), max_length=100, validators=[printable])

    field_order = ("name", "email")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("E-mail address of the first owner")
        self.fields["person_name"].label = _("Name of the first owner")

    def clean_name(self):
        name = self.cleaned_data["name"]
        if Team.objects.filter(name=name).exists():
            raise ValidationError(_("A team with this name already exists. Choose another name."))
        return name
