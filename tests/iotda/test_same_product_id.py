"""A product's id is unique inside its resource space only: two products of one id are two objects.

Would catch: one of the two that no list shows, a delete of another one than was shown, a lost create that is
settled by its namesake, a history, a mark or a reservation of one that stands at the other.
"""

import re

import pytest

from portal.iotda.models import Product
from portal.operations import settling
from portal.operations.models import Operation, State
from portal.record.models import Entry
from portal.resources import wanted
from portal.teams.models import Role
from tests.api.calling import Api
from tests.examples import EXAMPLES, match
from tests.operations.endings import due, in_doubt, text_of
from tests.resources.forms import changing, post, read, sendable
from tests.resources.listings import listed
from tests.resources.refreshes import answered, long_ago
from tests.support.account import SECOND_SPACE
from tests.support.plant import deletes_received, make_plant

PRODUCT = "iotda/products"
ID = "twice-the-same-id"


def data(plant, space="", **changes):
    return {**plant.data(PRODUCT), "product_id": ID, "app_id": space, **changes}


def in_console(plant, space="", **changes):
    return plant.made_in_the_console(PRODUCT, data(plant, space, **changes))


@pytest.fixture
def pair(plant):
    """The mirror rows of two products with one id; the second one in the second space."""
    return plant.perform(PRODUCT, data=data(plant)).target, plant.perform(
        PRODUCT, data=data(plant, SECOND_SPACE)
    ).target


def present(plant):
    """The spaces in which the platform has a product of this id."""
    items = plant.collection(PRODUCT).list().items
    return {item["app_id"] for item in items if item["id"] == ID}


def spaces_shown(**columns):
    rows = Product.objects.filter(remote_id=ID, **columns)
    return sorted(rows.values_list("app_id", flat=True))


def test_a_refresh_lists_both(plant):
    in_console(plant, name="here")
    in_console(plant, SECOND_SPACE, name="there")

    reading = plant.refresh(PRODUCT)

    browser = plant.browser()
    assert listed(browser.get(f"/{PRODUCT}/")).count(ID) == 2
    assert reading.is_complete
    for row in Product.objects.filter(remote_id=ID):
        page = browser.get(f"/{PRODUCT}/{row.pk}/")
        assert row.app_id in page.text
        assert row.name in page.text
    plant.refresh(PRODUCT)
    assert len(spaces_shown()) == 2


def test_a_page_of_a_list_may_end_between_the_two(plant, pair, monkeypatch):
    monkeypatch.setattr("portal.resources.listing.PAGE", 1)
    browser, seen, query = plant.browser(), [], "?q=" + ID
    for _page in range(3):
        response = browser.get(f"/{PRODUCT}/{query}")
        seen += re.findall(r'id="row-([0-9a-f-]{36})"', response.text)
        following = re.search(r'href="(\?[^"]*after=[^"]*)" id="next-page"', response.text)
        if not following:
            break
        query = following[1].replace("&amp;", "&")
    assert sorted(seen) == sorted(str(row.pk) for row in pair)
    assert wanted.Place.read(str(wanted.Place.of(pair[0]))) == wanted.Place.of(pair[0])


def test_the_platform_s_id_offers_both(plant, pair):
    response = plant.browser().get(f"/{PRODUCT}/{ID}/")

    assert response.status_code == 300
    assert "Two products have this id" in text_of(response)
    for row in pair:
        assert f'href="/{PRODUCT}/{row.pk}/"' in response.text
    deleting = plant.browser(Role.MANAGER).get(f"/{PRODUCT}/{ID}/delete/")
    assert f'href="/{PRODUCT}/{pair[1].pk}/delete/"' in deleting.text


def test_the_choice_names_the_spaces(plant, pair):
    plant.refresh("iotda/spaces")
    names = {each["id"]: each["name"] for each in plant.collection("iotda/spaces").list().items}
    text = text_of(plant.browser().get(f"/{PRODUCT}/{ID}/"))
    for row in pair:
        assert names[row.app_id] in text


def test_programs_are_told_both_addresses(plant, pair):
    api = Api(plant, Role.MANAGER)
    answers = api.get(f"{PRODUCT}/{ID}/"), api.post(f"{PRODUCT}/{ID}/delete/", {})
    for answer in answers:
        assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (409, "ambiguous")
        assert {each["url"] for each in answer.json()["objects"]} == {
            f"/api/v1/{PRODUCT}/{row.pk}/" for row in pair
        }
    assert api.get(f"{PRODUCT}/{pair[1].pk}/").json()["values"]["app_id"] == SECOND_SPACE


def test_the_only_one_that_is_there_or_may_be_seen_is_opened(plant, emulator, pair):
    plant.perform(PRODUCT, "delete", target=pair[0])
    assert SECOND_SPACE in plant.browser().get(f"/{PRODUCT}/{ID}/").text

    other = make_plant(emulator.url, name="Harbour")
    response = other.browser().get(f"/{PRODUCT}/{ID}/")
    assert response.status_code == 200
    assert SECOND_SPACE in response.text


def test_the_one_that_was_shown_is_deleted(plant, emulator):
    row = plant.perform(PRODUCT, data=data(plant)).target
    browser = plant.browser(Role.MANAGER)
    form = sendable(read(browser.get(changing(row, "delete"))).fields)
    plant.perform(PRODUCT, data=data(plant, SECOND_SPACE))  # a colleague

    response = post(browser, changing(row, "delete"), form)

    assert response.status_code == 302
    (request,) = deletes_received(emulator, PRODUCT)
    assert f"app_id={row.app_id}" in request["query"]
    assert (present(plant), spaces_shown(gone_at=None)) == ({SECOND_SPACE}, [SECOND_SPACE])


def test_a_delete_elsewhere_is_found_of_that_one(plant, pair):
    plant.refresh(PRODUCT)
    long_ago(PRODUCT)
    plant.collection(PRODUCT).delete(ID, app_id=SECOND_SPACE)

    plant.refresh(PRODUCT)

    assert spaces_shown(gone_at=None) == [pair[0].app_id]
    (entry,) = Entry.objects.filter(verb="found", object_id=ID)
    assert entry.object_scope == SECOND_SPACE


def test_a_delete_of_one_explains_no_change_of_the_other(plant, pair):
    """The portal deletes the one; somebody else then deletes the other."""
    plant.refresh(PRODUCT)
    plant.perform(PRODUCT, "delete", target=pair[0])
    plant.collection(PRODUCT).delete(ID, app_id=SECOND_SPACE)

    assert plant.browser().get(f"/{PRODUCT}/{pair[1].pk}/").status_code == 200

    (entry,) = Entry.objects.filter(verb="found", object_id=ID)
    assert (entry.object_scope, spaces_shown(gone_at=None)) == (SECOND_SPACE, [])


def test_a_namesake_made_elsewhere_is_found_although_ours_was_made_here(plant):
    plant.refresh(PRODUCT)
    plant.perform(PRODUCT, data=data(plant))
    in_console(plant, SECOND_SPACE)

    plant.refresh(PRODUCT)

    (entry,) = Entry.objects.filter(verb="found", object_id=ID)
    assert entry.object_scope == SECOND_SPACE


@pytest.mark.parametrize("space", ["", SECOND_SPACE], ids=["the default space", "the second space"])
@pytest.mark.parametrize("is_mirrored", [True, False])
def test_a_lost_create_is_found_beside_its_namesake(plant, emulator, space, is_mirrored):
    other = SECOND_SPACE if space == "" else ""
    if is_mirrored:
        plant.perform(PRODUCT, data=data(plant, other))
    else:
        in_console(plant, other)
    lost = in_doubt(plant, emulator, PRODUCT, data(plant, space), committed=True)
    due()
    settling.settle_due()

    lost.refresh_from_db()
    assert (lost.state, lost.object_id) == (State.FOUND, ID)
    assert (lost.target.app_id == SECOND_SPACE) == (space == SECOND_SPACE)


@pytest.mark.parametrize("space", ["", SECOND_SPACE], ids=["the default space", "the second space"])
def test_a_lost_create_is_absent_in_its_space_whatever_its_namesake_does(plant, emulator, settings, space):
    other = SECOND_SPACE if space == "" else ""
    lost = in_doubt(plant, emulator, PRODUCT, data(plant, space))
    namesake = plant.perform(PRODUCT, data=data(plant, other)).target
    plant.perform(PRODUCT, "delete", target=namesake)
    settings.SETTLE_SECONDS = 0
    for _look in range(3):
        settling.look_again(lost, actor=lost.actor)

    lost.refresh_from_db()
    assert lost.state == State.ABSENT, lost.looks[-1]


def test_a_lost_create_is_found_deleted_in_its_own_space(plant, emulator):
    """Both are deleted through the portal before anybody looks."""
    plant.perform(PRODUCT, data=data(plant))
    lost = in_doubt(plant, emulator, PRODUCT, data(plant, SECOND_SPACE), committed=True)
    plant.refresh(PRODUCT)
    for row in Product.objects.filter(remote_id=ID):
        plant.perform(PRODUCT, "delete", target=row)
    due()
    settling.settle_due()

    lost.refresh_from_db()
    assert (lost.state, lost.object_scope) == (State.FOUND, SECOND_SPACE)
    assert lost.looks[-1]["words"]["code"] == "look.deleted_found"


def test_two_lost_creates_of_one_id_are_both_found(plant, emulator):
    default = plant.collection("iotda/spaces").list().items
    default = next(each["id"] for each in default if each["default_app"])
    lost = [
        in_doubt(plant, emulator, PRODUCT, data(plant, space), committed=True)
        for space in (default, SECOND_SPACE)
    ]
    due()
    settling.settle_due()

    for each in lost:
        each.refresh_from_db()
    assert [each.state for each in lost] == [State.FOUND, State.FOUND]
    assert len({each.made for each in lost}) == 2


def test_each_page_has_its_own_history(plant, emulator, pair):
    emulator.faults([{"match": match(PRODUCT, "delete"), "fault": "reset"}])
    deleting = plant.perform(PRODUCT, "delete", target=pair[1], reason="over there")
    emulator.faults([])
    assert deleting.state == State.IN_DOUBT
    browser = plant.browser(Role.MANAGER)
    here, there = (browser.get(f"/{PRODUCT}/{row.pk}/") for row in pair)
    assert f"/operations/{deleting.pk}/" in there.text
    assert f"/operations/{deleting.pk}/" not in here.text
    entries = {row: list(Entry.objects.filter(object_id=ID, object_scope=row.app_id)) for row in pair}
    for row, page, other in ((pair[0], here, pair[1]), (pair[1], there, pair[0])):
        for entry in entries[row]:
            assert (str(entry.operation) in page.text) == (str(entry.operation) not in (None, "")), row
        assert not any(str(entry.operation) in page.text for entry in entries[other])
    again = browser.get(f"{changing(pair[0], 'delete')}?from={deleting.pk}")
    assert "over there" not in again.text


def test_two_changes_of_the_two_do_not_wait_for_each_other(plant, emulator, pair):
    emulator.faults([{"match": match(PRODUCT, "delete"), "fault": "reset"}])
    for row in pair:
        assert plant.perform(PRODUCT, "delete", target=row).state == State.IN_DOUBT
    emulator.faults([])
    for row in pair:
        again = plant.perform(PRODUCT, "delete", target=row)
        assert (again.state, again.cause) == (State.NOT_SENT, "busy")


def test_one_operation_key_is_not_for_both(plant, pair):
    browser = plant.browser(Role.MANAGER)
    form = sendable(read(browser.get(changing(pair[0], "delete"))).fields)
    assert post(browser, changing(pair[0], "delete"), form).status_code == 302
    other = sendable(read(browser.get(changing(pair[1], "delete"))).fields)
    other["operation_key"] = form["operation_key"]
    assert post(browser, changing(pair[1], "delete"), other).status_code == 409
    assert present(plant) == {SECOND_SPACE}


@pytest.mark.parametrize("by", ["a refresh", "its page", "a change"])
def test_a_row_of_an_unknown_space_moves_to_its_space(plant, by):
    in_console(plant)
    plant.refresh(PRODUCT)
    Product.objects.filter(remote_id=ID).update(scope="", app_id="")
    (pk,) = Product.objects.filter(remote_id=ID).values_list("pk", flat=True)
    if by == "a refresh":
        long_ago(PRODUCT)
        in_console(plant, SECOND_SPACE)
        plant.refresh(PRODUCT)
    elif by == "its page":
        plant.browser().get(f"/{PRODUCT}/{pk}/")
    else:
        plant.collection(PRODUCT).delete(ID)
        assert plant.perform(PRODUCT, data=data(plant)).state == State.DONE

    rows = dict(Product.objects.filter(remote_id=ID).values_list("pk", "scope"))
    assert len(rows) == (2 if by == "a refresh" else 1)
    assert rows[pk]
    assert all(row.scope == row.app_id for row in Product.objects.filter(remote_id=ID))


def test_an_answer_about_the_other_one_is_no_answer(plant, emulator, pair):
    lost = in_doubt(plant, emulator, PRODUCT, data(plant, SECOND_SPACE, product_id="lost"))
    body = {**EXAMPLES[PRODUCT].calls["get"].good, "app_id": pair[0].app_id}
    bodies = [{**body, "product_id": ID, "name": "theirs"}, {**lost.data, **body, "product_id": "lost"}]
    for answer in bodies:
        emulator.faults([answered(PRODUCT, "get", answer)])
        if answer["product_id"] == ID:
            page = plant.browser().get(f"/{PRODUCT}/{pair[1].pk}/")
            assert "answered with a different object" in text_of(page)
            assert not Product.objects.filter(name="theirs").exists()
        else:
            due()
            settling.settle_due()
            lost.refresh_from_db()
            assert (lost.state, lost.looks[-1]["verdict"]) == (State.IN_DOUBT, "failed")


def test_a_change_that_began_before_the_space_was_known_keeps_others_off(plant, emulator):
    row = plant.perform(PRODUCT, data=data(plant)).target
    Product.objects.filter(pk=row.pk).update(scope="", app_id="")
    emulator.faults([{"match": match(PRODUCT, "delete"), "fault": "reset"}])
    first = plant.perform(PRODUCT, "delete", target=Product.objects.get(pk=row.pk))
    emulator.faults([])
    assert (first.state, first.object_scope) == (State.IN_DOUBT, "")
    page = plant.browser().get(f"/{PRODUCT}/{row.pk}/")
    assert f"/operations/{first.pk}/" in page.text

    second = plant.perform(PRODUCT, "delete", target=Product.objects.get(pk=row.pk))

    assert second.object_scope
    assert (second.state, second.cause) == (State.NOT_SENT, "busy")


def test_a_row_of_an_unknown_space_ends_where_its_space_has_one(plant, pair):
    double = Product.objects.create(connection=pair[0].connection, remote_id=ID, name="double")

    response = plant.browser().get(f"/{PRODUCT}/{double.pk}/")

    assert response.status_code == 200
    assert sorted(Product.objects.filter(remote_id=ID).values_list("pk", flat=True)) == sorted(
        row.pk for row in pair
    )


def test_an_operation_finds_its_row_before_and_after_the_space_is_known(plant):
    made = plant.perform(PRODUCT, data=data(plant))
    Operation.objects.filter(pk=made.pk).update(object_scope="")
    assert Operation.objects.get(pk=made.pk).target.scope == made.object_scope
    Operation.objects.filter(pk=made.pk).update(object_scope=made.object_scope)
    Product.objects.filter(remote_id=ID).update(scope="")
    assert Operation.objects.get(pk=made.pk).target is not None
