"""The mirror shows what the platform showed: whole texts, times, statuses, and names that show something.

Would catch: a column that cuts, an offset or a fraction that is lost, a status that the portal replaces by a
word of its own, an empty link in place of an object.
"""

import html
import re

import pytest

from portal.kinds.fields import Stamp
from portal.kinds.registry import KINDS
from portal.teams.models import Role
from tests.examples import EVERY_KIND
from tests.resources.listings import answer, enos_devices, iotda_devices, listed, tree
from tests.support.visitor import text_of

pytestmark = pytest.mark.anywhere

DEVICE, GROUP = "iotda/devices", "roma/device-groups"
LONG = "Ж" * 3000


def detail(plant, slug, remote_id="odd0", role=Role.OPERATOR):
    """What a person reads on the page of an object whose single read is not to be asked for."""
    row = KINDS[slug].model.objects.get(remote_id=remote_id)
    return html.unescape(plant.browser(role).get(f"/{slug}/{row.pk}/").content.decode())


def failing(slug):
    """The single read fails, so the page shows what the listing showed."""
    return {**answer(slug, {}, "get"), "status": 503}


@EVERY_KIND
def test_no_column_cuts_what_the_platform_shows(plant, slug):
    kind = KINDS[slug]
    texts = [field.name for field in kind.model.platform_fields() if field.get_internal_type() == "TextField"]
    values = kind.model.values_from(dict.fromkeys(["name", *texts], LONG))
    row = kind.model(connection=plant.connection(kind), remote_id="i" * 160)
    row.take(values)
    row.save()

    row = kind.model.objects.get(pk=row.pk)

    assert {name: getattr(row, name) for name in ["name", *texts]} == dict.fromkeys(["name", *texts], LONG)
    assert [field.name for field in kind.model.platform_fields() if field.max_length] == []


@EVERY_KIND
def test_every_time_of_every_kind_is_read_as_one(slug):
    fields = KINDS[slug].model.platform_fields()
    times = [field for field in fields if field.name.endswith(("_time", "_datetime", "_at"))]
    assert [field.name for field in times if not isinstance(field, Stamp)] == []


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("20231114T221320Z", "2023-11-14 22:13:20 UTC"),
        ("20231114T221320.250Z", "2023-11-14 22:13:20.250 UTC"),
        ("20231114T221320+0800", "2023-11-14 22:13:20 +0800"),
        ("2023-11-14T22:13:20.123456789+08:00", "2023-11-14T22:13:20.123456789+08:00"),
        ("2023-11-14T22:13:20.250Z", "2023-11-14T22:13:20.250Z"),
        ("2023-11-14 22:13:20", "2023-11-14 22:13:20"),
        ("20231399T221320Z", "20231399T221320Z"),
        ("1700000000000", "1700000000000"),  # no document of Huawei writes milliseconds
        ("last Tuesday, about noon", "last Tuesday, about noon"),
    ],
)
def test_a_time_keeps_its_fraction_and_its_offset(plant, emulator, written, shown):
    emulator.faults([iotda_devices({"create_time": written}), failing(DEVICE)])
    plant.browser().get(f"/{DEVICE}/")

    assert shown in detail(plant, DEVICE)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (1_700_000_000_000, "2023-11-14 22:13:20 UTC"),
        ("1700000000000", "2023-11-14 22:13:20 UTC"),
        (1_700_000_000_250, "2023-11-14 22:13:20.250 UTC"),
        ("1700000000250", "2023-11-14 22:13:20.250 UTC"),
        (-1, "1969-12-31 23:59:59.999 UTC"),
        ("2023-11-14T22:13:20+08:00", "2023-11-14T22:13:20+08:00"),
        (10**17, str(10**17)),
        ("soon", "soon"),
    ],
)
def test_milliseconds_are_a_date_as_a_number_and_as_text(plant, emulator, written, shown):
    emulator.faults([enos_devices({"createTime": written}), failing("enos/devices")])
    plant.browser().get("/enos/devices/")

    assert shown in detail(plant, "enos/devices")


@pytest.mark.parametrize("listing", [iotda_devices, enos_devices], ids=["iotda", "enos"])
@pytest.mark.parametrize("status", ["HALF_OPEN", "Sending", "needs_human", "half open / 50 %", "升级中"])
def test_a_status_that_nobody_knows_is_shown_as_written_and_filtered_by(plant, emulator, listing, status):
    slug = {iotda_devices: DEVICE, enos_devices: "enos/devices"}[listing]
    emulator.faults([listing({"status": status}, {"status": "ONLINE"})])
    browser = plant.browser()

    page = browser.get(f"/{slug}/").content.decode()

    assert f'data-state="{html.escape(status)}"' in page
    assert page.count(html.escape(status)) >= 3  # mark, badge and choice
    assert f'<option value="{html.escape(status)}">' in page
    assert listed(browser.get(f"/{slug}/", {"status": status})) == ["odd0"]


def test_a_filter_offers_what_the_mirror_holds_when_the_platform_cannot_be_read(plant, emulator):
    emulator.faults([iotda_devices({"status": "HALF_OPEN"}, {"status": "ONLINE"})])
    browser = plant.browser()
    browser.get(f"/{DEVICE}/")
    emulator.faults([{**iotda_devices(), "status": 503}])

    page = browser.get(f"/{DEVICE}/", {"status": "ONLINE"})

    assert '<option value="HALF_OPEN">' in page.content.decode()
    assert listed(page) == ["odd1"]


def test_what_is_no_text_where_a_text_is_expected_is_shown_as_json(plant, emulator):
    emulator.faults([iotda_devices({"status": 5, "description": {"a": [True]}}), failing(DEVICE)])

    assert '<option value="5">' in plant.browser().get(f"/{DEVICE}/").content.decode()
    assert '{"a": [true]}' in detail(plant, DEVICE)


@pytest.mark.parametrize(
    "name", ["", "   ", "\u200b", "\u3000\u2060\ufeff", "\u202e", "\u3164\u115f", "\t\n", "\u2800", None]
)
def test_a_name_that_shows_nothing_gives_way_to_the_id(plant, emulator, name):
    emulator.faults([tree((20_001, name)), failing(GROUP)])
    browser = plant.browser(Role.MANAGER)

    listing = browser.get(f"/{GROUP}/").content.decode()
    row = KINDS[GROUP].model.objects.get(remote_id="20001")
    page = browser.get(f"/{GROUP}/{row.pk}/").content.decode()

    assert f'href="/{GROUP}/{row.pk}/">20001</a>' in listing
    assert "<h1>20001</h1>" in page
    assert "<title>20001 · " in page


def test_the_record_and_the_notice_name_what_has_no_visible_name_by_its_id(plant, emulator):
    row = plant.make(GROUP)
    shown = {"id": int(row.remote_id), "name": "\u200b \u2060", "parent_id": 0, "description": ""}
    emulator.faults([answer(GROUP, shown, "get")])
    browser = plant.browser(Role.MANAGER)
    page = browser.get(f"/{GROUP}/{row.pk}/delete/").content.decode()
    assert f"{row.remote_id} will be deleted on the platform." in text_of(page)

    operation = plant.perform(GROUP, "delete", target=KINDS[GROUP].model.objects.get(pk=row.pk))

    assert operation.object_name == row.remote_id
    assert row.remote_id in text_of(browser.get("/operations/").content.decode())


def test_a_name_that_is_longer_than_the_record_keeps_says_so(plant, emulator):
    row = plant.make(GROUP)
    shown = {"id": int(row.remote_id), "name": "n" * 300, "parent_id": 0, "description": ""}
    emulator.faults([answer(GROUP, shown, "get")])
    plant.browser().get(f"/{GROUP}/{row.pk}/")
    row = KINDS[GROUP].model.objects.get(pk=row.pk)
    assert row.name == "n" * 300

    operation = plant.perform(GROUP, "delete", target=row)

    assert operation.object_name == "n" * 255 + "…"


def test_a_page_after_a_name_too_long_for_an_address(plant, emulator):
    emulator.faults([tree(*((20_000 + number, f"{'泵' * 3000}{number:03}") for number in range(60)))])
    browser = plant.browser()
    first = browser.get(f"/{GROUP}/")
    (following,) = {html.unescape(each) for each in _next_pages(first)}

    assert len(following) < 2000
    assert listed(first) + listed(browser.get(f"/{GROUP}/{following}")) == [
        str(20_000 + n) for n in range(60)
    ]


def test_a_list_shows_the_beginning_of_a_very_long_text_and_the_page_all_of_it(plant, emulator):
    emulator.faults([iotda_devices({"product_name": "p" * 3000, "device_name": "n" * 3000}), failing(DEVICE)])

    listing = plant.browser().get(f"/{DEVICE}/").content.decode()

    assert ">" + "n" * 499 + "…<" in text_shown(listing)
    assert "p" * 500 not in listing
    assert "p" * 3000 in detail(plant, DEVICE)


def text_shown(page):
    return page.replace("<bdi>", "").replace("</bdi>", "")


def _next_pages(response):
    return re.findall(r'<a class="btn" href="([^"]*after=[^"]*)"', response.content.decode())


@pytest.mark.parametrize(
    ("role", "sees"),
    [(Role.VIEWER, False), (Role.AUDITOR, False), (Role.OPERATOR, True), (Role.MANAGER, True)],
)
def test_secrets_among_tags_and_attributes_are_for_those_who_may_change_them(plant, emulator, role, sees):
    tags = {"wifi_password": "hunter2-tag", "line": "4", "empty_token": ""}
    attributes = {
        "login": {"apiKey": "hunter2-attribute", "user": "u"},
        "pairs": [{"key": "pin", "value": "1234x"}],
    }
    emulator.faults(
        [enos_devices({"deviceTags": tags, "deviceAttributes": attributes}), failing("enos/devices")]
    )
    plant.browser(role).get("/enos/devices/")

    page = detail(plant, "enos/devices", role=role)

    for secret in ("hunter2-tag", "hunter2-attribute", "1234x"):
        assert (secret in page) == sees, secret
    for open_ in ("wifi_password", '"line": "4"', '"empty_token": ""', '"user": "u"'):
        assert open_ in page
    assert ("••••••" in page) != sees


def test_what_only_looks_like_a_secret_by_its_value_is_masked_too(plant, emulator):
    key = "-----BEGIN PRIVATE KEY-----\nMIIabc"
    emulator.faults([enos_devices({"deviceDesc": key}), failing("enos/devices")])
    plant.browser(Role.VIEWER).get("/enos/devices/")

    assert "MIIabc" not in detail(plant, "enos/devices", role=Role.VIEWER)
    assert "MIIabc" in detail(plant, "enos/devices", role=Role.OPERATOR)


def test_a_kind_with_json_columns_shows_text_where_a_structure_is_expected(plant, emulator):
    emulator.faults([enos_devices({"deviceTags": "plain <words>"}), failing("enos/devices")])
    plant.browser().get("/enos/devices/")

    assert "plain <words>" in detail(plant, "enos/devices")
