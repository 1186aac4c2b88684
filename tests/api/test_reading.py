"""Lists, objects, connections and operations as programs read them.

Would catch: a list that does not say what it covers, a parameter ignored in silence, pages with gaps or
in a circle, an old value that is shown as the present one, something of another team, a credential.
"""

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.kinds.registry import KINDS
from portal.operations.listing import PAGE
from portal.operations.models import Operation
from portal.teams.models import Role
from tests.api.calling import Api, body_of, path_of, problem_of
from tests.examples import EVERY_CREATE, EVERY_KIND, EVERY_UPDATE, EXAMPLES
from tests.resources.test_list_page import have_read, mirror
from tests.support.account import KEYS
from tests.support.plant import make_plant

pytestmark = pytest.mark.anywhere

BUS, GROUP, POLICY = "iotda/soft-buses", "iotda/device-groups", "iotda/policies"
QUERIES = 5  # session, person with teams and roles, connections, readings, rows
NOBODY = "00000000-0000-4000-8000-000000000000"


@EVERY_KIND
@pytest.mark.parametrize("role", [Role.VIEWER, Role.OWNER])
def test_a_list_says_what_it_covers(plant, slug, role):
    plant.refresh(slug)

    told = Api(plant, role).get(f"{slug}/").json()

    shown = {each["remote_id"] for each in told["items"]}
    assert shown == set(KINDS[slug].model.objects.present().values_list("remote_id", flat=True))
    assert told["total"] == {"count": len(shown), "is_more": False}
    (covered,) = told["covers"]
    assert covered["connection"]["id"] == str(plant.connection(KINDS[slug]).pk)
    assert covered["as_of"]
    assert covered["completeness"] in ("whole", "partly", "uncertain")
    assert covered["count"] == len(shown)


def test_a_list_that_was_never_read_does_not_read_as_empty(plant, refusing_port):
    plant.move(KINDS[BUS], refusing_port.url)

    told = Api(plant).get(f"{BUS}/").json()

    (covered,) = told["covers"]
    assert (told["items"], covered["completeness"], covered["as_of"]) == ([], "unread", None)
    assert covered["problem"]


def test_pages_follow_by_links_without_gaps_in_both_directions(plant, settings):
    settings.FRESH_SECONDS = 10**9
    names = [f"bus-{number:03}" for number in range(2 * 50 + 7)]
    mirror(plant, BUS, *names)
    have_read(plant, BUS)
    api, pages = Api(plant), []
    path = f"/api/v1/{BUS}/?sort=-name&connection={plant.connection(KINDS[BUS]).pk}&q=bus-"
    back = []
    while path:
        told = api.browser.get(path).json()
        pages.append([each["name"] for each in told["items"]])
        back.append(told["previous"])
        path = told["next"]

    assert sum(pages, []) == names[::-1]
    assert back[0] is None
    before = api.browser.get(back[-1]).json()
    assert [each["name"] for each in before["items"]] == pages[1]


@pytest.mark.parametrize("rows", [1, 45])
def test_a_list_takes_as_many_queries_for_many_rows_as_for_few(plant, settings, rows):
    settings.FRESH_SECONDS = 10**9
    mirror(plant, BUS, *(f"bus-{number}" for number in range(rows)))
    have_read(plant, BUS)
    api = Api(plant)

    with CaptureQueriesContext(database) as queries:
        assert len(api.get(f"{BUS}/").json()["items"]) == rows

    assert len(queries) == QUERIES


def test_a_place_behind_which_nothing_is_left_ends_the_walk(plant):
    row = plant.make(BUS)
    plant.refresh(BUS)
    place = f'["zzz","{row.remote_id}","","{row.connection_id.hex}"]'

    told = Api(plant).get(f"{BUS}/", after=place).json()

    assert (told["items"], told["next"]) == ([], None)


def test_filters_narrow_as_on_the_page(plant):
    plant.make(BUS)
    plant.refresh(BUS)
    row = KINDS[BUS].model.objects.get()

    assert Api(plant).get(f"{BUS}/", app_id=row.app_id).json()["total"]["count"] == 1
    assert Api(plant).get(f"{BUS}/", app_id="another").json()["total"]["count"] == 0
    assert Api(plant).get(f"{BUS}/", q=row.name.lower()).json()["total"]["count"] == 1


@pytest.mark.parametrize(
    "query",
    [
        {"app": "x"},
        {"connection": NOBODY},
        {"connection": "x"},
        {"sort": "size"},
        {"sort": ""},
        {"only": "new"},
        {"after": "x"},
        {"before": '["a"]'},
        {"after": '["a","b","00000000000000000000000000000000"]', "before": '["a","b"]'},
        {"q": " "},
        {"exactly": "yes"},
        {"app_id": ["a", "b"]},
        {"dry_run": "1"},
    ],
    ids=str,
)
def test_a_parameter_that_cannot_be_used_is_refused_and_named(plant, query):
    response = Api(plant).get(f"{BUS}/", **query)

    assert (response.status_code, problem_of(response)) == (400, "bad-request")
    assert set(response.json()["errors"]) <= set(query)


@EVERY_CREATE
def test_an_object_is_read_live_by_either_id(plant, slug):
    row = plant.make(slug)
    api = Api(plant)

    by_own, by_platforms = (api.get(f"{slug}/{id}/").json() for id in (row.pk, row.remote_id))

    assert by_own == {**by_platforms, "as_of": by_own["as_of"]}
    assert (by_own["is_stale"], by_own["remote_id"], by_own["id"]) == (False, row.remote_id, str(row.pk))
    names = {field.name for field in KINDS[slug].model.platform_fields()}
    assert set(by_own["values"]) <= names
    shown = {name: value for name, value in plant.data(slug).items() if name in by_own["values"]}
    assert {name: by_own["values"][name] for name in shown} == shown


@EVERY_CREATE
def test_an_object_that_the_mirror_lacks_is_asked_for(plant, slug):
    made = plant.made_in_the_console(slug)

    response = Api(plant).get(f"{slug}/{made['id']}/")

    assert response.json()["remote_id"] == made["id"]


@EVERY_CREATE
def test_an_object_that_cannot_be_read_is_shown_as_of_then_with_why(plant, slug, refusing_port):
    row = plant.make(slug)
    before = Api(plant).get(f"{slug}/{row.pk}/").json()
    plant.move(KINDS[slug], refusing_port.url)

    told = Api(plant).get(f"{slug}/{row.pk}/").json()

    assert (told["is_stale"], told["expected"]) == (True, None)
    assert told["problem"]["detail"]
    assert (told["values"], told["as_of"]) == (before["values"], before["as_of"])


def test_whether_an_unknown_object_exists_is_not_said_while_the_platform_is_away(plant, refusing_port):
    plant.move(KINDS[BUS], refusing_port.url)

    response = Api(plant).get(f"{BUS}/some-id/")

    assert (response.status_code, problem_of(response)) == (503, "unavailable")


@EVERY_UPDATE
@pytest.mark.parametrize("role", Role)
def test_what_can_be_done_is_said_by_role(plant, slug, role):
    row = plant.make(slug)

    told = Api(plant, role).get(f"{slug}/{row.pk}/").json()

    may = {each["name"]: not each["why_not"] for each in told["verbs"]}
    assert may["update"] is (role in (Role.OPERATOR, Role.MANAGER, Role.OWNER))
    assert may["delete"] is (role in (Role.MANAGER, Role.OWNER))
    assert bool(told["expected"]) is may["update"]


def test_a_gone_object_says_so(plant):
    row = plant.make(BUS)
    plant.perform(BUS, "delete", {}, target=row)

    told = Api(plant).get(f"{BUS}/{row.pk}/").json()

    assert told["state"] == "gone"
    assert told["gone_at"]


def test_the_root_names_what_is_there(plant):
    told = Api(plant).get("").json()

    assert {each["kind"] for each in told["kinds"]} == set(EXAMPLES)
    assert {each["kind"]: set(each["verbs"]) for each in told["kinds"]}[BUS] == {
        "create",
        "sync",
        "reset-key",
        "delete",
    }
    assert told["team"]["name"] == plant.team.name
    for each in told["kinds"]:
        assert Api(plant).get(each["url"]).status_code == 200


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OWNER])
def test_connections_are_named_without_credentials(plant, role):
    response = Api(plant, role).get("connections/")

    assert {each["name"] for each in response.json()["items"]} == {"iotda", "roma", "enos"}
    assert all(set(each) == {"id", "name", "platform"} for each in response.json()["items"])
    assert KEYS["access_key"] not in response.content.decode()


def test_operations_are_listed_newest_first_page_by_page(plant):
    plant.make(BUS)
    first = Operation.objects.get()
    for number in range(PAGE):
        copy = Operation.objects.get(pk=first.pk)
        copy.pk, copy.key, copy.made, copy.holds = None, f"k{number}", None, None
        copy._state.adding = True
        copy.save()
    api = Api(plant, Role.VIEWER)

    page = api.get("operations/").json()
    rest = api.get(page["next"]).json()

    assert len(page["items"]) == PAGE
    assert [each["id"] for each in rest["items"]] == [str(first.pk)]
    assert rest["next"] is None
    assert api.get("operations/", state="in_doubt").json()["items"] == []
    for query in ({"state": "odd"}, {"before": NOBODY}, {"before": "x"}, {"page": "2"}):
        assert api.get("operations/", **query).status_code == 400


def test_an_operation_is_shown_with_what_became_of_it(plant):
    told = Api(plant).post(path_of(BUS, "create"), body_of(plant, BUS)).json()["operation"]

    assert Api(plant, Role.VIEWER).get(told["url"]).json() == told
    assert (told["state"], told["verb"], told["kind"], told["via"]) == ("done", "create", BUS, "api")
    assert Api(plant).get(f"operations/{NOBODY}/").status_code == 404


@pytest.mark.parametrize("path", ["", "connections/", "operations/", f"{BUS}/"])
def test_what_belongs_to_another_team_is_not_there(plant, emulator, path):
    row = plant.make(BUS)
    other = make_plant(emulator.url, name="Harbour")

    text = Api(other, Role.OWNER).get(path).content.decode()

    for secret in (str(row.pk), str(row.connection_id), str(Operation.objects.get().pk), "Plant 3"):
        assert secret not in text


def test_the_pages_and_the_api_have_the_same_addresses(plant):
    row = plant.make(BUS)
    page = reverse("resources:detail", args=[KINDS[BUS], row.pk])

    assert Api(plant).get(f"/api/v1{page}").json()["url"] == f"/api/v1{page}"
