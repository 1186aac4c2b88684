"""What a form offers to choose from, and the counter beside a name.

Would catch: a picker that searches only what it happened to load, a search that loses the rest of the form,
a counter that counts bytes.
"""

import pytest
from playwright.sync_api import expect

from tests.browser.creating import send
from tests.browser.pages import looks_right
from tests.emulator.clouds import IOTDA, TokenCaller
from tests.examples import EVERY_CREATE
from tests.support.account import GROUP
from tests.support.plant import creates_received


@pytest.fixture
def sixty_groups(emulator):
    """More than a picker shows at once; the last ones are found by the platform's own search only."""
    caller = TokenCaller(emulator.url)
    for number in range(60):
        answer = caller.post(f"{IOTDA}/device-group", {"name": f"Hall-{number:02}"})
        assert answer.status_code == 201, answer.text


def options(page, name):
    return page.locator(f"select[name={name}] option")


def test_groups_are_searched_on_the_platform_as_one_types(desk, sixty_groups, emulator):
    desk.goto("/iotda/soft-buses/new/")
    desk.locator("[name=bus_name]").fill("Bus_A")
    before = len(emulator.requests())
    desk.get_by_label("Search: Device group").press_sequentially("hall-5")
    expect(options(desk, "group_id")).to_have_count(11)  # "None yet" and ten halls
    expect(options(desk, "group_id").nth(1)).to_contain_text("Hall-5")
    expect(desk.get_by_label("Search: Device group")).to_be_focused()
    expect(desk.get_by_label("Search: Device group")).to_have_value("hall-5")
    asked = [each for each in emulator.requests() if each["path"] == f"{IOTDA}/device-group"][-1]
    assert "name=hall-5" in asked["query"]
    assert len(emulator.requests()) - before <= 6, "not one search for each letter"

    desk.locator("[name=group_id]").select_option(label=options(desk, "group_id").nth(3).inner_text())
    chosen = desk.locator("[name=group_id]").input_value()
    desk.get_by_label("Search: Device group").fill("Hall-01")
    expect(options(desk, "group_id").filter(has_text="Hall-01")).to_have_count(1)
    expect(desk.locator("[name=group_id]")).to_have_value(chosen)
    send(desk)
    expect(desk.locator("#resource")).to_have_attribute("data-kind", "iotda/soft-buses")
    assert chosen in creates_received(emulator, "iotda/soft-buses")[0]["body"]


def test_without_javascript_a_button_searches(open_page, sixty_groups):
    page = open_page(javascript=False, email="operator@example.test")
    page.goto("/iotda/soft-buses/new/")
    page.locator("[name=bus_name]").fill("Bus_A")
    page.get_by_label("Search: Device group").fill("Hall-59")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(options(page, "group_id")).to_have_count(2)
    expect(options(page, "group_id").nth(1)).to_contain_text("Hall-59")
    expect(page.locator("[name=bus_name]")).to_have_value("Bus_A")
    expect(page.locator("[data-errors]")).to_have_count(0)


def test_the_time_zone_is_found_by_city_and_by_offset(desk, emulator):
    desk.goto("/enos/devices/new/")
    search = desk.get_by_label("Search: Time zone")
    search.fill("new york")
    zone = desk.locator("select[name=timezone]")
    expect(zone.locator("option", has_text="America/New_York")).to_have_count(1)
    zone.select_option("America/New_York")
    search.fill("+05:45")
    expect(zone.locator('option[value="+05:45"]')).to_have_count(1)
    expect(zone).to_have_value("America/New_York")
    desk.get_by_label("Default name").fill("Pump 1")
    send(desk)
    expect(desk.locator("#resource")).to_have_attribute("data-kind", "enos/devices")
    assert '"America/New_York"' in creates_received(emulator, "enos/devices")[0]["body"]


def test_the_counter_counts_characters_as_people_do(desk):
    desk.goto("/iotda/soft-buses/new/")
    counter = desk.locator('[data-counter-of="id_bus_name"]')
    expect(counter).to_have_text("0 / 64")
    desk.locator("[name=bus_name]").fill("总线A")
    expect(counter).to_have_text("3 / 64")
    desk.locator("[name=bus_name]").fill("a" * 65)
    expect(counter).to_have_text("65 / 64")
    send(desk)
    expect(desk.locator("[data-errors]")).to_be_visible()
    expect(desk.locator('[data-counter-of="id_bus_name"]')).to_have_text("65 / 64")


def test_another_resource_space_offers_its_own_groups(desk):
    desk.goto("/iotda/soft-buses/new/")
    expect(options(desk, "group_id")).to_have_text(["None yet", f"DemoGroup ({GROUP})"])
    desk.locator("[name=bus_name]").fill("Bus_A")
    desk.locator("[name=app_id]").select_option("secondSpace0000000000000000")
    expect(options(desk, "group_id")).to_have_text(["None yet"])
    expect(desk.locator("[name=bus_name]")).to_have_value("Bus_A")


def test_a_parent_group_is_chosen_from_the_tree(desk):
    desk.goto("/roma/device-groups/new/")
    desk.locator("[name=name]").fill("hall-1")
    desk.locator("[name=parent_id]").select_option("10001")
    send(desk)
    made = desk.locator("#resource").get_attribute("data-remote-id")
    desk.goto("/roma/device-groups/new/")
    indented = options(desk, "parent_id").filter(has_text="hall-1")
    expect(indented).to_have_attribute("value", made)
    desk.get_by_label("Search: Parent group").fill("hall")
    expect(options(desk, "parent_id").filter(has_text="top level")).to_have_count(0)


@EVERY_CREATE
def test_each_field_shows_its_rule_and_where_it_is_written(desk, slug):
    desk.goto(f"/{slug}/new/")
    expect(desk.locator(".field-source").first).to_contain_text("Source: ")
    fields = desk.locator("#form [data-field]:not([data-field=connection])")
    for field in fields.all():
        expect(field.locator(".field-source").last).to_be_visible()


def test_the_type_of_a_group_decides_what_is_asked_for(desk, emulator):
    desk.goto("/iotda/device-groups/new/")
    expect(desk.locator("[name=dynamic_group_rule]")).to_have_count(0)
    desk.locator("[name=name]").fill("pumps")
    desk.locator("[name=group_type]").select_option("DYNAMIC")
    expect(desk.locator("[name=super_group_id]")).to_have_count(0)
    expect(desk.locator("[name=name]")).to_have_value("pumps")
    looks_right(desk, "form-dynamic-group")
    send(desk)
    expect(desk.locator("#id_dynamic_group_rule_error")).to_contain_text("mandatory for a dynamic group")
    desk.locator("[name=dynamic_group_rule]").fill("product_id = 'pump'")
    send(desk)
    expect(desk.locator("#resource")).to_contain_text("product_id = 'pump'")
    [request] = creates_received(emulator, "iotda/device-groups")
    assert '"DYNAMIC"' in request["body"]
