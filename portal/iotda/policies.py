"""Device policies of IoTDA: forms and kind."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from portal.iotda import models
from portal.iotda.spaces import CREATED, SPACE, space_picker
from portal.iotda.statements import StatementEditor
from portal.kinds import verbs
from portal.kinds.columns import ID, NAME
from portal.kinds.comparing import is_same
from portal.kinds.evidence import Name
from portal.kinds.registry import Kind, register
from portal.platforms.contract import Problem
from portal.platforms.iotda.contract import policies as contract
from portal.resources.changing import DeleteForm, UpdateForm
from portal.resources.editing import JsonField
from portal.resources.fields import TextField
from portal.resources.forms import PlatformForm


class StatementForm(PlatformForm):
    """The fields that the create form and the edit form share."""

    policy_name = TextField(label=_("Name"))
    statement = JsonField(label=_("Statements"), editor=StatementEditor())

    def clean_statement(self):
        """Splits actions that were typed in one string. What the platform shows so stays so."""
        value, opened = self.cleaned_data["statement"], self.fields["statement"].opened
        if value is opened or not isinstance(value, list):
            return value
        old = [item for item in opened if isinstance(item, dict)] if isinstance(opened, list) else []
        lists = [item["actions"] for item in old if isinstance(item.get("actions"), list)]
        kept = [action for actions in lists for action in actions]
        for number, item in enumerate(value):
            if _keeps_odd_effect(item, old):
                text = gettext_noop("must be ALLOW or DENY, because the statement was changed")
                self.add_problem("statement", Problem(f"statement[{number}].effect", "choice", text))
        return contract.split_actions(value, kept)


def _keeps_odd_effect(item, old):
    """Whether a changed statement has an effect that no rule allows and that an opened one has, too.

    It would be kept as an old value. But nobody knows what such a statement does, so it has to be chosen.
    """
    if not isinstance(item, dict) or item.get("effect") in contract.EFFECTS:
        return False
    if any(is_same(item, each) for each in old):
        return False
    return any(is_same(item.get("effect"), each.get("effect")) for each in old)


class CreateForm(StatementForm):
    contract = contract.CREATE
    field_order = ("app_id",)

    app_id = space_picker()


class EditForm(UpdateForm, StatementForm):
    contract = contract.UPDATE


KIND = register(
    Kind(
        slug="iotda/policies",
        platform="iotda",
        label=_("Device policy"),
        plural=_("Device policies"),
        icon="shield-check",
        model=models.Policy,
        collection="policies",
        columns=(NAME, ID, SPACE, CREATED),
        filters=("app_id",),
        about=_(
            "A policy has no effect until it is bound to a device or product. Up to 50 policies per instance."
        ),
        verbs=(
            verbs.create(
                form=CreateForm,
                label=_("Create device policy"),
                done=_("Device policy %(name)s was created. It has no effect until it is bound."),
                # Names need not be unique, so a human decides about every object that is found. If no space
                # was sent, the platform searches all of them, so the default one need not be read first.
                evidence=Name(field="policy_name", scope=("app_id",), unique=False),
                name="policy_name",
            ),
            verbs.update(
                form=EditForm,
                done=_("Device policy %(name)s was changed."),
                fields=("policy_name", "statement"),
                about=_("A change applies to everything that the policy is bound to."),
            ),
            verbs.delete(
                form=DeleteForm,
                label=_("Delete device policy"),
                done=_("Device policy %(name)s was deleted."),
                about=_("Everything that the policy is bound to loses it at once."),
            ),
        ),
    )
)
