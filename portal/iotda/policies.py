"""Device policies of IoTDA: forms and kind."""

from dataclasses import replace

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from portal.iotda import models
from portal.iotda.reached import reached
from portal.iotda.sentences import told_statements
from portal.iotda.spaces import CREATED, SPACE, space_picker
from portal.iotda.statements import StatementEditor, denies
from portal.kinds import verbs
from portal.kinds.columns import ID, NAME
from portal.kinds.comparing import is_same
from portal.kinds.effects import Members, inside
from portal.kinds.evidence import Name
from portal.kinds.parts import Check, Related, Takes
from portal.kinds.permissions import naming
from portal.kinds.registry import Kind, Verb, register
from portal.operations.change import Then
from portal.outside import folded
from portal.platforms.contract import Problem
from portal.platforms.iotda.contract import policies as contract
from portal.resources.changing import DeleteForm, UpdateForm
from portal.resources.editing import JsonField
from portal.resources.fields import IdsField, Picker, TextField
from portal.resources.forms import PlatformForm
from portal.words import Sentence

BOUND = Sentence("policy.bound", gettext_noop("It is bound to %(count)s devices, products or spaces."))
BOUND_SOMEHOW = Sentence(
    "policy.bound_somehow",
    gettext_noop("It is bound to devices, products or spaces. The platform does not say to how many."),
)
MAYBE_BOUND = Sentence(
    "policy.maybe_bound", gettext_noop("The platform does not say clearly whether it is bound to anything.")
)
READ_TARGETS = "iotda:devicepolicy:queryTargets"
TARGETS_COUNTED = 50  # those whose devices a form counts: one page of what it is bound to
TARGETS_READ = 1000  # what a policy is bound to, as far as one look reads


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


class EditForm(UpdateForm, StatementForm):
    contract = contract.UPDATE


TYPES = (("device", _("Devices")), ("product", _("Products")), ("app", _("Resource space")))
COLLECTIONS = {"device": "devices", "product": "products", "app": "spaces"}


def _target_types(client, form, text):
    """Calls no platform."""
    return TYPES


def _target_options(client, form, text):
    """What the policy can be bound to: a policy reaches no further than its resource space."""
    return _in_space(client, form.value_of("target_type"), form.target.app_id, text)


def _in_space(client, kind, space, text):
    kind = kind or "device"
    if kind not in COLLECTIONS:
        return []
    if kind == "app":
        return [(item["id"], f"{item['name']} ({item['id']})") for item in _spaces(client, space)]
    filters = {"app_id": space} if space else {}
    listing = getattr(client, COLLECTIONS[kind]).list(
        limit=50, calls=1, **filters, **({"search": text} if text else {})
    )
    return [(item["id"], f"{item['name']} ({item['id']})") for item in listing.items]


def _spaces(client, space):
    return [item for item in client.spaces.list().items if item["id"] == space or not space]


def _bound_options(client, form, text):
    """What the policy is bound to."""
    kind, wanted = form.value_of("target_type") or "device", folded(text)
    with naming(READ_TARGETS):
        listing = client.policies.targets(form.target.remote_id, target_type=kind, limit=TARGETS_READ)
    return [(item["target_id"],) * 2 for item in listing.items if wanted in folded(item["target_id"])]


def _future_options(client, form, text):
    """The same for a policy that is yet to be created."""
    kind, space = form.value_of("then_target_type"), form.value_of("app_id")
    return _in_space(client, kind, space, text) if kind else []


THEN_BIND = tuple(
    replace(rule, name=f"then_{rule.name}", required=False, min_items=None) for rule in contract.BIND
)


class CreateForm(StatementForm):
    """The policy can be bound as soon as it is created."""

    contract = contract.CREATE
    together = THEN_BIND
    field_order = ("app_id",)

    app_id = space_picker()
    then_target_type = Picker(
        label=_("Then bind it to"),
        options=_target_types,
        searchable=False,
        rereads=True,
        empty=_("Nothing yet"),
        required=False,
    )
    then_target_ids = IdsField(
        label=_("Ids to bind it to, one in each line"), options=_future_options, required=False
    )

    def clean(self):
        cleaned = super().clean()
        kind, ids = cleaned.get("then_target_type"), cleaned.get("then_target_ids")
        if bool(kind) != bool(ids) and not {"then_target_type", "then_target_ids"} & set(self.errors):
            missing = "then_target_ids" if kind else "then_target_type"
            self.add_error(missing, ValidationError(_now("Choose both or neither."), code="both"))
        return cleaned

    @property
    def then(self):
        if ids := self.cleaned_data["then_target_ids"]:
            data = {"target_type": self.cleaned_data["then_target_type"], "target_ids": ids}
            yield Then(self.kind, self.kind.verb("bind"), data=data)


def _takes(kind, target_type, **more):
    """What the list of that kind offers: to bind the selected ones to one policy."""
    return Takes(
        kind=f"iotda/{kind}",
        label=_("Bind policy…"),
        id_in="target_ids",
        most=contract.TARGETS_MAX,
        more={"target_type": target_type},
        reaches=lambda client, ids, space: reached(client, [(target_type, id) for id in ids], space=space),
        **more,
    )


def _reached_by_ids(client, form, ids):
    kind = form.value_of("target_type") or "device"
    return reached(client, [(kind, id) for id in ids], space=form.target.app_id)


def _reached_now(bound):
    """What a change of the policy reaches at once."""
    listing = bound.collection.targets(bound.remote_id, limit=TARGETS_COUNTED)
    targets = [(item["target_type"], item["target_id"]) for item in listing.items]
    space = bound.get().get("app_id") or ""
    return reached(bound.collection.client, targets, space=space, is_whole=listing.complete)


class BindForm(PlatformForm):
    contract = contract.BIND

    target_type = Picker(
        label=_("Bind to"), options=_target_types, searchable=False, rereads=True, chooses_first=True
    )
    target_ids = IdsField(label=_("Ids, one in each line"), options=_target_options, reaches=_reached_by_ids)


class UnbindForm(PlatformForm):
    contract = contract.UNBIND

    target_type = Picker(
        label=_("Unbind from"), options=_target_types, searchable=False, rereads=True, chooses_first=True
    )
    target_ids = IdsField(label=_("Ids, one in each line"), options=_bound_options, reaches=_reached_by_ids)


def _targets(bound, **options):
    with naming(READ_TARGETS):
        return bound.collection.targets(bound.remote_id, **options)


def _check(bound):
    """What is bound obeys a changed policy at once, so who edits it needs more than the right to edit."""
    listing = inside(bound, lambda: _targets(bound, limit=1))
    if listing.complete and not listing.items:
        return Check()
    if not listing.items:
        return Check(MAYBE_BOUND(), "edit_bound_policy")
    is_counted = listing.complete or (listing.total or 0) > len(listing.items)
    return Check(BOUND(count=listing.total) if is_counted else BOUND_SOMEHOW(), "edit_bound_policy")


def _members(bound, data):
    listing = _targets(bound, target_type=data["target_type"], limit=TARGETS_READ)
    found = {item["target_id"] for item in listing.items if item["target_type"] == data["target_type"]}
    return found, listing.complete


def _endings(bound, answer, data):
    return bound.collection.endings(bound.remote_id, answer, data)


KIND = register(
    Kind(
        slug="iotda/policies",
        platform="iotda",
        label=_("Device policy"),
        plural=_("Device policies"),
        icon="shield-check",
        model=models.Policy,
        quota=contract.PER_INSTANCE_MAX,
        denies=denies,
        collection="policies",
        columns=(NAME, ID, SPACE, CREATED),
        filters=("app_id",),
        permissions={"list": "iotda:devicepolicy:queryList", "get": "iotda:devicepolicy:query"},
        refers={"app_id": "iotda/spaces"},
        space="app_id",
        shown={"statement": told_statements},
        related=(
            Related(
                name="targets",
                label=_("Bound to"),
                none=_("not bound"),
                read=lambda bound, limit: _targets(bound, limit=limit),
                kind=lambda item: f"iotda/{COLLECTIONS.get(item['target_type'], '')}",
                permission=READ_TARGETS,
                adds="bind",
                removes="unbind",
                chosen=lambda item: {"target_type": item["target_type"], "target_ids": item["remote_id"]},
            ),
        ),
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
                permission="iotda:devicepolicy:create",
            ),
            verbs.update(
                form=EditForm,
                done=_("Device policy %(name)s was changed."),
                fields=("policy_name", "statement"),
                about=_("A change applies to everything that the policy is bound to."),
                check=_check,
                permission="iotda:devicepolicy:update",
                reaches=_reached_now,
            ),
            Verb(
                name="bind",
                label=_("Bind"),
                done=_("%(name)s was bound."),
                right="bind",
                permission="iotda:devicepolicy:bind",
                icon="link",
                form=BindForm,
                call=lambda bound, data: bound.collection.bind_call(bound.remote_id, data),
                targets="target_ids",
                takes=(
                    _takes("devices", "device", shared=("app_id",)),
                    _takes("products", "product", shared=("app_id",)),
                    _takes("spaces", "app"),
                ),
                endings=_endings,
                evidence=Members(read=_members, field="target_ids"),
            ),
            Verb(
                name="unbind",
                label=_("Unbind"),
                done=_("%(name)s was unbound."),
                right="unbind",
                permission="iotda:devicepolicy:unbind",
                icon="unlink",
                form=UnbindForm,
                call=lambda bound, data: bound.collection.unbind_call(bound.remote_id, data),
                targets="target_ids",
                endings=_endings,
                evidence=Members(read=_members, field="target_ids", inside=False),
            ),
            verbs.delete(
                form=DeleteForm,
                label=_("Delete device policy"),
                done=_("Device policy %(name)s was deleted."),
                about=_("Everything that the policy is bound to loses it at once."),
                check=lambda bound: Check(_check(bound).said),
                permission="iotda:devicepolicy:delete",
                reaches=_reached_now,
            ),
        ),
    )
)
