"""Every kind has an Example, and each Example says all that generic tests need of it.

Would catch: a new kind, verb or platform call that goes untested in silence.
"""

import re
from dataclasses import replace

import pytest

from portal.kinds.registry import KINDS
from portal.platforms import collections_of
from portal.platforms.collection import Collection
from portal.platforms.enos.client import EnOS
from portal.platforms.iotda.client import IoTDA
from portal.platforms.roma.client import ROMA
from tests.examples import EXAMPLES, FILES
from tests.platforms.every_call import SPECS
from tests.support.plant import fields_of

CLIENTS = {"iotda": IoTDA, "roma": ROMA, "enos": EnOS}
HOW = "tests/support/example.py says what an Example may hold."
WHERE = {"create": "`create`", "update": "`update`", "delete": 'the call "delete" to `calls`'}


def file_of(slug):
    return f"tests/examples/{module_of(slug)}.py"


def module_of(slug):
    return slug.replace("/", "_").replace("-", "_")


def of_kinds_and_files(kinds, examples, files):
    """Sentences that say what to write, and where."""
    for slug in kinds.keys() - examples.keys():
        written = f'EXAMPLE = Example(slug="{slug}", ...)'
        yield f"{slug} has no Example: write {file_of(slug)} with {written}. {HOW}"
    for slug in examples.keys() - kinds.keys():
        yield f"{slug} has an Example, but no app registers this kind: remove {file_of(slug)}."
    for module, example in files.items():
        if module != module_of(example.slug):
            yield f"tests/examples/{module}.py is about {example.slug}: call it {file_of(example.slug)}."


def of_verbs(kind, example):
    file = file_of(kind.slug)
    registered = {verb.name for verb in kind.verbs}
    for verb in registered - set(example.changes):
        where = WHERE.get(verb, f'"{verb}" and its data to `verbs`')
        yield f"{kind.slug} has the verb {verb}, which its Example does not name: add {where} in {file}."
    for verb in set(example.changes) - registered:
        yield f"The Example of {kind.slug} names the verb {verb}, which the kind does not have: see {file}."
    for name in ({"list", "get"} | registered) - set(example.calls):
        yield f'{kind.slug}: how does "{name}" go over the wire? Add it to `calls` in {file}. {HOW}'
    for verb in set(example.verbs) - set(example.may):
        yield f"{kind.slug}: who may {verb}? Add the least role to `may` in {file}. {HOW}"
    for verb in set(example.verbs) - set(example.effects):
        yield f"{kind.slug}: how does one see that {verb} has happened? Add it to `effects` in {file}."


def of_data(kind, example):
    file = file_of(kind.slug)
    if kind.collection != example.collection:
        yield f"{kind.slug}: its client's collection is to be called {example.collection}, as its slug says."
    if example.create is not None:
        for name in ("named_by", "broken"):
            if not getattr(example, name):
                yield f"{kind.slug} can be created: say `{name}` in {file}. {HOW}"
    if example.update is not None and set(example.update) != set(fields_of(kind)):
        edited = ", ".join(sorted(fields_of(kind)))
        yield f"`update` in {file} must say another value for each field that the verb edits: {edited}."
    if (example.secrets or example.shown_once) and "secrets" not in example.varieties:
        yield f'{kind.slug} has secrets: add data that holds them to `varieties` in {file}, as "secrets".'
    own_typing = type(example).__dataclass_fields__["type_in"].default is not example.type_in
    if own_typing and not (example.by_hand and example.by_keyboard and example.in_json):
        yield f"{kind.slug} has a form of its own: say `by_hand`, `by_keyboard` and `in_json` in {file}."


def of_clients(clients, kinds, specs):
    """What the clients can ask, and no Example names."""
    tried = {(spec.platform, spec.name) for spec in specs}
    for platform, client in clients.items():
        of_platform = {kind.collection: kind for kind in kinds.values() if kind.platform == platform}
        for attribute, collection in sorted(collections_of(platform).items()):
            kind = of_platform.get(attribute)
            for name in calls_of(collection):
                if (platform, f"{name.replace('_', ' ')} {attribute}") not in tried:
                    place = f"`calls` in {file_of(kind.slug)}" if kind else "tests/platforms/every_call.py"
                    asked = f'{client.__name__}.{attribute} can ask "{name}"'
                    yield f"{asked}, which no test does: add it to {place}."


def calls_of(collection):
    """Names of the calls that the class of a collection adds to those of Collection.

    By convention a read begins with `get` or `list`, and `<name>_call` builds what changes something. The
    calls of Collection itself are asked for by the kind's verbs (of_verbs).
    """
    classes = type(collection).__mro__
    own = {name for each in classes[: classes.index(Collection)] for name in vars(each)}
    built = {name.removesuffix("_call") for name in own if name.endswith("_call")}
    read = {name for name in own if re.fullmatch(r"(get|list)(_\w+)?", name) and not name.endswith("_call")}
    return sorted(built | read)


def test_each_kind_has_an_example_and_each_example_a_kind():
    told = list(of_kinds_and_files(KINDS, EXAMPLES, FILES))
    assert told == [], "\n".join(told)


@pytest.mark.parametrize("slug", sorted(KINDS.keys() & EXAMPLES.keys()))
def test_an_example_says_what_is_needed(slug):
    kind, example = KINDS[slug], EXAMPLES[slug]
    told = [*of_verbs(kind, example), *of_data(kind, example)]
    assert told == [], "\n".join(told)


def test_every_call_of_a_client_is_tried():
    told = list(of_clients(CLIENTS, KINDS, SPECS))
    assert told == [], "\n".join(told)


# The checks themselves

BUSES = KINDS["iotda/soft-buses"]
BUS = EXAMPLES["iotda/soft-buses"]


def test_a_kind_without_an_example_is_told():
    (told,) = of_kinds_and_files({"iotda/new-things": BUSES}, {}, {})
    assert "write tests/examples/iotda_new_things.py" in told


def test_an_example_without_a_kind_is_told():
    (told,) = of_kinds_and_files({}, {BUS.slug: BUS}, {})
    assert "remove tests/examples/iotda_soft_buses.py" in told


def test_a_file_of_another_name_is_told():
    (told,) = of_kinds_and_files({BUS.slug: BUSES}, {BUS.slug: BUS}, {"buses": BUS})
    assert "tests/examples/buses.py is about iotda/soft-buses" in told


@pytest.mark.parametrize("verb", ["create", "delete", "sync"])
def test_a_verb_that_its_example_does_not_name_is_told(verb):
    calls = {name: call for name, call in BUS.calls.items() if name != verb}
    lacking = {
        "create": {"create": None, "varieties": {}},
        "delete": {},
        "sync": {"verbs": {"reset-key": {}}},
    }[verb]
    told = list(of_verbs(BUSES, replace(BUS, calls=calls, **lacking)))
    assert len(told) == 2
    assert f"has the verb {verb}, which its Example does not name" in told[0]
    assert f'how does "{verb}" go over the wire?' in told[1]


def test_a_call_that_nobody_tries_is_told():
    specs = [spec for spec in SPECS if str(spec) not in ("iotda sync soft_buses", "enos get models")]
    before = set(of_clients(CLIENTS, KINDS, SPECS))
    told = [each for each in of_clients(CLIENTS, KINDS, specs) if each not in before]
    assert len(told) == 2
    assert 'IoTDA.soft_buses can ask "sync"' in told[0]
    assert "tests/examples/iotda_soft_buses.py" in told[0]
    assert 'EnOS.models can ask "get"' in told[1]
    assert "tests/platforms/every_call.py" in told[1]
