"""Forms with errors.

Would catch: lost input, an error that does not get the focus, a second submit that counts as the first.
"""

import pytest
from playwright.sync_api import expect

from tests.browser.creating import create, fill_in, send
from tests.examples import EVERY_CREATE, EXAMPLES
from tests.support.account import GROUP
from tests.support.plant import creates_received

BROWSERS = pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "plain"])


def typed(page):
    """{name: value} of all that people type and choose; the JSON beside an editor follows by itself."""
    return page.locator("#form").evaluate(
        """form => Object.fromEntries([...form.elements]
            .filter((each) => each.name && each.type !== "hidden" && !each.matches("button, .json-side *"))
            .map((each) => each.type === "checkbox"
                ? [`${each.name}=${each.value}`, each.checked]
                : [each.name, each.value]))"""
    )


def key(page):
    return page.locator("[name=operation_key]").input_value()


def is_press(response):
    """The answer to the button, not to an editor that brings its other side up to date."""
    return response.request.method == "POST" and "touch" not in (response.request.post_data or "")


@EVERY_CREATE
def test_a_broken_rule_is_named_in_place_and_all_input_kept(desk, emulator, slug):
    broken = EXAMPLES[slug].broken
    fill_in(desk, slug, **broken)
    before = typed(desk)
    with desk.expect_response(is_press) as answer:
        send(desk)
    assert answer.value.status == 422
    summary = desk.locator("[data-errors]")
    expect(summary).to_be_focused()
    (name,) = broken
    expect(desk.locator(f"[name={name}]")).to_have_attribute("aria-invalid", "true")
    expect(desk.locator(f'[data-field="{name}"] .invalid-feedback')).to_be_visible()
    assert typed(desk).items() >= before.items()
    assert creates_received(emulator, slug) == []
    summary.get_by_role("link").first.click()
    expect(desk.locator(f"[name={name}]")).to_be_focused()


@BROWSERS
def test_a_refusal_shows_code_and_message_and_the_next_press_works(open_page, emulator, javascript):
    page = open_page(javascript=javascript, email="operator@example.test")
    create(page, "iotda/soft-buses")
    fill_in(page, "iotda/soft-buses")
    first_key = key(page)
    send(page)
    refusal = page.locator("[data-operation-state=rejected]")
    expect(refusal).to_contain_text("IOTDA.016002")
    expect(refusal).to_contain_text("soft bus name exists")
    expect(refusal).to_contain_text("Request id")
    if javascript:
        expect(refusal).to_be_focused()
    expect(page.locator("[name=bus_name]")).to_have_value("Bus_A")
    expect(page.locator("[name=group_id]")).to_have_value(GROUP)
    assert key(page) != first_key
    page.locator("[name=bus_name]").fill("Bus_B")
    send(page)
    expect(page.locator("#resource")).to_have_attribute("data-kind", "iotda/soft-buses")
    assert len(creates_received(emulator, "iotda/soft-buses")) == 3
    page.goto("/operations/?state=rejected")
    expect(page.locator("tr[data-operation-id]")).to_have_count(1)


def test_the_same_again_after_a_refusal_is_asked_again(desk, emulator):
    match = {"method": "POST", "path": "/link/instances/"}
    body = {"error_code": "SCB.00000000", "error_msg": "Parameter error", "request_id": "r-1"}
    emulator.faults([{"fault": "answer", "status": 400, "body": body, "match": match, "times": 1}])
    fill_in(desk, "roma/device-groups")
    send(desk)
    refusal = desk.locator("[data-operation-state=rejected]")
    expect(refusal).to_contain_text("SCB.00000000")
    expect(refusal).to_contain_text("Parameter error")
    expect(refusal).to_contain_text("r-1")
    send(desk)
    expect(desk.locator("#resource")).to_have_attribute("data-kind", "roma/device-groups")
    assert len(creates_received(emulator, "roma/device-groups")) == 2


def test_the_link_of_a_refusal_leads_to_the_operation(desk):
    create(desk, "iotda/soft-buses")
    fill_in(desk, "iotda/soft-buses")
    send(desk)
    desk.locator("[data-operation-state=rejected]").get_by_role("link", name="details").click()
    expect(desk.locator("#operation")).to_have_attribute("data-operation-state", "rejected")
    expect(desk.locator("#operation")).to_contain_text("IOTDA.016002")


def test_a_platform_that_says_later_is_believed(desk, emulator):
    fill_in(desk, "iotda/device-groups")
    emulator.faults(
        [{"fault": "answer", "status": 429, "body": {}, "match": {"method": "POST", "path": "/v5/"}}]
    )
    send(desk)
    expect(desk.locator("[data-operation-state=not_sent]")).to_contain_text("did not carry it out")
    expect(desk.locator("[name=name]")).to_have_value("pumps")
