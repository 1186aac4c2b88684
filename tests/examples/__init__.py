"""One Example of each kind, found by walking this folder: a new kind adds a file and changes none.

`iotda_soft_buses.py` holds EXAMPLE, the Example of iotda/soft-buses. What it may say stands in
tests/support/example.py; tests/test_examples.py says what is missing.

Below are the ways to ask for "each kind that can be created", and so on. A generic test is marked with
EVERY_CREATE, for example, and knows no kind by name.
"""

import importlib
import pkgutil

import pytest

from tests.support.example import Example


def example_in(module):
    """The Example of one file; raises AttributeError when it holds none."""
    return importlib.import_module(f"{__name__}.{module}").EXAMPLE


FILES = {module.name: example_in(module.name) for module in pkgutil.iter_modules(__path__)}
EXAMPLES: dict[str, Example] = {example.slug: example for example in FILES.values()}


def able_to(verb):
    """Slugs of the kinds that have the verb."""
    return [slug for slug, example in EXAMPLES.items() if verb in example.changes]


def creating():
    return able_to("create")


def updating():
    return able_to("update")


def deleting():
    return able_to("delete")


def only_read():
    return [slug for slug, example in EXAMPLES.items() if not example.changes]


def every_change():
    """[(slug, verb)], every verb of every kind."""
    return [(slug, verb) for slug, example in EXAMPLES.items() for verb in example.changes]


def other_verbs():
    """[(slug, verb)], but for create, update and delete."""
    return [(slug, verb) for slug, example in EXAMPLES.items() for verb in example.verbs]


def every_variety():
    """[(slug, word)], all the data that creates are tried with."""
    return [(slug, word) for slug, example in EXAMPLES.items() for word in example.creates]


def with_secrets():
    """Slugs of the kinds in whose requests or answers secrets stand."""
    return [slug for slug, example in EXAMPLES.items() if example.secrets or example.shown_once]


def json_fields():
    """[(slug, field)] of the fields that hold structures."""
    return [(slug, name) for slug in creating() for name in EXAMPLES[slug].json_fields]


def one_per_platform(slugs):
    """The first of each platform, for what is too slow to try with all of them in `make test`."""
    found = {}
    for slug in slugs:
        found.setdefault(EXAMPLES[slug].platform, slug)
    return list(found.values())


def is_provable(slug, verb, happened):
    """Can the portal say by itself what became of it, after its answer was lost?"""
    return (verb, happened) not in EXAMPLES[slug].unprovable


def match(slug, verb):
    """What picks the verb's own call among all requests, in the words of the emulator's faults."""
    return EXAMPLES[slug].calls[verb].match


def _marked(names, values):
    ids = ["-".join(each) if isinstance(each, tuple) else each for each in values]
    return pytest.mark.parametrize(names, values, ids=ids)


EVERY_KIND = _marked("slug", list(EXAMPLES))
EVERY_CREATE = _marked("slug", creating())
EVERY_UPDATE = _marked("slug", updating())
EVERY_DELETE = _marked("slug", deleting())
EVERY_CHANGE = _marked(("slug", "verb"), every_change())
EVERY_VARIETY = _marked(("slug", "variety"), every_variety())
EVERY_JSON_FIELD = _marked(("slug", "name"), json_fields())
