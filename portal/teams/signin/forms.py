"""What people say about themselves."""

from functools import lru_cache
from zoneinfo import available_timezones

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.web.printable import printable


@lru_cache
def time_zones():
    """Names of the zones that this machine knows: places, and UTC."""
    return ["UTC", *sorted(name for name in available_timezones() if "/" in name and "Etc/" not in name)]


def _choices():
    return [("", _("The portal's: UTC")), *((name, name.replace("_", " ")) for name in time_zones())]


class ProfileForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=100, required=False, validators=[printable])
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=_choices,
        required=False,
        help_text=_("Times on pages, and dates that you type in the audit log, are in this zone."),
    )

    def __init__(self, *args, **options):
        super().__init__(*args, use_required_attribute=False, **options)
