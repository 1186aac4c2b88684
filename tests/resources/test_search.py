"""The search box finds what a person means, in any script, on either database.

Would catch: a database's own idea of case, two ways to write one letter that differ, a key or a name in
another language that is not searched, a row that one way of writing the mirror leaves out.
"""

from importlib import import_module

import pytest
from django.apps import apps

from portal.kinds import search
from portal.kinds.registry import KINDS
from portal.outside import folded
from portal.platforms.collection import narrowed
from portal.record.models import Entry
from portal.teams.models import Role
from tests.audit.test_pages import shown
from tests.examples import EVERY_CREATE, EVERY_UPDATE, EXAMPLES
from tests.resources.listings import enos_devices, iotda_devices, listed, tree

GROUP = "roma/device-groups"
NFD_CAFE, NFC_CAFE = "Cafe\u0301", "Caf\u00e9"
FINDS = [
    ("Кран-7", "кран"),
    ("Кран-7", "КРАН-7"),
    ("Ärzte", "ärzte"),
    ("A\u0308rzte", "ÄRZTE"),
    (NFC_CAFE, "café"),
    (NFD_CAFE, "café"),
    (NFC_CAFE, "cafe\u0301"),
    ("Straße", "STRASSE"),
    ("ΣΊΣΥΦΟΣ", "σίσυφος"),
    ("İzmir", "İZMİR"),
    ("Isparta", "ısparta"),
    ("泵站Ａ１", "泵站a1"),
    ("ﾎﾟﾝﾌﾟ", "ポンプ"),
    ("한글", "\u1112\u1161\u11ab글"),
    ("pu\u200bmp\u00ad", "PUMP"),
    ("north  pump", "north pump"),
    ("50%_done\\", "50%_DONE\\"),
]


@pytest.mark.parametrize(("name", "typed"), FINDS)
def test_a_name_is_found_however_its_letters_are_written(plant, emulator, name, typed):
    emulator.faults([tree((20_001, name), (30_002, "other"))])

    assert listed(plant.browser().get(f"/{GROUP}/", {"q": f" {typed} "})) == ["20001"]


@pytest.mark.parametrize(("name", "typed"), FINDS)
def test_pickers_fold_like_lists(name, typed):
    items = [{"id": "1", "name": name}, {"id": "2", "name": "other"}]
    assert [item["id"] for item in narrowed(items, search=typed)] == ["1"]


@pytest.mark.parametrize("typed", ["%", "_", "50%d", "кранъ", "cafes"])
def test_what_is_not_there_is_not_found(plant, emulator, typed):
    emulator.faults([tree((20_001, "Кран"), (20_002, NFD_CAFE), (20_003, "50 done"))])

    assert listed(plant.browser().get(f"/{GROUP}/", {"q": typed})) == []


@pytest.mark.parametrize("typed", ["главный насос", "主泵", "ODD0", "Key-ДО", "prod-É", "main"])
def test_devices_are_found_by_every_name_and_key(plant, emulator, typed):
    names = {"defaultValue": "Main", "i18nValue": {"ru_RU": "Главный насос", "zh_CN": "主泵"}}
    first = {"deviceName": names, "deviceKey": "key-до", "productKey": "Prod-e\u0301"}
    emulator.faults([enos_devices(first, {"deviceName": {"defaultValue": "X"}})])

    assert listed(plant.browser().get("/enos/devices/", {"q": typed})) == ["odd0"]


def test_devices_are_found_by_their_node(plant, emulator):
    emulator.faults([iotda_devices({"node_id": "ЩИТ-1"}, {"node_id": "щит-2"})])

    assert listed(plant.browser().get("/iotda/devices/", {"q": "щит-1"})) == ["odd0"]


def test_two_fields_that_stand_beside_each_other_are_not_one(plant, emulator):
    emulator.faults([iotda_devices({"device_name": "ab", "node_id": "cd"})])

    for typed in ("abodd0", "ab odd0", "odd0cd"):
        assert listed(plant.browser().get("/iotda/devices/", {"q": typed})) == []


@pytest.mark.parametrize("typed", ["кран", "КРАН-7", "hall"])
def test_the_audit_log_finds_an_object_by_what_it_is_called_and_what_it_was(plant, typed):
    row, other = plant.make(GROUP, name="hall"), plant.make("iotda/policies")
    KINDS[GROUP].model.objects.filter(pk=row.pk).update(search_text=folded("Кран-7"))

    page = plant.browser(Role.OWNER).get("/audit/", {"object": typed})

    created = Entry.objects.get(kind=GROUP, verb="create", stage="intent")
    assert shown(page) == [created.seq]
    assert other.name not in page.content.decode()


def texts(slug):
    kind = KINDS[slug]
    rows = list(kind.model.objects.all())
    assert rows
    return [(row.search_text, search.text(row, kind.model.searched)) for row in rows]


@EVERY_CREATE
def test_every_way_to_write_the_mirror_fills_it(plant, slug):
    row = plant.make(slug)
    assert all(is_ == should for is_, should in texts(slug))  # by the answer to a create
    plant.browser().get(f"/{slug}/{row.pk}/")
    assert all(is_ == should for is_, should in texts(slug))  # by a single read
    KINDS[slug].model.objects.all().delete()
    plant.browser().get(f"/{slug}/")
    assert all(is_ == should and should for is_, should in texts(slug))  # by a listing


@EVERY_UPDATE
def test_a_new_name_is_found_and_the_old_one_is_not(plant, slug):
    row = plant.make(slug)
    plant.perform(slug, "update", plant.theirs(slug, "Renamed1"), target=row)
    plant.browser().get(f"/{slug}/{row.pk}/")

    browser = plant.browser()
    assert row.remote_id in listed(browser.get(f"/{slug}/", {"q": "rENAMED1"}))
    if EXAMPLES[slug].name not in (row.remote_id, EXAMPLES[slug].create[EXAMPLES[slug].named_by]):
        assert row.remote_id not in listed(browser.get(f"/{slug}/", {"q": EXAMPLES[slug].name}))


@pytest.mark.full
@pytest.mark.parametrize("app", ["iotda", "roma", "enos"])
def test_the_migration_fills_rows_of_an_earlier_version(plant, app):
    """It names the fields itself, because models change after a migration was written."""
    migration = import_module(f"portal.{app}.migrations.0002_the_mirror_keeps_what_is_shown")
    models = {kind.model._meta.model_name: kind for kind in KINDS.values() if kind.platform == app}
    assert set(migration.SEARCHED) == set(models)
    for name, kind in models.items():
        assert migration.SEARCHED[name] == kind.model.searched
        connection = plant.connection(kind)
        rows = [
            kind.model(connection=connection, remote_id=f"{number}", name=f"Кран {number}")
            for number in range(search.CHUNK + 1)
        ]
        kind.model.objects.bulk_create(rows)

    migration.fill(apps, None)

    for kind in models.values():
        found = kind.model.objects.filter(search_text__contains=folded("КРАН"))
        assert found.count() == search.CHUNK + 1
