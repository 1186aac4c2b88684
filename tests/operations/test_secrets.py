"""The secrets of each kind, sent or received: no table holds them and no page shows them, however it ends.

Would catch: a member of a request or an answer whose value gets into the record, an operation or a page.
"""

import pytest

from portal.kinds.registry import KINDS
from portal.operations.models import State
from portal.record.models import Body, Entry
from portal.teams.models import Role
from tests.examples import EXAMPLES, is_provable, match, with_secrets
from tests.operations.dying import settle_all
from tests.operations.stored import rows_but_of

REFUSED, UNHEARD, UNDONE = "refused", "done and not heard", "neither done nor heard"


def asked_for(plant, emulator, slug, ending):
    """The operation, and all the values that are secret."""
    faults = {
        "done": [],
        REFUSED: [EXAMPLES[slug].refusal("create")],
        UNHEARD: [{"match": match(slug, "create"), "fault": "reset_mid_body"}],
        UNDONE: [{"match": match(slug, "create"), "fault": "reset"}],
    }
    data = plant.data(slug, variety="secrets")
    emulator.faults(faults[ending])
    operation = plant.perform(slug, data=data)
    emulator.faults([])
    secrets = EXAMPLES[slug].secret_values(data)
    if ending == "done" and EXAMPLES[slug].shown_once:
        shown = operation.open_secrets()
        assert set(shown) == set(EXAMPLES[slug].shown_once)
        assert Body.objects.order_by("-seq").first().text.count("hmac:") >= len(shown)
        secrets += shown.values()
    assert secrets
    return operation, secrets


def pages(browser, operation):
    """All pages about the operation; not the object's own page, which shows what the platform shows."""
    form = f"/{operation.kind_slug}/new/?from={operation.pk}"
    addresses = ["/", "/operations/", f"/operations/{operation.pk}/", "/audit/", form]
    addresses += [f"/audit/{seq}/" for seq in Entry.objects.values_list("seq", flat=True)]
    return [browser.get(address).content.decode() for address in addresses]


@pytest.mark.parametrize("ending", ["done", REFUSED, UNHEARD, UNDONE])
@pytest.mark.parametrize("slug", with_secrets())
def test_no_secret_stands_in_a_table_or_on_a_page(plant, emulator, settings, slug, ending):
    settings.SETTLE_SECONDS = 0
    operation, secrets = asked_for(plant, emulator, slug, ending)

    for role in (Role.OWNER, Role.OPERATOR):  # one sees it before it is settled, one afterwards
        written = [rows_but_of(KINDS[slug].model), *pages(plant.browser(role), operation)]
        assert EXAMPLES[slug].named_by in written[0]
        assert not [secret for secret in secrets for text in written if secret in text]
        settle_all()

    operation.refresh_from_db()
    happened = {"done": State.DONE, REFUSED: State.REJECTED, UNHEARD: State.FOUND, UNDONE: State.ABSENT}
    if is_provable(slug, "create", True) and is_provable(slug, "create", False):
        assert operation.state == happened[ending]
