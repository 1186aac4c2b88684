"""Products and operations on them that an earlier version kept, when ids were thought unique in the account.

Would catch: a row or an operation that does not get its space, a claim or a reservation that is lost by it.
"""

import pytest
from django.db import connection as database
from django.db.migrations.executor import MigrationExecutor

from portal.iotda.models import Product
from portal.operations.models import Operation, State
from tests.examples import match
from tests.support.account import SECOND_SPACE

PRODUCT = "iotda/products"
BEFORE = [("iotda", "0004_product_services"), ("operations", "0005_endings")]


@pytest.mark.full
def test_they_get_their_space(committed_plant, emulator):
    plant = committed_plant
    row = plant.perform(PRODUCT, data=plant.data(PRODUCT, variety="in another space")).target
    Product.objects.create(connection=row.connection, remote_id="unknown")
    emulator.faults([{"match": match(PRODUCT, "delete"), "fault": "reset"}])
    lost = plant.perform(PRODUCT, "delete", target=row)
    emulator.faults([])
    gone = plant.perform(PRODUCT, data={**plant.data(PRODUCT), "product_id": "gone"})
    plant.perform(PRODUCT, "delete", target=gone.target)
    gone.target.delete()
    assert (lost.state, lost.object_scope) == (State.IN_DOUBT, SECOND_SPACE)
    columns = ("pk", "object_id", "object_scope", "made", "holds")
    kept = sorted(Operation.objects.values_list(*columns), key=str)
    assert all(scope for _pk, _id, scope, _made, _holds in kept)

    executor = MigrationExecutor(database)
    executor.migrate(BEFORE)
    earlier = executor.loader.project_state(BEFORE).apps.get_model("operations", "Operation").objects
    for each in earlier.all():
        places = {name: getattr(each, name) for name in ("made", "holds")}
        places = {name: place and place.partition("@")[0] for name, place in places.items()}
        earlier.filter(pk=each.pk).update(**places)
    executor = MigrationExecutor(database)
    executor.migrate(executor.loader.graph.leaf_nodes())

    assert sorted(Operation.objects.values_list(*columns), key=str) == kept
    assert dict(Product.objects.values_list("remote_id", "scope")) == {
        row.remote_id: SECOND_SPACE,
        "unknown": "",
    }
