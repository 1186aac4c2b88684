"""Validates data by the rules in portal/platforms/*/contract, for pages, the API and later imports.

The data is in snake case, as in a Change. Nothing is read from a platform.
"""

import json
import re
from itertools import islice

from django.utils.translation import gettext as _

from portal.platforms.contract import MORE, PROBLEMS_MAX, Problem


def snake(wire_name):
    """Turn `deviceKey`, a name on the wire, into `device_key`, as in data, forms and models."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", wire_name).lower()


def problems(rules, data, *, before=None):
    """Yield (field, Problem) for each rule that the data breaks: 100, and one that says there are more.

    None and "" count as absent, and absent fields are not judged: whoever must not lack one says so.
    `before` are the values of an object that the data changes. A part that broke the same rule before is not
    judged again: it was not changed, and somebody who adds a tag need not mend the others.
    """
    name, found = "", _every(rules, data, before or {})
    for name, problem in islice(found, PROBLEMS_MAX):
        yield name, problem
    if next(found, None):
        yield name, Problem(name, "more", MORE)


def _every(rules, data, before):
    for rule in rules:
        name = snake(rule.name)
        found = unless_old(_broken(rule, data.get(name)), _broken(rule, before.get(name)))
        yield from ((name, problem) for problem in found)


def _broken(rule, value):
    return () if value is None or value == "" else rule.problems(_on_the_wire(rule, value), snake(rule.name))


def unless_old(problems, old):
    """Yield the problems that are not among the `old` ones: the same rule, broken by the same part."""
    known = None
    for problem in problems:
        if known is None:
            known = {_ground(each) for each in old}
        if not known or _ground(problem) not in known:
            yield problem


def _ground(problem):
    """What makes two problems the same. Not the number of a row: rows move when one above is removed."""
    about = json.dumps(problem.about, sort_keys=True, default=repr)
    return re.sub(r"\[\d+\]", "", problem.path), problem.code, about


def _on_the_wire(rule, value):
    """The value as it is sent. Ids that are numbers on the wire are texts in our data, to keep all digits."""
    is_number = rule.kind is int and isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,30}", value)
    return int(value) if is_number else value


def sentence(name, problem, place=None):
    """A contract Problem as a sentence in the reader's language.

    `place` are words for the place inside a value. Without them its path is named, counting from one:
    `statement[0].resources[2]` becomes "statement 1, resources 3".
    """
    params = {key: _(value) if isinstance(value, str) else value for key, value in problem.params.items()}
    text = _(problem.text) % params
    if problem.path == name:
        return f"{text[:1].upper()}{text[1:]}."
    if place is None:
        place = re.sub(r"\[(\d+)\]", lambda match: f" {int(match[1]) + 1}", problem.path).replace(".", ", ")
    return f"{place}: {text}."
