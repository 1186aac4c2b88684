"""A product's id is unique inside its resource space only: products, and operations on them, get their space.

That of a product is what its mirror showed last. That of an operation is what its own answer, its look just
before or its request says, else that of the product with its id. Where nobody knows, it stays "", and is
written when the platform shows it.
"""

from hashlib import sha256

from django.db import migrations

BATCH, SCOPE_MAX = 500, 64
SLUG = "iotda/products"


def tell(apps, schema_editor):
    products = apps.get_model("iotda", "Product").objects.order_by()
    for pk, app_id in products.exclude(app_id="").values_list("pk", "app_id").iterator(BATCH):
        products.filter(pk=pk).update(scope=_scope(app_id))
    operations = apps.get_model("operations", "Operation").objects.order_by().filter(kind_slug=SLUG)
    wanted = "connection_id", "verb_name", "object_id", "data", "baseline", "answer", "made", "holds"
    for operation in operations.only(*wanted).iterator(BATCH):
        scope = _told(operation) or _mirrored(products, operation)
        if scope:
            places = {name: getattr(operation, name) for name in ("made", "holds")}
            places = {name: f"{place}@{scope}" for name, place in places.items() if place}
            operations.filter(pk=operation.pk).update(object_scope=scope, **places)


def _told(operation):
    said = (operation.answer, operation.baseline, operation.data)
    found = [each["app_id"] for each in said if isinstance(each, dict) and each.get("app_id")]
    return _scope(found[0]) if found and isinstance(found[0], str) else ""


def _mirrored(products, operation):
    if not operation.object_id:
        return ""
    rows = products.filter(connection_id=operation.connection_id, remote_id=operation.object_id)
    return rows.values_list("scope", flat=True).first() or ""


def _scope(text):
    """As Collection.scope_of."""
    return text if len(text) <= SCOPE_MAX else sha256(text.encode()).hexdigest()


class Migration(migrations.Migration):
    dependencies = [
        ("iotda", "0005_objects_within_a_scope"),
        ("operations", "0006_objects_within_a_scope"),
    ]

    operations = [migrations.RunPython(tell, migrations.RunPython.noop, elidable=True)]
