"""Functions that make the verbs of most kinds: create, update and delete."""

from django.utils.translation import gettext_lazy as _

from portal.errors import Unclear
from portal.kinds.effects import Fields, Gone
from portal.kinds.registry import ANOTHER_OBJECT, Verb


def create(*, form, label, done, evidence, name, permission=""):
    """`name` is the field that holds the new object's name."""
    return Verb(
        name="create",
        label=label,
        done=done,
        right="create",
        permission=permission,
        icon="plus",
        on_object=False,
        form=form,
        call=lambda bound, data: bound.collection.create_call(data),
        finish=lambda bound, answer, data: bound.collection.created(answer, data),
        evidence=evidence,
        object_name=lambda data, target: data.get(name, ""),
    )


def update(*, form, done, fields, about="", check=None, reaches=None, permission=""):
    """`fields` are the fields that the form edits. The data has those that are sent; an empty one is None."""
    return Verb(
        name="update",
        label=_("Edit"),
        submit=_("Save changes"),
        about=about,
        done=done,
        right="update",
        permission=permission,
        icon="pencil",
        form=form,
        fields=fields,
        call=lambda bound, data: bound.collection.update_call(bound.remote_id, data),
        finish=_updated,
        evidence=Fields(fields),
        check=check,
        reaches=reaches,
        check_again=check is not None,
    )


def _updated(bound, answer, data):
    """The object in the answer. Raises Unclear if it is another object: that proves nothing about ours."""
    updated = bound.collection.updated(answer, data)
    if updated and not bound.is_it(updated, bound.remote_id, bound.scope):
        raise Unclear(ANOTHER_OBJECT(), **answer.details)
    return updated


def delete(*, form, label, done, about, check=None, reaches=None, permission=""):
    """`about` says what else the delete affects, and when the platform refuses."""
    return Verb(
        name="delete",
        label=_("Delete"),
        submit=label,
        about=about,
        done=done,
        right="delete",
        permission=permission,
        icon="trash",
        removes=True,
        form=form,
        call=lambda bound, data: bound.collection.delete_call(bound.remote_id, **bound.hints),
        evidence=Gone(),
        check=check,
        reaches=reaches,
    )
