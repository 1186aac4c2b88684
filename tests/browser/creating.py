"""The five create forms as people fill them in. Each works with and without JavaScript.

`fill_in(page, slug, **changed)` opens the form and types what the create needs; values are `EXAMPLES` with
the changes. `send(page)` presses the button.
"""

from playwright.sync_api import expect

GROUP = "04ed32dc1b0025b52fe3c01a27c2b0a8"
ROMA_APP = "ef3845be-091a-4ab5-869a-9de0025e2165"
TOPIC = "topic:/v1/${devices.deviceId}/test/hello"
PUBLISH, SUBSCRIBE = "iotda:devices:publish", "iotda:devices:subscribe"

EXAMPLES = {
    "roma/device-groups": {"name": "line-1", "description": "First line", "parent_id": "10001"},
    "iotda/device-groups": {"name": "pumps", "description": "all pumps", "super_group_id": GROUP},
    "iotda/soft-buses": {"bus_name": "Bus_A", "group_id": GROUP},
    "iotda/policies": {"policy_name": "allow-hello", "resources": TOPIC},
    "enos/devices": {
        "device_key": "pump-0001",
        "name": "Pump 1",
        "chinese": "泵",
        "timezone": "+08:00",
        "serial": "111111",
    },
}
# Under which name a list, an operation and the record show what was created.
SHOWN_AS = {
    "roma/device-groups": "line-1",
    "iotda/device-groups": "pumps",
    "iotda/soft-buses": "Bus_A",
    "iotda/policies": "allow-hello",
    "enos/devices": "Pump 1",
}


def fill_in(page, slug, **changed):
    values = EXAMPLES[slug] | changed
    page.goto(f"/{slug}/new/")
    FILLERS[slug](page, values)
    return values


def _fields(page, values):
    for name, value in values.items():
        control = page.locator(f"#form [name={name}]")
        if control.evaluate("control => control.localName") == "select":
            control.select_option(value)
        else:
            control.fill(value)


def _policy(page, values):
    page.locator("[name=policy_name]").fill(values["policy_name"])
    page.get_by_label(PUBLISH).check()
    page.get_by_label(SUBSCRIBE).check()
    page.get_by_label("Resources, one a line").fill(values["resources"])


def _device(page, values):
    _fields(page, {name: values[name] for name in ("device_key", "timezone")})
    page.get_by_label("Default name").fill(values["name"])
    page.get_by_label("Chinese").fill(values["chinese"])
    page.locator("[name=device_attributes-serial]").fill(values["serial"])
    page.get_by_label("Key of tag 1").fill("site")
    page.get_by_label("Value of tag 1").fill("Plant 3")


FILLERS = {
    "roma/device-groups": _fields,
    "iotda/device-groups": _fields,
    "iotda/soft-buses": _fields,
    "iotda/policies": _policy,
    "enos/devices": _device,
}


def send(page):
    page.locator("#submit").click()


def create(page, slug, **changed):
    """All the way to the new object's page; its id on the platform."""
    fill_in(page, slug, **changed)
    send(page)
    resource = page.locator("#resource")
    expect(resource).to_have_attribute("data-kind", slug)
    return resource.get_attribute("data-remote-id")


def row(page, remote_id):
    return page.locator(f'[data-remote-id="{remote_id}"]')
