"""Objects as a platform may show them, odd as they are: an emulated answer in place of the real one."""

import json

from tests.examples import match
from tests.resources.forms import changing, post, read, sendable
from tests.support.plant import updates_received

IDS = {
    "iotda/device-groups": "group_id",
    "iotda/policies": "policy_id",
    "roma/device-groups": "id",
    "enos/devices": "assetId",
}


def show(emulator, slug, row, *others, **members):
    """From now on the platform shows the object behind a row with these members and no others.

    `others` are further faults of the emulator.
    """
    shown = {IDS[slug]: int(row.remote_id) if slug.startswith("roma/") else row.remote_id, **members}
    if slug.startswith("enos/"):
        shown = {"code": 0, "msg": "OK", "requestId": "r-1", "data": shown}
    rule = {"match": match(slug, "get"), "fault": "answer", "status": 200, "body": json.dumps(shown)}
    emulator.faults([rule, *others])


def opened(browser, row):
    """The fields of its edit form as a browser without script posts them untouched: with CRLF."""
    data = sendable(read(browser.get(changing(row, "update"))).fields)
    for name, texts in data.lists():
        data.setlist(name, [text.replace("\r\n", "\n").replace("\n", "\r\n") for text in texts])
    return data


def press(browser, row, data):
    return post(browser, changing(row, "update"), data)


def sent(emulator, slug):
    """The bodies of the updates that reached the platform."""
    return [json.loads(each["body"]) for each in updates_received(emulator, slug)]


def is_untouched(response, emulator, slug):
    assert response.status_code == 422
    assert "Nothing was changed, so nothing was sent." in response.content.decode()
    assert sent(emulator, slug) == []
    return True
