"""The forms of a token: what a new one may do, and what one shall still do."""

import uuid

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.teams import access
from portal.teams.models import ApiToken
from portal.teams.places import EVERYWHERE, Places
from portal.teams.tokens import addresses, rights
from portal.teams.tokens.service import LONGEST
from portal.web.printable import printable

DAYS = 90  # that a new token works for, unless somebody says so
ADDRESSES_MAX = 2000  # characters
MANY = ("changing", "dangerous", "places")  # fields with several values


def _choices(label, help_text=""):
    ticks = forms.CheckboxSelectMultiple
    return forms.MultipleChoiceField(label=label, required=False, widget=ticks, help_text=help_text)


class Limited(forms.Form):
    """`most` are the rights, `within` the Places, and `connections` those to choose from."""

    changing = _choices(gettext_lazy("Changes that can be undone"))
    dangerous = _choices(gettext_lazy("Changes that reach running devices or cannot be undone"))
    places = _choices(
        gettext_lazy("Only in these connections"),
        gettext_lazy("Choose none for all that you can work in now."),
    )
    days = forms.IntegerField(min_value=1, max_value=LONGEST.days)
    addresses = forms.CharField(
        label=gettext_lazy("Only from these addresses"),
        required=False,
        max_length=ADDRESSES_MAX,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "autocapitalize": "off"}),
        help_text=gettext_lazy("Addresses or ranges such as 192.0.2.0/24, one per line. Empty: from any."),
    )

    def __init__(self, *args, most, within, connections, **kwargs):
        super().__init__(*args, use_required_attribute=False, **kwargs)
        self.within = within
        offered = {"changing": rights.CHANGING, "dangerous": rights.DANGEROUS}
        choices = {
            name: [each for each in words.items() if each[0] in most] for name, words in offered.items()
        }
        choices["places"] = [(str(each.pk), each.name) for each in connections if within.touches(each.pk)]
        for name in MANY:
            self.fields[name].choices = choices[name]
            if not choices[name]:
                del self.fields[name]

    def clean_addresses(self):
        return addresses.ranges(self.cleaned_data["addresses"])

    @property
    def values(self):
        """The arguments that both services take."""
        chosen = self.cleaned_data.get("places")
        pairs = frozenset((connection, "") for connection in chosen or ())
        return {
            "rights": {*self.cleaned_data.get("changing", ()), *self.cleaned_data.get("dangerous", ())},
            "places": (Places(pairs) if chosen else EVERYWHERE) & self.within,
            "addresses": self.cleaned_data["addresses"],
            "days": self.cleaned_data["days"],
        }


class NewTokenForm(Limited):
    # The id of the token: a form that is sent twice makes one.
    id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=100,
        validators=[printable],
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("What it is for. It stands in the audit log."),
    )

    field_order = ("id", "name", *MANY, "days", "addresses")

    def __init__(self, *args, person, team, **kwargs):
        super().__init__(
            *args,
            most=rights.of(person, team),
            within=access.places_in(person, team),
            connections=access.visible_to(person, team.connections.order_by("name")),
            **kwargs,
        )
        self.fields["days"].label, self.fields["days"].initial = _("Works for (days)"), DAYS
        self.fields["days"].help_text = _("At most %(most)s.") % {"most": LONGEST.days}


class NarrowForm(Limited):
    """Shows what the token has; what is more than that cannot be chosen."""

    def __init__(self, *args, token, **kwargs):
        within = Places.of(token.places)
        has = {
            "changing": [right for right in rights.CHANGING if right in token.rights],
            "dangerous": [right for right in rights.DANGEROUS if right in token.rights],
            "places": [] if within.is_everywhere else sorted(within.connections),
            "addresses": "\n".join(token.addresses),
        }
        kwargs["initial"] = has | (kwargs.get("initial") or {})
        connections = token.team.connections.order_by("name")
        super().__init__(*args, most=token.rights, within=within, connections=connections, **kwargs)
        self.fields["days"].label, self.fields["days"].required = _("Works for another (days)"), False
        self.fields["days"].help_text = _("Leave it empty to keep the end as it is.")
        if "places" in self.fields:
            self.fields["places"].help_text = _("Choose none for all that it has now.")


def add_errors(form, error):
    """Put what a service says at its field, or at another of the form if that is not shown."""
    for name, texts in getattr(error, "error_dict", {None: error}).items():
        form.add_error(name if name in form.fields else None, ValidationError(texts))


def kept_values(posted):
    """What was kept of a posted form, as initial values; {} for None."""
    if posted is None:
        return {}
    return {name: posted.getlist(name) if name in MANY else posted[name] for name in posted}


def token_of(person, id):
    """The person's own ApiToken with this id, or None."""
    return ApiToken.objects.select_related("team", "user").filter(user=person.pk, pk=id).first()
