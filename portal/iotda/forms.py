"""Forms of IoTDA's verbs, and the editor of a policy's statements."""

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.platforms.iotda import contract
from portal.resources.changing import UpdateForm
from portal.resources.editing import Editor, JsonField, row_count
from portal.resources.forms import Picker, PlatformForm

SPACE_LABEL = _("Resource space")


def spaces(client, form, text):
    listing = client.spaces.list()
    return [(item["id"], f"{item['name']} ({item['id']})") for item in listing.items]


def device_groups(client, form, text):
    """Groups of the chosen space whose name holds the text; the platform itself searches."""
    filters = {"app_id": form.value_of("app_id") or ""} | ({"search": text} if text else {})
    listing = client.device_groups.list(limit=50, **{name: value for name, value in filters.items() if value})
    return [(item["id"], f"{item['name']} ({item['id']})") for item in listing.items]


def space_picker():
    return Picker(
        label=SPACE_LABEL,
        options=spaces,
        searchable=False,
        empty=_("Default resource space"),
        required=False,
        rereads=True,
    )


class DeviceGroupForm(PlatformForm):
    contract = contract.GROUP

    app_id = space_picker()
    name = forms.CharField(label=_("Name"))
    description = forms.CharField(label=_("Description"), required=False)
    super_group_id = Picker(
        label=_("Parent group"), options=device_groups, empty=_("None: top level"), required=False
    )


class DeviceGroupUpdateForm(UpdateForm, DeviceGroupForm):
    contract = contract.GROUP_UPDATE

    app_id = None
    super_group_id = None


class SoftBusForm(PlatformForm):
    """The platform lets every field be absent; a name is asked for so that a lost create can be looked up."""

    contract = contract.SOFT_BUS

    app_id = space_picker()
    bus_name = forms.CharField(label=_("Name"))
    group_id = Picker(label=_("Device group"), options=device_groups, empty=_("None yet"), required=False)


class StatementEditor(Editor):
    """Statements as blocks: effect, two actions, resources one a line."""

    template = "iotda/_statement_editor.html"
    blank = {"effect": "ALLOW", "actions": [], "resources": []}
    effects = contract.EFFECTS
    actions = contract.ACTIONS
    variables = contract.VARIABLES

    def rows(self, value):
        return [self._row(item) for item in self._statements(value)] or [dict(self.blank)]

    def _statements(self, value):
        statements = contract.split_actions(value) if isinstance(value, list) else []
        return [item for item in statements if isinstance(item, dict)]

    def _row(self, item):
        texts = {
            name: item.get(name) if isinstance(item.get(name), list) else []
            for name in ("actions", "resources")
        }
        return {
            "effect": item.get("effect"),
            **{name: [str(each) for each in value] for name, value in texts.items()},
        }

    def inputs(self, name, value):
        rows = self.rows(value)
        posted = {f"{name}-count": [str(len(rows))]}
        for number, row in enumerate(rows):
            posted[f"{name}-{number}-effect"] = [row["effect"] if row["effect"] in self.effects else "ALLOW"]
            posted[f"{name}-{number}-actions"] = [each for each in self.actions if each in row["actions"]]
            posted[f"{name}-{number}-resources"] = ["\n".join(row["resources"])]
        return posted

    def compose(self, name, data, was):
        """Members that the editor does not know stay as they were."""
        before, statements = self._statements(was), []
        for number in range(row_count(name, data, 100)):
            resources = data.get(f"{name}-{number}-resources", "").splitlines()
            statements.append(
                {
                    "effect": data.get(f"{name}-{number}-effect", "ALLOW"),
                    "actions": [
                        each for each in self.actions if each in data.getlist(f"{name}-{number}-actions")
                    ],
                    "resources": [line.strip() for line in resources if line.strip()],
                    **(_without(before[number], self.blank) if number < len(before) else {}),
                }
            )
        return statements

    def apply(self, value, action, argument):
        statements = self._statements(value) or [dict(self.blank)]
        if action == "add":
            return [*statements, dict(self.blank)]
        if action == "remove":
            left = [item for number, item in enumerate(statements) if str(number) != argument]
            return left or [dict(self.blank)]
        return value


def _without(item, names):
    return {name: value for name, value in item.items() if name not in names}


class PolicyForm(PlatformForm):
    contract = contract.POLICY

    app_id = space_picker()
    policy_name = forms.CharField(label=_("Name"))
    statement = JsonField(label=_("Statements"), editor=StatementEditor())

    def clean_statement(self):
        return contract.split_actions(self.cleaned_data["statement"])


class PolicyUpdateForm(UpdateForm, PolicyForm):
    contract = contract.POLICY_UPDATE

    app_id = None
