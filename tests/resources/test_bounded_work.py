"""What a press may cost: who may not is told before their input is parsed, and the first problems are enough.

Would catch: a form that is validated for somebody without the right, a page with a hundred thousand errors,
an error that quotes the whole input, work that grows faster than what was typed.
"""

import json
import time
from dataclasses import replace
from itertools import cycle

import pytest

from portal.kinds import validating
from portal.kinds.registry import KINDS
from portal.platforms import answers, contract
from portal.platforms.enos.contract.models import attribute_problems
from portal.record.models import Body, Entry
from portal.teams.models import Role
from tests.examples import EVERY_CREATE, EVERY_DELETE, EVERY_UPDATE, EXAMPLES
from tests.resources.forms import HTMX, changing, edited, encoded, post, read, script, send
from tests.support.plant import Browser

pytestmark = pytest.mark.anywhere

LARGE = json.dumps([{"effect": "NEVER", "actions": ["x"], "resources": ["y"]}] * 1_200)  # 250 KB encoded


@pytest.fixture
def from_now_on(monkeypatch):
    """from_now_on(): no JSON may be parsed and no rule applied any more."""

    def fail(*about):
        pytest.fail(f"read or judged: {str(about)[:200]}")

    def forbid():
        monkeypatch.setattr(answers, "parse", fail)
        monkeypatch.setattr(contract.Field, "problems", fail)

    return forbid


def told(entry):
    return json.loads(Body.objects.get(seq=entry.seq).text)


@EVERY_CREATE
def test_who_may_not_create_is_told_before_anything_is_validated(plant, emulator, from_now_on, slug):
    example = EXAMPLES[slug]
    posted = script(slug, plant, **dict.fromkeys(example.json_fields, LARGE))
    before = len(emulator.requests())
    from_now_on()

    response = send(plant.browser(Role.VIEWER), slug, posted)

    assert response.status_code == 403
    entry = Entry.objects.get()
    name = plant.data(slug)[example.named_by]
    assert (entry.outcome, entry.verb, entry.connection_id) == ("denied", "create", posted["connection"])
    assert isinstance(name, dict) or name in told(entry)["data"].values()
    assert emulator.requests(before) == []


@EVERY_UPDATE
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_who_may_not_change_is_told_before_anything_is_validated(plant, from_now_on, slug, headers):
    row = plant.make(slug)
    from_now_on()
    posted = script(slug, plant, "update", expected=LARGE, **dict.fromkeys(EXAMPLES[slug].json_fields, LARGE))

    response = post(plant.browser(Role.VIEWER), changing(row, "update"), posted, **headers)

    assert response.status_code == 403
    entry = Entry.objects.latest("seq")
    assert (entry.outcome, entry.verb, entry.object_id) == ("denied", "update", row.remote_id)


@EVERY_DELETE
def test_who_may_not_delete_is_told_so_whatever_was_typed(plant, slug):
    row = plant.make(slug)

    response = post(plant.browser(Role.OPERATOR), changing(row, "delete"), {"reason": "x" * 900_000})

    assert response.status_code == 403
    entry = Entry.objects.latest("seq")
    assert (entry.outcome, entry.verb, entry.object_id) == ("denied", "delete", row.remote_id)
    assert 0 < len(entry.reason) <= 256


@EVERY_CREATE
def test_a_denial_keeps_neither_long_texts_nor_secrets(plant, slug):
    example = EXAMPLES[slug]
    posted = script(slug, plant, **{example.named_by: "x" * 97_000})

    send(plant.browser(Role.VIEWER), slug, posted)

    entry = Entry.objects.get()
    assert len(entry.object_name) <= 256
    assert "x" * 257 not in Body.objects.get(seq=entry.seq).text


# Problems


def rules(slug):
    """Every rule of the kind's forms, also those inside of lists and objects."""

    def within(rule):
        yield rule
        for part in (*rule.fields, rule.items, rule.keys, rule.values):
            if part:
                yield from within(part)

    for verb in KINDS[slug].verbs:
        for rule in getattr(verb.form, "contract", ()):
            yield from within(rule)


def many(rule):
    """A hundred thousand entries, each of them wrong."""
    return [object] * 100_000 if rule.kind is list else {f"k {number}": object for number in range(100_000)}


@EVERY_CREATE
def test_a_hundred_thousand_entries_are_a_hundred_problems_at_most(slug, monkeypatch):
    judged = []
    problems = contract.Field.problems

    def counted(rule, *about):
        judged.append(rule)
        return problems(rule, *about)

    monkeypatch.setattr(contract.Field, "problems", counted)
    for rule in rules(slug):
        if rule.kind in (list, dict):
            alone = replace(rule, check=None)  # of the whole value, so it would be one more
            data = {validating.snake(rule.name): many(rule)}
            told = [validating.sentence(*problem) for problem in validating.problems((alone,), data)]
            assert len(told) <= contract.PROBLEMS_MAX + 1
            assert len(told) == 1 or rule.max_items is None
            assert len(told) <= contract.PROBLEMS_MAX or "And more" in told[-1]
    assert len(judged) < 5_000


@EVERY_CREATE
def test_no_pattern_is_slow(slug, seconds):
    for rule in rules(slug):
        if rule.kind is str:
            for text in (
                "a" * 200_000 + "!",
                "a-" * 100_000 + "\n",
                "_" * 200_000 + "\0",
                "a_A" * 70_000 + "€",
            ):
                began = time.thread_time()
                list(rule.problems(text))
                assert time.thread_time() - began < seconds / 5, rule.name


@pytest.mark.parametrize("count", [99, 100, 101, 5_000])
def test_problems_that_are_left_out_are_spoken_of(count):
    values = {f"no-such-{number}": 1 for number in range(count)}

    told = list(contract.first(attribute_problems({}, values, "x"), "x"))

    assert len(told) == min(count, 101)
    assert (told[-1].code == "more") is (count > 100)


def test_the_name_of_a_member_is_not_quoted_whole():
    for problem in attribute_problems({}, {"k" * 97_000: 1}):
        assert len(str(problem)) < 200


# Nonsense

SIZE = 97_000
PLAIN = {"quotes": '"' * SIZE, "brackets": "[" * SIZE, "digits": "9" * SIZE}
JSON = {
    **PLAIN,
    "apostrophes": "'" * SIZE,
    "half objects": '{"a":' * (SIZE // 5),
    "escapes": '\\"' * (SIZE // 2),
    "signs": "<&" * (SIZE // 2),
    "empty objects": json.dumps([{}] * (SIZE // 4)),
    "fewer empty objects": json.dumps([{}] * 7_000),
    "numbers": json.dumps([1] * (SIZE // 3)),
    "statements": json.dumps([{"effect": "A"}] * 5_000 + [{}] * 5_000),
    "actions": json.dumps([{"effect": "ALLOW", "actions": ["\r" * 40_000], "resources": ["topic:/a"]}]),
    "tags": json.dumps({f"k {number}": " v" for number in range(6_000)}),
    "languages": json.dumps({"defaultValue": "n", "i18nValue": {f"x{n}": "n" * 99 for n in range(800)}}),
    "one long key": json.dumps({"k " * 30_000: {str(number): number for number in range(3_000)}}),
}
PAGE_MAX = 500_000  # bytes
ERRORS_MAX = 20_000  # characters that the errors of one page take


@pytest.fixture(scope="module")
def seconds():
    """CPU seconds that this machine takes now for what takes an idle one about five: far more than any page
    may take, and far less than work that grows with the square of what was typed."""

    def work():
        began = time.thread_time()
        sum(len(str(number)) for number in range(400_000))
        return time.thread_time() - began

    return 100 * min(work() for _round in range(3))


def ask(seconds, do):
    """The response; asserts that it took less CPU than that and is no large page."""
    began = time.thread_time()
    response = do()
    assert time.thread_time() - began < seconds
    assert len(response.content) < PAGE_MAX
    assert response.status_code < 500
    return response


def nonsense(slug, names):
    """(name, text): one text for each plain field; all structures, in turn, for the JSON fields."""
    structured = EXAMPLES[slug].json_fields
    yield from zip((name for name in names if name not in structured), cycle(PLAIN.values()), strict=False)
    yield from zip(cycle(structured), JSON.values(), strict=False)


@EVERY_CREATE
def test_nonsense_costs_little_and_is_a_small_page(plant, emulator, seconds, slug):
    browser = plant.browser()
    names = ["connection", "operation_key", *plant.data(slug), *EXAMPLES[slug].json_fields]

    for name, text in nonsense(slug, dict.fromkeys(names)):
        posted = script(slug, plant, **{name: text})
        response = ask(seconds, lambda posted=posted: send(browser, slug, posted))
        page = read(response)
        assert sum(map(len, page.errors.values())) < ERRORS_MAX, (name, text[:20])
        if name in EXAMPLES[slug].json_fields:
            assert page.fields[name] == [text]  # typed is typed
            posted |= {"touch": f"{name}:add", f"{name}_editor": "1"}
            ask(seconds, lambda posted=posted: send(browser, slug, posted))


@pytest.mark.full
@EVERY_UPDATE
def test_nonsense_in_an_edit_costs_little_and_is_a_small_page(plant, seconds, slug):
    browser, row = plant.browser(), plant.make(slug)
    opened = edited(browser, slug, row)

    for name, text in nonsense(slug, [*plant.data(slug, "update"), "expected"]):
        posted = opened.copy()
        posted[name] = text
        response = ask(seconds, lambda posted=posted: post(browser, changing(row, "update"), posted))
        assert sum(map(len, read(response).errors.values())) < ERRORS_MAX, (name, text[:20])


OTHER_FORMS = {
    "connections": ("/connections/new/", "name endpoint project_id region access_key", {"platform": "iotda"}),
    "sign-ins": ("/connections/new/", "sign_in signature edition", {"platform": "iotda", "sign_in": "keys"}),
    "teams": ("/teams/new/", "name email", {}),
    "sign-in": ("/accounts/login/", "login password next", {}),
    "a password": ("/accounts/password/change/", "oldpassword password1 password2", {}),
}
ADDRESSES = {
    "/iotda/soft-buses/": "q connection after app_id mark kept",
    "/enos/devices/": "q status product_key",
    "/operations/": "state before mark",
    "/audit/": "actor verb kind outcome since until object before",
    "/iotda/policies/new/": "policy_name statement app_id from kept connection",
    "/enos/devices/new/": "device_name timezone product_key",
    "/accounts/login/": "next",
    "/connections/new/": "platform sign_in kept name",
}


@pytest.mark.parametrize(("address", "names", "more"), OTHER_FORMS.values(), ids=OTHER_FORMS)
def test_nonsense_in_other_forms_costs_little_and_is_a_small_page(plant, seconds, address, names, more):
    owner = plant.people[Role.OWNER]
    owner.is_portal_admin = True
    owner.save()
    browser = Browser(plant) if "login" in address else plant.browser(Role.OWNER)

    for name in names.split():
        for text in (PLAIN["quotes"], "a@" + "b." * (SIZE // 2), "https://" + "a-" * (SIZE // 2)):
            ask(seconds, lambda name=name, text=text: post(browser, address, {**more, name: text}))


@pytest.mark.parametrize(("address", "names"), ADDRESSES.items(), ids=ADDRESSES)
def test_nonsense_in_an_address_costs_little_and_is_a_small_page(plant, seconds, address, names):
    browser = Browser(plant) if "login" in address else plant.browser(Role.OWNER)

    for name in names.split():
        for text in ('"' * 20_000, "9" * 60_000):
            ask(seconds, lambda name=name, text=text: browser.get(f"{address}?{encoded({name: text})}"))
