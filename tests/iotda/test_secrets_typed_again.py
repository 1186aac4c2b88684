"""A device's secret that a person typed and the portal dropped: it is asked for again, never left out.

Would catch: a device that gets another secret than its person typed, because a session or the database was
away for a moment.
"""

from django.test import RequestFactory

from portal.kinds.registry import KINDS
from portal.teams.models import Role
from portal.web import kept
from tests.api.calling import Api, body_of, path_of
from tests.operations.stored import rows_but_of
from tests.resources.forms import new, post, read, script, sendable
from tests.support.plant import creates_received

DEVICES = "iotda/devices"
SECRET = "Typed4Secret_a1"


def typed(browser, plant):
    fields = sendable(read(browser.get(new(DEVICES))).fields)
    for name, value in script(DEVICES, plant, auth_type="SECRET", secret=SECRET).items():
        if name != "operation_key":
            fields[name] = value
    return fields


def test_a_form_that_comes_back_after_signing_in_asks_for_it(plant, emulator):
    browser = plant.browser()
    data = typed(browser, plant)
    data["made_for"] = kept.mark(plant.people[Role.OPERATOR])
    browser.logout()
    response = browser.post(
        new(DEVICES), data, HTTP_REFERER=f"http://localhost{new(DEVICES)}", HTTP_ORIGIN="http://localhost"
    )
    assert "kept" in response["Location"], response["Location"]
    browser.force_login(plant.people[Role.OPERATOR])
    [entry] = browser.session[kept.SESSION_KEY]
    page = browser.get(f"{new(DEVICES)}?kept={entry['id']}")
    assert "Your input was kept" in page.text

    browser.post(new(DEVICES), sendable(read(page).fields))

    for request in creates_received(emulator, DEVICES):
        assert SECRET in request["body"], "the platform made a secret of its own"


def test_what_is_sent_again_after_an_outage_asks_for_it(plant, emulator):
    browser = plant.browser()
    data = typed(browser, plant)
    data["made_for"] = kept.mark(plant.people[Role.OPERATOR])
    again = kept.again(RequestFactory().post(new(DEVICES), data))
    assert again

    browser.post(new(DEVICES), dict(again))

    for request in creates_received(emulator, DEVICES):
        assert SECRET in request["body"], "the platform made a secret of its own"


def test_a_denied_secret_stands_nowhere(plant):
    post(plant.browser(Role.VIEWER), new(DEVICES), script(DEVICES, plant, auth_type="SECRET", secret=SECRET))
    body = body_of(plant, DEVICES, auth_type="SECRET", secret=SECRET)
    answers = [
        Api(plant, Role.VIEWER).post(path_of(DEVICES, "create"), body),
        Api(plant).post(path_of(DEVICES, "create"), body, dry=True),
        Api(plant).post(path_of(DEVICES, "create"), {**body, "node_id": ""}),
        Api(plant).post(path_of(DEVICES, "create"), {**body, "secret": [SECRET]}),
        Api(plant).post(path_of(DEVICES, "create"), body),
    ]
    assert not [each.status_code for each in answers if SECRET in each.text]
    assert SECRET not in rows_but_of(KINDS["iotda/policies"].model)
