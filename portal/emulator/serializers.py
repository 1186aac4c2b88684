"""DRF serializers made of contract rules: each DRF field lets one `contract.Field` judge its value."""

from rest_framework import serializers


class RuledField(serializers.Field):
    """A null is refused: where it counts as absent, the caller drops it first."""

    def __init__(self, rule):
        options = {"required": True} if rule.required else {"required": False}
        if rule.default is not None and not rule.required:
            options["default"] = rule.default
        super().__init__(**options)
        self.rule = rule

    def __deepcopy__(self, memo):
        """DRF copies each field for each request, arguments included; rules never change and need no copy."""
        return RuledField(self.rule)

    def to_internal_value(self, value):
        problems = [str(problem) for problem in self.rule.problems(value)]
        if problems:
            raise serializers.ValidationError(problems)
        return self.rule.clean(value)

    def to_representation(self, value):
        return value


_classes = {}  # by identity: rules are module constants, and hashing them would cost more than it saves


def serializer_for(fields):
    """A Serializer class whose members are `fields`; what they do not name is ignored."""
    if id(fields) not in _classes:
        members = {rule.name: RuledField(rule) for rule in fields}
        _classes[id(fields)] = type("BodySerializer", (serializers.Serializer,), members)
    return _classes[id(fields)]


def judged(fields, body):
    """(cleaned, "") or (None, what is wrong)."""
    serializer = serializer_for(fields)(data=body)
    if serializer.is_valid():
        return dict(serializer.validated_data), ""
    reasons = [f"{name}: {text}" for name, texts in serializer.errors.items() for text in texts]
    return None, "; ".join(reasons)
