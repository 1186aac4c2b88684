"""Forms of ROMA Connect's verbs."""

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from portal.platforms.roma import contract
from portal.resources.changing import UpdateForm
from portal.resources.forms import Picker, PlatformForm

INDENT = "\u2003"


def apps(client, form, text):
    return [(item["id"], f"{item['name']} ({item['id']})") for item in client.apps.list().items]


def parents(client, form, text):
    """The group tree of the chosen application, indented; the platform does not search it."""
    top = [("0", _now("0: top level"))]
    app_id = form.value_of("app_id") or form.initial.get("app_id")
    if not app_id:
        return top
    groups = client.device_groups.list(app_id=app_id).items
    wanted = text.casefold()
    found = [
        (item["id"], f"{INDENT * item.get('depth', 0)}{item['name']} ({item['id']})")
        for item in groups
        if wanted in item["name"].casefold() or wanted in item["id"]
    ]
    return found if text else top + found


class GroupFields(PlatformForm):
    """What can be said of a group again later."""

    name = forms.CharField(label=_("Name"))
    description = forms.CharField(
        label=_("Description"), required=False, widget=forms.Textarea(attrs={"rows": 2})
    )


class DeviceGroupUpdateForm(UpdateForm, GroupFields):
    contract = contract.GROUP_UPDATE


class DeviceGroupForm(GroupFields):
    contract = contract.GROUP
    field_order = ("app_id", "parent_id", "name", "description")

    app_id = Picker(label=_("Application"), options=apps, searchable=False, rereads=True)
    parent_id = Picker(label=_("Parent group"), options=parents)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        # The parents depend on the application: without one chosen, those of the first are shown.
        choices = getattr(self.fields["app_id"].widget, "choices", None)
        if not self.value_of("app_id") and choices:
            self.initial["app_id"] = list(choices)[0][0]
            self.fields["parent_id"].load(self, "parent_id")

    def clean_parent_id(self):
        text = self.cleaned_data["parent_id"]
        number = contract.whole_number(text)
        if number is None:
            raise forms.ValidationError(_("Enter a whole number from 0 to 99999999999999999."), code="type")
        return str(number)

    def wire_value(self, name, value):
        return int(value) if name == "parent_id" else value
