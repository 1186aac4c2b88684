"""Removes from a style sheet the rules that no page of ours uses. Standard library only.

This is not a CSS parser: it reads minified CSS only, where every rule is `prelude{body}`.
"""

import re

CLASS = re.compile(r"\.(-?[_a-zA-Z](?:[\w-]|\\.)*)")
DROPPED = re.compile(r"print|prefers-contrast")
ANIMATION = re.compile(r"@keyframes ([\w-]+)\{(?:[^{}]*\{[^{}]*\})*\}")
VARIABLE = re.compile(r"(?<=[{;])(--[\w-]+):(?:[^;{}\"']|\"[^\"]*\"|'[^']*')*(?:;|(?=\}))")
NESTED = ("@media", "@supports", "@layer", "@container")


def classes(css):
    """Every class name in the selectors of a style sheet, without CSS escapes."""
    return {unescape(name) for prelude, _body in flat(css) for name in CLASS.findall(prelude)}


def unescape(name):
    return name.replace("\\", "")


def flat(css):
    """(selector, body) of each rule, also of those inside at-rules."""
    for prelude, body in rules(css):
        if prelude.startswith(NESTED):
            yield from flat(body)
        elif not prelude.startswith("@"):
            yield prelude, body


def rules(css):
    """(prelude, body) of each rule at this level; statements such as @charset are dropped."""
    start = depth = opened = 0
    for token in re.finditer(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|/\*.*?\*/|[{};]", css, re.S):
        mark = token.group()
        if mark == "{":
            depth += 1
            opened = token.end() if depth == 1 else opened
        elif mark == "}":
            depth -= 1
            if depth == 0:
                yield css[start : opened - 1].strip(), css[opened : token.start()]
                start = token.end()
        elif depth == 0:  # the end of a statement or comment between rules
            start = token.end()


def reduced(css, keep, used_elsewhere=""):
    """`css` without rules whose classes fail `keep(name)`, then without unused animations and variables.

    Variables used in `used_elsewhere`, which is other CSS, are kept. Rules for print and forced contrast are
    removed.
    """
    text = "".join(_kept(css, keep))
    text = _without(ANIMATION, text, lambda name: re.search(rf"[:, ]{name}[;, }}]", text))
    while True:  # once an unused variable is gone, others that only it used are unused as well
        used = set(re.findall(r"var\((--[\w-]+)", text + used_elsewhere))
        shorter = _without(VARIABLE, text, used.__contains__)
        if shorter == text:
            return text
        text = shorter


def _kept(css, keep):
    for prelude, body in rules(css):
        if prelude.startswith(NESTED):
            inner = "" if DROPPED.search(prelude) else "".join(_kept(body, keep))
            if inner:
                yield f"{prelude}{{{inner}}}"
        elif prelude.startswith("@"):
            yield f"{prelude}{{{body}}}"
        else:
            selectors = [each for each in _split(prelude) if _is_met(each, keep)]
            if selectors:
                yield f"{','.join(selectors)}{{{body}}}"


def _is_met(selector, keep):
    """Could an element of ours match? Classes inside :not(), :is() and :where() are ignored."""
    plain = re.sub(r":(?:not|is|where|has)\((?:[^()]|\([^()]*\))*\)", "", selector)
    return all(keep(unescape(name)) for name in CLASS.findall(plain))


def _split(selectors):
    """Split at commas outside brackets."""
    part, depth = "", 0
    for char in selectors:
        depth += (char in "([") - (char in ")]")
        if char == "," and depth == 0:
            yield part
            part = ""
        else:
            part += char
    yield part


def _without(definition, text, is_used):
    return definition.sub(lambda match: match.group() if is_used(match.group(1)) else "", text)
