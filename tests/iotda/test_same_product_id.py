"""A product's id is unique inside its space only. Would catch: the delete of another one than was shown."""

from portal.kinds.registry import KINDS
from portal.teams.models import Role
from tests.resources.forms import changing, post, read, sendable
from tests.support.account import SECOND_SPACE
from tests.support.plant import deletes_received

PRODUCT = "iotda/products"
ID = "twice-the-same-id"


def test_the_one_that_was_shown_is_deleted(plant, emulator):
    data = {**plant.data(PRODUCT), "product_id": ID}
    row = plant.perform(PRODUCT, data=data).target
    browser = plant.browser(Role.MANAGER)
    form = sendable(read(browser.get(changing(row, "delete"))).fields)
    shown = KINDS[PRODUCT].model.objects.get(pk=row.pk).app_id
    plant.perform(PRODUCT, data={**data, "app_id": SECOND_SPACE})  # a colleague

    response = post(browser, changing(row, "delete"), form)

    for request in deletes_received(emulator, PRODUCT):
        assert f"app_id={shown}" in request["query"], "the colleague's product was deleted"
    if not deletes_received(emulator, PRODUCT):
        assert response.status_code == 422
        assert "an object with the same id elsewhere" in response.text
