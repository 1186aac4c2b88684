"""JsonText: JSON kept as text, because jsonb refuses characters (NUL, lone surrogates) that clouds send."""

import json

from django.db import models


class JsonText(models.TextField):
    def from_db_value(self, value, expression, connection):
        return json.loads(value) if value else None

    def to_python(self, value):
        return json.loads(value) if isinstance(value, str) and value else value

    def get_prep_value(self, value):
        return "" if value is None else json.dumps(value, ensure_ascii=True)

    def value_to_string(self, obj):
        return self.get_prep_value(self.value_from_object(obj))
