"""The forms of a token: what a new one may do, and what one shall still do."""

import uuid

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.teams import access, offered
from portal.teams.forms import PlacesForm
from portal.teams.models import ApiToken
from portal.teams.places import Places
from portal.teams.tokens import addresses, rights
from portal.teams.tokens.service import LONGEST
from portal.web.printable import printable

DAYS = 90  # that a new token works for, unless somebody says so
ADDRESSES_MAX = 2000  # characters
MANY = ("changing", "dangerous", "place")  # fields with several values


def _choices(label):
    return forms.MultipleChoiceField(label=label, required=False, widget=forms.CheckboxSelectMultiple)


class Limited(PlacesForm):
    """`most` are the rights that can be chosen, `widest` the Places."""

    changing = _choices(gettext_lazy("Changes that can be undone"))
    dangerous = _choices(gettext_lazy("Changes that reach running devices or cannot be undone"))
    days = forms.IntegerField(min_value=1, max_value=LONGEST.days)
    addresses = forms.CharField(
        label=gettext_lazy("Only from these addresses"),
        required=False,
        max_length=ADDRESSES_MAX,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "autocapitalize": "off"}),
        help_text=gettext_lazy("Addresses or ranges such as 192.0.2.0/24, one per line. Empty: from any."),
    )

    def __init__(self, *args, team, most, widest, **kwargs):
        offers = offered.offers(team.pk, widest)
        super().__init__(*args, offers=offers, widest=widest, use_required_attribute=False, **kwargs)
        for name, words in {"changing": rights.CHANGING, "dangerous": rights.DANGEROUS}.items():
            self.fields[name].choices = [each for each in words.items() if each[0] in most]
            if not self.fields[name].choices:
                del self.fields[name]

    def clean_addresses(self):
        return addresses.ranges(self.cleaned_data["addresses"])

    @property
    def values(self):
        """The arguments that both services take."""
        chosen = (self.cleaned_data.get(name, ()) for name in ("changing", "dangerous"))
        told = {name: self.cleaned_data[name] for name in ("places", "addresses", "days")}
        return {"rights": set().union(*chosen), **told}


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

    field_order = ("id", "name", "changing", "dangerous", "days", "addresses")

    def __init__(self, *args, person, team, **kwargs):
        widest = access.places_in(person, team)
        super().__init__(*args, team=team, most=rights.of(person, team), widest=widest, **kwargs)
        self.fields["days"].label, self.fields["days"].initial = _("Works for (days)"), DAYS
        self.fields["days"].help_text = _("At most %(most)s.") % {"most": LONGEST.days}


class NarrowForm(Limited):
    """Shows what the token has; what is more than that cannot be chosen."""

    def __init__(self, *args, token, initial=None, **kwargs):
        places = Places.of(token.places)
        has = {
            "changing": [right for right in rights.CHANGING if right in token.rights],
            "dangerous": [right for right in rights.DANGEROUS if right in token.rights],
            "addresses": "\n".join(token.addresses),
            **(initial or {}),
        }
        about = {"team": token.team, "most": token.rights, "widest": places, "places": places}
        super().__init__(*args, initial=has, **about, **kwargs)
        self.fields["days"].label, self.fields["days"].required = _("Works for another (days)"), False
        self.fields["days"].help_text = _("Leave it empty to keep the end as it is.")


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
