"""A kind whose parts contradict each other stops the portal at start. Would catch: a field that every save
clears or changes, a field whose input is never sent."""

from dataclasses import replace

import pytest
from django import forms

from portal.kinds.parts import Inside
from portal.kinds.registry import KINDS, load, register

GROUPS = KINDS["iotda/device-groups"]


def with_verb(name, **changes):
    verbs = tuple(replace(each, **changes) if each.name == name else each for each in GROUPS.verbs)
    return replace(GROUPS, slug="iotda/odd-groups", verbs=verbs)


def test_a_field_that_is_edited_but_not_in_the_form_stops_the_portal():
    with pytest.raises(ValueError, match="the form of update has"):
        register(with_verb("update", fields=("name", "description", "app_id")))


def test_a_field_that_the_client_does_not_send_stops_the_portal():
    with pytest.raises(ValueError, match="update edits .*, the client sends"):
        register(
            with_verb(
                "update",
                form=GROUPS.verb("create").form,
                fields=tuple(GROUPS.verb("create").form.platform_fields()),
            )
        )


def test_a_create_that_asks_for_what_the_client_does_not_send_stops_the_portal():
    form = KINDS["iotda/policies"].verb("create").form
    with pytest.raises(ValueError, match="create asks for"):
        register(with_verb("create", form=form))


def test_a_field_that_the_platform_requires_and_the_form_does_not_stops_the_portal():
    form = KINDS["iotda/policies"].verb("create").form

    class Optional(form):
        policy_name = forms.CharField(required=False)

    kind = replace(
        KINDS["iotda/policies"],
        slug="iotda/odd-policies",
        verbs=(replace(KINDS["iotda/policies"].verb("create"), form=Optional),),
    )
    with pytest.raises(ValueError, match=r"the platform requires \['policy_name'\]"):
        register(kind)


def test_a_field_that_would_change_what_nobody_touched_stops_the_portal():
    class Forgetful(GROUPS.verb("update").form):
        description = forms.CharField(required=False)

    with pytest.raises(ValueError, match=r"would change \['description'\] by being pressed"):
        register(with_verb("update", form=Forgetful))


def test_a_field_that_each_update_must_carry_and_the_client_does_not_stops_the_portal():
    group = KINDS["roma/device-groups"]

    class Stricter(GROUPS.verb("update").form):
        contract = group.verb("update").form.contract

    with pytest.raises(ValueError, match=r"every update must carry \['name'\], the client sends \[\]"):
        register(with_verb("update", form=Stricter))


def test_a_column_that_the_mirror_lacks_stops_the_portal():
    with pytest.raises(ValueError, match=r"its mirror has no \['colour'\]"):
        register(replace(GROUPS, slug="iotda/odd-groups", filters=("colour",)))


@pytest.mark.parametrize(
    ("about", "problem"),
    [
        ({"refers": {"colour": "iotda/spaces"}}, r"no \['colour'\], of which it says what that means"),
        ({"words": {"colour": {}}}, r"no \['colour'\], of which it says what that means"),
        ({"shown": {"colour": str}}, r"no \['colour'\], of which it says what that means"),
        ({"own_id": "colour"}, r"no \['colour'\], of which it says what that means"),
        ({"space": "description"}, "its space description refers to no kind"),
        ({"refers": {"app_id": "roma/apps"}}, r"refers to \['roma/apps'\], which are of another platform"),
    ],
    ids=repr,
)
def test_what_is_said_of_attributes_that_contradicts_the_mirror_stops_the_portal(about, problem):
    with pytest.raises(ValueError, match=problem):
        register(replace(GROUPS, slug="iotda/odd-groups", **about))


def test_a_reference_to_a_kind_that_nobody_registered_stops_the_portal(monkeypatch):
    odd = replace(GROUPS, slug="iotda/odd-groups", refers={"app_id": "iotda/nowhere"})
    monkeypatch.setitem(KINDS, odd.slug, odd)
    with pytest.raises(ValueError, match=r"iotda/odd-groups: it refers to \['iotda/nowhere'\]"):
        load("portal.iotda")


def test_two_kinds_of_one_name_stop_the_portal():
    with pytest.raises(ValueError, match="two kinds are named iotda/device-groups"):
        register(GROUPS)


def test_what_was_refused_is_no_kind():
    with pytest.raises(ValueError, match="odd-groups"):
        register(with_verb("update", fields=("name",)))
    assert "iotda/odd-groups" not in KINDS


def test_ids_within_a_kind_that_the_client_does_not_tell_stop_the_portal():
    with pytest.raises(ValueError, match="ids unique within 'iotda/spaces': the client tells that by ''"):
        register(replace(GROUPS, slug="iotda/odd-groups", within="iotda/spaces"))


def test_what_is_made_in_a_space_is_held_by_it(monkeypatch):
    pumps = replace(GROUPS, slug="iotda/pumps")
    monkeypatch.setitem(KINDS, pumps.slug, pumps)
    assert Inside(kind="iotda/pumps", field="app_id") in KINDS["iotda/spaces"].held
