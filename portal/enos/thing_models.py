"""Thing models: which attributes the devices of a product have, and of which types.

A form reads the model from the platform when it is drawn, to show an input for each attribute, and caches it
for half an hour. What is posted is validated by the cached model, so a submit reads nothing. If no model is
cached, for example because a script posts without opening the form, only the platform validates the
attributes.
"""

from django.core.cache import cache

from portal.errors import Rejected

SECONDS = 1800


def read(client, connection, product_key, model_id=None):
    """{identifier: attribute} of the product's model, from the platform. Raises PortalError.

    `model_id` is that of the product, where the platform has just shown it.
    """
    try:
        attributes = client.models.get(model_id)["attributes"] if model_id else None
    except Rejected:
        attributes = None  # what a device shows may be odd; its product decides
    if attributes is None:
        model_id = client.products.get(product_key).get("model_id")
        attributes = client.models.get(model_id)["attributes"] if model_id else {}
    cache.set(_key(connection, product_key), attributes, SECONDS)
    return attributes


def known(connection, product_key):
    """The cached {identifier: attribute}; {} if there is none."""
    return cache.get(_key(connection, product_key)) or {} if product_key else {}


def _key(connection, product_key):
    # Saving the connection may change its account. Then a model read from the old account must not be used.
    changed = connection.changed_at.timestamp()
    return f"enos-model:{connection.pk}:{changed}:{product_key.encode().hex()[:128]}"
