"""Forms of teams, members and invitations."""

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.teams import retention
from portal.teams.models import Role, Team, User
from portal.teams.places import EVERYWHERE, Places
from portal.web.printable import printable

PASSWORD_MAX = 256  # characters


class AddressForm(forms.Form):
    """The e-mail address of somebody who is to be invited."""

    email = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        max_length=254,
        validators=[printable],
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, use_required_attribute=False, **kwargs)


class PlacesForm(forms.Form):
    """Where a membership counts: in the whole team, or in chosen connections and spaces.

    `offers` are what can be chosen (offered.py), `widest` the Places of whoever chooses. The cleaned `places`
    are Places. A choice is the id of a connection, or of one and, after a colon, of a space in it.
    """

    scope = forms.ChoiceField(
        label=gettext_lazy("Where"),
        choices={
            "team": gettext_lazy("The whole team"),
            "places": gettext_lazy("Only these connections and spaces"),
        },
        initial="team",
        widget=forms.RadioSelect,
    )
    place = forms.MultipleChoiceField(required=False)

    def __init__(self, *args, offers=(), widest=EVERYWHERE, initial=None, places=EVERYWHERE, **kwargs):
        chosen = [_value(*pair) for pair in places.pairs or ()]
        opened = {} if places.is_everywhere else {"scope": "places", "place": chosen}
        super().__init__(*args, initial={**opened, **(initial or {})}, **kwargs)
        self.offers = offers
        if not widest.is_everywhere:
            self.fields["scope"].choices = [("places", _("Only these connections and spaces"))]
            self.fields["scope"].initial = "places"
        values = [_value(at, space) for at, space in self._pairs()]
        self.fields["place"].choices = [(value, value) for value in values]

    def _pairs(self):
        for offer in self.offers:
            if offer.is_whole:
                yield offer.connection, ""
            yield from ((offer.connection, id) for id, _name in offer.spaces)

    @property
    def place_fields(self):
        return [self["scope"]]

    @property
    def plain_fields(self):
        return [bound for bound in self if bound.name not in ("scope", "place")]

    @property
    def rows(self):
        """[(Offer, value or "", whether it is chosen, [(value, name, whether it is chosen)])]"""
        chosen = set(map(str, self["place"].value() or ()))
        rows = []
        for offer in self.offers:
            whole = _value(offer.connection, "") if offer.is_whole else ""
            spaces = [(_value(offer.connection, id), name) for id, name in offer.spaces]
            spaces = [(value, name, value in chosen) for value, name in spaces]
            rows.append((offer, whole, whole in chosen, spaces))
        return rows

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("scope") == "places" and "place" not in self.errors:
            chosen = cleaned["place"]
            if not chosen:
                self.add_error("place", _("Choose at least one connection or space."))
            pairs = [value.partition(":")[::2] for value in chosen]
            cleaned["places"] = Places.of([{"connection": at, "space": space} for at, space in pairs])
        else:
            cleaned["places"] = EVERYWHERE
        return cleaned


def _value(connection, space):
    return f"{connection}:{space}" if space else connection


class InvitationForm(PlacesForm, AddressForm):
    """Offers the roles that the person may give. Which of them counts is for the service to say."""

    field_order = ("email", "role")

    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=Role.choices, initial=Role.VIEWER)

    def __init__(self, *args, roles=tuple(Role), **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["role"].widget.choices = [(role.value, role.label) for role in roles]


class AcceptForm(forms.Form):
    """The name and the password that somebody chooses for their new account."""

    name = forms.CharField(
        label=gettext_lazy("Your name"),
        max_length=100,
        validators=[printable],
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    password = forms.CharField(
        label=gettext_lazy("Choose a password"),
        strip=False,
        max_length=PASSWORD_MAX,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy("At least 12 characters, and hard to guess."),
    )

    def __init__(self, *args, email, **kwargs):
        super().__init__(*args, use_required_attribute=False, **kwargs)
        self.email = email

    def clean(self):
        super().clean()
        if password := self.cleaned_data.get("password"):
            try:
                validate_password(password, User(email=self.email, name=self.cleaned_data.get("name", "")))
            except ValidationError as error:
                self.add_error("password", error)


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


class TeamForm(AddressForm):
    name = forms.CharField(label=gettext_lazy("Team name"), max_length=100, validators=[printable])

    field_order = ("name", "email")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("E-mail address of the first owner")
        self.fields["email"].help_text = _("They get an invitation by mail.")

    def clean_name(self):
        name = self.cleaned_data["name"]
        if Team.objects.filter(name=name).exists():
            raise ValidationError(_("A team with this name already exists. Choose another name."))
        return name
