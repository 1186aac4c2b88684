"""Serializers of changes, made from the forms of kinds: which members a body has, and of which JSON type.

All other rules are the form's. Nothing is converted here but what JSON cannot tell: a form takes texts.
"""

import json
from functools import cache

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from portal.api import schemas
from portal.kinds.validating import sentence, snake
from portal.operations.forms import REASON_MAX, TICKET_MAX
from portal.platforms.contract import KIND_NAMES, Problem
from portal.resources.fields import Exact
from portal.web.printable import printable

UNKNOWN = _("There is no such member.")
A_TYPE = "must be %(kind)s"  # the words of the contract


class Typed(serializers.Field):
    """A value of a platform's field. It becomes the text that a form takes; JSON null is an empty one."""

    def __init__(self, rule, **options):
        super().__init__(allow_null=not options["required"], **options)
        self.rule = rule
        self._spectacular_annotation = {"field": schemas.of_rule(rule)}

    def to_internal_value(self, value):
        kind = self.rule.kind
        is_number = kind is int and isinstance(value, int) and not isinstance(value, bool)
        wanted = str if kind is int else kind
        if not is_number and not isinstance(value, wanted):
            problem = Problem(self.field_name, "type", A_TYPE, {"kind": KIND_NAMES[kind]})
            raise serializers.ValidationError(sentence(self.field_name, problem), code="type")
        if kind in (list, dict):
            return Exact(json.dumps(value, ensure_ascii=False))
        return value if kind is bool else Exact(value)


class Text(serializers.CharField):
    """A JSON text; DRF would make one of a number."""

    def to_internal_value(self, data):
        return super().to_internal_value(data if isinstance(data, str) else None)


class Body(serializers.Serializer):
    """What every change takes beside the fields of its platform."""

    reason = Text(
        required=False,
        allow_blank=True,
        max_length=REASON_MAX,
        help_text=_("Saved in the audit log."),
    )
    ticket = Text(
        required=False,
        allow_blank=True,
        max_length=TICKET_MAX,
        validators=[printable],
        help_text=_("The change request in your own system, such as CHG-1042."),
    )

    def to_internal_value(self, data):
        found = {name: [str(UNKNOWN)] for name in data if name not in self.fields}
        try:
            values = super().to_internal_value(data)
        except serializers.ValidationError as error:
            found |= {name: [str(each) for each in texts] for name, texts in error.detail.items()}
        if found:
            raise serializers.ValidationError(found)
        return values


@cache
def body_of(kind, verb):
    """The serializer class of what one verb takes."""
    members = {"connection": serializers.UUIDField(required=not verb.on_object)}
    form = verb.form
    rules = {snake(rule.name): rule for rule in (*form.contract, *form.together)} if form else {}
    for name in (*form.platform_fields(), *form.together_fields()) if form else ():
        required = not verb.fields and form.base_fields[name].required
        members[name] = Typed(rules[name], required=required)
    if verb.fields:
        members["expected"] = serializers.DictField(
            required=False,
            help_text=_("Values as you saw them. If the platform shows others, nothing is sent."),
        )
    return type(schemas.named(kind, verb.name), (Body,), {**members, "__doc__": str(verb.label)})
