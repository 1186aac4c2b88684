"""Forms of teams and members."""

import re

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.teams.models import Role, Team, User

UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def printable(value):
    if UNPRINTABLE.search(value):
        raise ValidationError(_("This contains a character that cannot be used here."))


class PersonForm(forms.Form):
    """Somebody by e-mail address; a name and an initial password make the account where there is none.

    `person` is the existing User or None. The password of an existing account is never touched.
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
        help_text=gettext_lazy("Only for somebody who has no account yet."),
    )
    password = forms.CharField(
        label=gettext_lazy("Initial password"),
        required=False,
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy(
            "Only for somebody who has no account yet. Hand it over yourself; it is not shown again."
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
                _("This person has an account already. Leave the password empty; theirs stays as it is."),
            )
        elif not self.person and not self.errors:
            self._check_new_person(email, password)

    def _check_new_person(self, email, password):
        if not self.cleaned_data["person_name"]:
            self.add_error(
                "person_name", _("Nobody has this e-mail address yet. Enter a name to make the account.")
            )
        if not password:
            self.add_error(
                "password",
                _("Nobody has this e-mail address yet. Enter an initial password to make the account."),
            )
            return
        try:
            validate_password(password, User(email=email, name=self.cleaned_data["person_name"]))
        except ValidationError as error:
            self.add_error("password", error)

    @property
    def account(self):
        """What the service takes: the person, or what a new one is made of."""
        if self.person:
            return self.person
        return {
            name: self.cleaned_data[key]
            for name, key in (("email", "email"), ("name", "person_name"), ("password", "password"))
        }


class MemberForm(PersonForm):
    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=Role.choices, initial=Role.VIEWER)

    field_order = ("email", "role")


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=Role.choices)


class TeamForm(PersonForm):
    name = forms.CharField(label=gettext_lazy("Name of the team"), max_length=100, validators=[printable])

    field_order = ("name", "email")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("E-mail address of the first owner")
        self.fields["person_name"].label = _("Name of the first owner")

    def clean_name(self):
        name = self.cleaned_data["name"]
        if Team.objects.filter(name=name).exists():
            raise ValidationError(_("There is a team of this name already. Choose another name."))
        return name
