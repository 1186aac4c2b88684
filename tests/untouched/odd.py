"""Odd values, made with hypothesis from the rules of a contract: what a platform might show one day."""

from functools import cache

from hypothesis import strategies as st

# Each stands for a kind of text that some form, browser or language has once changed by itself.
TEXTS = (
    "",
    " ",
    "plain",
    "Plain",
    " before",
    "after ",
    "\u00a0hard blanks\u00a0",
    "\ttab",
    "two\nlines",
    "two\r\nlines",
    "two\rlines",
    "\nfirst",
    "last\n",
    "\r\n",
    "a\u2028b\u0085c\x0bd\x0ce",
    "null",
    "None",
    "true",
    "True",
    "1",
    "007",
    "1e3",
    "-0",
    "111111111111111111111",
    "[]",
    '{"a": 1}',
    '"quoted"',
    "X" * 256,
    "\u6cf5" * 256,
    "\u200b\u200d",
    "\ufeffmark",
    "pump\u202eA",
    "\u202b\u0627\u062e\u062a\u0628\u0627\u0631\u202c",
    "Cafe\u0301",
    "\U0001f600",
    "<b>&amp;'\"</b>",
    "&#13;&lt",
    "</textarea>",
    "back\\slash\\n",
    "%(name)s {{ x }}",
    "\x1b[1m\x07",
)
KEYS = (
    "a",
    "A",
    " a",
    "a ",
    "a.b",
    "a-b",
    "",
    "0",
    "0-key",
    "count",
    "default",
    "key\nkey",
    "K" * 256,
    "\u202ek",
)
LETTERS = st.sampled_from("aA1 .-_\n\r\t\u202e\u200b\u6cf5\"<&'\\\u00e9")
EDGES = st.sampled_from(("", " ", "\t", "\u00a0", "  "))
NUMBERS = st.sampled_from((0, 1, -1, 7, 2**53 + 1, 10**30, 0.5, 1.0, -0.0, 1e300, 1e-7))
NOTHING = st.sampled_from((None, {}, [], ""))
DEEP = (4, 30, 60)
ITEMS = 4


def texts(words=()):
    """Odd texts; `words` are those that the platform knows."""
    known = [odd for word in words for odd in _spelt(word)]
    edged = st.builds("".join, st.tuples(EDGES, st.sampled_from(("plain", "topic:/a")), EDGES))
    made = st.one_of(st.sampled_from(TEXTS), edged, st.text(LETTERS, max_size=8))
    return st.one_of(st.sampled_from(known), made) if known else made


def _spelt(word):
    """A word as platforms have been seen to write it."""
    return (
        word,
        word.lower(),
        word.title(),
        f" {word}",
        f"{word} ",
        f"{word}_ONLY",
        f"{word}\r{word}",
        f"{word}\n",
    )


def keys(words=()):
    return st.one_of(st.sampled_from((*words, *KEYS)), st.text(LETTERS, max_size=5))


def scalars(words=()):
    return st.one_of(texts(words), NUMBERS, st.booleans(), st.none())


@cache
def anything(words=()):
    """Any JSON, also a very deep one."""
    nested = st.recursive(
        scalars(words),
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys(words), inner, max_size=3)),
        max_leaves=6,
    )
    return st.one_of(nested, st.builds(_deep, st.sampled_from(DEEP), scalars(words)))


def _deep(levels, value):
    for level in range(levels):
        value = {"a": value} if level % 2 else [value]
    return value


def _mostly(usual, odd, of=4):
    """`usual`, but one time in `of`."""
    return st.integers(1, of).flatmap(lambda number: odd if number == of else usual)


def value_of(rule, words=()):
    """A value for a rule: mostly of the rule's kind, good or bad, and now and then anything at all."""
    words = tuple(dict.fromkeys((*words, *map(str, rule.choices or ()))))
    return _mostly(_of_kind(rule, words), st.one_of(anything(words), NOTHING), of=6)


def _of_kind(rule, words):
    if rule.kind is str:
        return _mostly(st.sampled_from(rule.choices), texts(words), of=3) if rule.choices else texts(words)
    if rule.kind is list:
        inner = value_of(rule.items, words) if rule.items else anything(words)
        return _mostly(st.lists(inner, min_size=1, max_size=ITEMS), st.just([]), of=6)
    if rule.kind is dict:
        return _members(rule, words)
    return st.one_of(st.booleans(), NUMBERS)


def _members(rule, words):
    """An object with the members that its rule names, unknown ones among them, in any order."""
    if rule.fields:
        parts = {each.name: value_of(each, words) for each in rule.fields}
        known = st.fixed_dictionaries({}, optional=parts)
        whole = st.fixed_dictionaries(parts)
        unknown = st.dictionaries(keys(words), anything(words), max_size=2)
        pairs = st.builds(lambda one, other: [*{**other, **one}.items()], _mostly(whole, known), unknown)
        return pairs.flatmap(st.permutations).map(dict)
    inner = value_of(rule.values, words) if rule.values else anything(words)
    return _mostly(st.dictionaries(keys(words), inner, min_size=1, max_size=ITEMS), st.just({}), of=6)


def members(contract, words=()):
    """{member: value} for the rules of a request body, as an object on the platform may show them."""
    parts = {rule.name: value_of(rule, words) for rule in contract}
    return _mostly(st.fixed_dictionaries(parts), st.fixed_dictionaries({}, optional=parts))
