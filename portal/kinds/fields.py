"""The mirror's own columns: JSON, and times as platforms write them."""

import json

from django.db import models


class JsonText(models.TextField):
    """JSON stored as text, because jsonb refuses characters (NUL, lone surrogates) that clouds send."""

    def from_db_value(self, value, expression, connection):
        return json.loads(value) if value else None

    def to_python(self, value):
        return json.loads(value) if isinstance(value, str) and value else value

    def get_prep_value(self, value):
        if value is None:
            return None if self.null else ""
        return json.dumps(value, ensure_ascii=True)

    def value_to_string(self, obj):
        return self.get_prep_value(self.value_from_object(obj))


class Stamp(models.TextField):
    """A time as the platform wrote it, kept whole; kinds/stamps.py reads it when it is shown.

    `in_milliseconds`: the platform writes a count of milliseconds since 1970, as a number or as its digits.
    """

    def __init__(self, *args, in_milliseconds=False, **kwargs):
        super().__init__(*args, **{"blank": True, "default": "", **kwargs})
        self.in_milliseconds = in_milliseconds

    def deconstruct(self):
        name, path, args, kwargs = super().deconstruct()
        if self.in_milliseconds:
            kwargs["in_milliseconds"] = True
        return name, path, args, kwargs
