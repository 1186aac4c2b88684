"""Thing models, which say what the attributes of a device are.

Source: Model Service API, "Get Thing Model", 3.0.0.
"""

from portal.platforms.answers import storable, storable_within
from portal.platforms.collection import text_id, text_or_empty
from portal.platforms.enos.searching import Acted, default_name


class Models(Acted):
    def decode(self, raw):
        """`attributes` is {identifier: {dataType, isRequired, ...}}."""
        attributes = raw.get("attributes") or {}
        if not isinstance(attributes, dict):
            raise ValueError("attributes")
        return {
            "id": text_id(raw.get("modelId")),
            "name": default_name(raw.get("name")),
            "attributes": {
                name: _attribute(value)
                for name, value in attributes.items()
                if isinstance(value, dict) and storable(name) == name
            },
        }


def _attribute(value):
    """`dataType` is "" where it is no text: then nothing is known about the values of the attribute."""
    data_type = value.get("dataType")
    return {**storable_within(value), "dataType": text_or_empty(data_type)}


COLLECTION = Models("/model-service/v2.1/thing-models", id="modelId", name="name")
