"""Thing models: what the values of a device's attributes must be."""

from portal.platforms.contract import Problem, _, shortened

TEXT_ATTRIBUTE_MAX = 4000


def _is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool)


# Data type of a thing model -> what a value must be. Source: EnOS Model Service API, Get Thing Model, 3.0.0.
ATTRIBUTE_TYPES = {
    "STRING": (lambda value: isinstance(value, str) and len(value) <= TEXT_ATTRIBUTE_MAX, _("a text")),
    "INT": (lambda value: isinstance(value, int) and not isinstance(value, bool), _("a whole number")),
    "FLOAT": (_is_number, _("a number")),
    "DOUBLE": (_is_number, _("a number")),
    "BOOL": (lambda value: isinstance(value, bool), _("true or false")),
    "DATE": (lambda value: isinstance(value, str), _("a text")),
    "TIMESTAMP": (lambda value: isinstance(value, int) and not isinstance(value, bool), _("milliseconds")),
    "ENUM": (
        lambda value: isinstance(value, int | str) and not isinstance(value, bool),
        _("a text or a number"),
    ),
    "ARRAY": (lambda value: isinstance(value, list) and len(value) <= 1024, _("a list")),
    "STRUCT": (lambda value: isinstance(value, dict), _("an object")),
}


def attribute_type(name):
    """(whether a value fits, words for the type), by a data type in any case of letters; an unknown one takes
    every value."""
    return ATTRIBUTE_TYPES.get(name.upper() if isinstance(name, str) else "", (lambda value: True, ""))


def attribute_problems(model_attributes, values, path="deviceAttributes"):
    """Yield each Problem of `values`; `model_attributes` is a model's {identifier: {"dataType": ...}}."""
    for name, value in values.items():
        if name not in model_attributes:
            yield Problem(
                f"{path}.{shortened(name)}",
                "unknown",
                _("is not an attribute of the product's model"),
                about=value,
            )
            continue
        fits, kind = attribute_type(model_attributes[name].get("dataType"))
        if not fits(value):
            yield Problem(
                f"{path}.{shortened(name)}", "type", _("must be %(kind)s"), {"kind": kind}, about=value
            )
