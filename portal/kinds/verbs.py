"""The verbs that most kinds share: create, update and delete of the objects of one collection, as data."""

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from portal.errors import Unclear
from portal.kinds.registry import Verb
from portal.kinds.settling import Fields, Gone


def create(collection, *, form, label, done, settle, name):
    """`name` is the field that the new object is called by; `settle` finds it when its answer is lost."""
    return Verb(
        name="create",
        label=label,
        done=done,
        right="create",
        icon="plus",
        on_object=False,
        form=form,
        call=lambda client, data, target: getattr(client, collection).create_call(data),
        finish=lambda client, answer, data, target: getattr(client, collection).created(answer, data),
        settle=settle,
        object_name=lambda data, target: data.get(name, ""),
    )


def update(collection, *, form, done, fields, about="", hints=lambda row: {}):
    """`fields` are what the form changes, `hints(row)` what the platform needs to find the object."""

    def finish(client, answer, data, target):
        updated = getattr(client, collection).updated(answer, data)
        if updated and updated["id"] != target.remote_id:
            raise Unclear(_now("The platform answered with another object."), **answer.details)
        return updated

    return Verb(
        name="update",
        label=_("Edit"),
        submit=_("Save changes"),
        about=about,
        done=done,
        right="update",
        icon="pencil",
        form=form,
        call=lambda client, data, target: getattr(client, collection).update_call(target.remote_id, data),
        finish=finish,
        settle=Fields(collection=collection, fields=fields, hints=hints),
    )


def delete(collection, *, form, label, done, about, hints=lambda row: {}):
    """`about` says what goes with the object, and when the platform refuses."""
    return Verb(
        name="delete",
        label=_("Delete"),
        submit=label,
        about=about,
        done=done,
        right="delete",
        icon="trash",
        removes=True,
        form=form,
        call=lambda client, data, target: getattr(client, collection).delete_call(target.remote_id),
        settle=Gone(collection=collection, hints=hints),
    )
