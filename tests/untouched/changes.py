"""One thing that a person changes in a form, and what may be sent of it: that change and nothing else."""

import json
import re
from dataclasses import dataclass, field

from hypothesis import strategies as st

from tests.examples import EXAMPLES
from tests.untouched.judging import ABSENT, differences, exact, leaves, without_nothing
from tests.untouched.shown import contract_of, rule_of, wire_names

MARK = "changed-1"
LAST = "the last one"
NOTHING = (None, "", {}, [])
ROW = re.compile(r"-(\d+)(?:-|$)")
DEEPEST = 40  # levels of JSON that people can still type


@dataclass
class Change:
    """`control` is changed by `do(form)`. `field` is the form's field, `member` its name on the platform."""

    control: str
    field: str
    member: str
    was: str = ""
    typed: str = ""
    others: list = field(default_factory=list)  # what a new row needs besides, as [(control, text or None)]
    place: int = 0  # among the controls of the same name

    def do(self, form):
        control = form.named(self.control)
        control.type(self.typed)
        for name, text in self.others:
            for each in form:
                if each.name == name and text is None and not each.is_ticked:
                    each.tick()
                    break
                if each.name == name and text is not None:
                    each.type(text)

    def expected(self, shown):
        """The member's whole new value, where that is known; else `explains` says whether it is right."""
        return self.typed if self.control == self.field else ABSENT

    def explains(self, found, form):
        """Is this all that differs? `found` are the Differences of the member."""
        if len(found) != 1:
            return False
        (one,) = found
        if one.new is ABSENT:
            return False
        if one.old is ABSENT or one.old in NOTHING and not isinstance(one.new, str):
            texts = [self.typed, *(text for _name, text in self.others if text), self.typed.split("\n")[-1]]
            return any(_says(leaf, text) for leaf in leaves(one.new) for text in texts)
        kind, is_plain = form.named(self.control).kind, not isinstance(one.old, dict | list)
        if is_plain and isinstance(one.new, dict):
            # A plain text in the place of a structure was its main part.
            was_typed_over = self.was == one.old and list(one.new.values()) == [self.typed]
            return was_typed_over or {exact(one.old), exact(self.typed)} <= set(map(exact, leaves(one.new)))
        if isinstance(one.new, list) and not isinstance(
            one.old, list
        ):  # no list was shown: it is written anew
            return any(_says(leaf, self.typed) for leaf in leaves(one.new))
        return self.was in _as_shown(one.old, kind) and _says(one.new, self.typed)


class Choice(Change):
    def do(self, form):
        form.named(self.control).choose(self.typed)

    def explains(self, found, form):
        return len(found) == 1 and _says(found[0].new, self.typed)


class Tick(Change):
    """`typed` is the value of the box; `was` says whether no other is ticked."""

    def do(self, form):
        next(each for each in form if each.name == self.control and each.text == self.typed).tick()

    def explains(self, found, form):
        if len(found) != 1:
            return False
        (one,) = found
        if one.new is not ABSENT and not isinstance(one.old, list):  # there was no list: it was chosen anew
            return self.typed in leaves(one.new)
        if one.new is ABSENT:  # the box of an unknown word may post a mark in its place
            return one.old == self.typed or one.old not in [
                each.text for each in form if each.name == self.control
            ]
        return isinstance(one.new, list) and set(map(exact, one.new)) ^ set(map(exact, one.old)) == {
            exact(self.typed)
        }


class Json(Change):
    """The JSON side, typed anew."""

    def expected(self, shown):
        return json.loads(self.typed)


class Removal(Change):
    """A row that was taken out by its button; `typed` is the row's number."""

    @classmethod
    def by(cls, button, shown):
        """The Removal that a button makes; None where it removes nothing of what is shown."""
        name, _remove, number = button.value.split(":")
        member = wire_names(shown.slug)[name]
        value = shown.members.get(member)
        if not isinstance(value, dict | list) or int(number) >= len(value):
            return None
        change = cls(control="", field=name, member=member, typed=number)
        change.button = button
        return change

    def do(self, form):
        """The answer to the button has done it."""

    def expected(self, shown):
        value, number = shown.members[self.member], int(self.typed)
        rows = list(value.items() if isinstance(value, dict) else value)
        return type(value)(rows[:number] + rows[number + 1 :])


def _says(value, text):
    """Was `text` typed for this value?"""
    if value == text:
        return True
    try:
        return exact(json.loads(text)) == exact(value)
    except ValueError:
        return False


def _as_shown(value, kind):
    """The texts that a control may show for a value."""
    if value is None or value in ([], {}):
        texts = ["", exact(value)]
    elif isinstance(value, str):
        texts = [value]
    elif isinstance(value, list):
        texts = ["\n".join(each if isinstance(each, str) else exact(each) for each in value), exact(value)]
    else:
        texts = [exact(value), str(value), json.dumps(value, ensure_ascii=False, indent=2)]
    lines = [re.sub("\r\n?", "\n", text) for text in texts]
    return lines if kind == "textarea" else [text.replace("\n", "") for text in lines]


def any_change(form, shown):
    """A strategy of one Change: each field and each way of changing it as often as the others."""
    ways = {}
    for change in possible(form, shown):
        ways.setdefault((change.field, type(change)), []).append(change)
    return st.sampled_from(list(ways.values())).flatmap(st.sampled_from)


def possible(form, shown):
    """Every Change that the form offers, in the order of the page."""
    for name, member in wire_names(shown.slug).items():
        is_json = f"{name}_was" in form.names()
        for number, control in enumerate(form):
            its_own = control.name == name
            if not its_own and not control.name.startswith(f"{name}-"):
                continue
            about = {"control": control.name, "field": name, "member": member, "was": control.text}
            if its_own and is_json:
                yield from (Json(**about, typed=text) for text in _json_texts(control.text, shown, name))
            elif control.kind == "select":
                chosen = control.texts
                yield from (
                    Choice(**about, typed=each.value)
                    for each in control.options
                    if [each.value] != chosen and not each.is_disabled and each.value
                )
            elif control.kind == "checkbox":
                place = sum(each.name == control.name for each in form.controls[:number])
                ticked = [each for each in form if each.name == control.name and each.is_ticked]
                was = LAST if ticked == [control] else ""
                yield Tick(**{**about, "was": was}, typed=control.text, place=place)
            elif control.is_typed:
                yield _typing(form, control, about, shown, its_own)


def _typing(form, control, about, shown, its_own):
    oddities = EXAMPLES[shown.slug].oddities
    text = shown.surroundings.text_for(control.name, shown.members) or oddities.text_for(control.name)
    if its_own:
        text = text or EXAMPLES[shown.slug].update[about["field"]]
    text = text or MARK
    if control.kind == "textarea" and control.text and not its_own:
        return Change(**about, typed=f"{control.text}\n{text}")
    row, value = ROW.search(control.name), shown.members.get(about["member"])
    if row and int(row[1]) >= (len(value) if isinstance(value, dict | list) else 0):
        prefix = control.name[: row.end()]
        mates = [each for each in form if each.name.startswith(prefix) and each is not control]
        others = [(each.name, oddities.text_for(each.name) or MARK) for each in mates if each.is_typed]
        boxes = [(each.name, None) for each in mates if each.is_box][:1]
        return Change(**about, typed=text, others=others + boxes)
    return Change(**about, typed=text)


def _json_texts(text, shown, name):
    """JSON texts that each differ in one place from the one that the page shows."""
    try:
        value = json.loads(text)
    except ValueError:
        yield json.dumps(EXAMPLES[shown.slug].update[name], ensure_ascii=False)
        return
    for other in _varied(value):
        if _depth(other) <= DEEPEST:
            yield json.dumps(other, ensure_ascii=False, indent=2)


TWINS = {"1": 1, "true": True, "null": None}


def _varied(value):
    """The value with one leaf changed, its type alone where that can be."""
    if isinstance(value, dict):
        for key in list(value)[:6]:
            yield from ({**value, key: other} for other in _varied(value[key]))
        return
    if isinstance(value, list):
        for place in range(min(len(value), 6)):
            yield from ([*value[:place], other, *value[place + 1 :]] for other in _varied(value[place]))
        return
    if isinstance(value, str):
        yield TWINS.get(value, f"{value[:5]}{MARK}")
    else:
        yield MARK if value is None else exact(value)


def _depth(value):
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, inner), default=0)


def may_be_refused(change, shown):
    """Does the part that was changed hold something that breaks a rule, so that it must be chosen anew?"""
    rule, members = rule_of(shown.slug, change.member), shown.members
    value = members.get(change.member)
    if _lacks(shown, change):
        return True
    if isinstance(change, Json):
        value = json.loads(change.typed)
        keys = value if isinstance(value, dict) else ()
        new = {**members, change.member: value}
        return bool(list(rule.problems(value))) or any(
            shown.surroundings.is_odd(f"{change.field}-{key}", new) for key in keys
        )
    if isinstance(change, Removal):
        left = change.expected(shown)
        return len(left) < (rule.min_items or 0)
    if change.control == change.field:
        return False
    if isinstance(change, Tick) and change.was == LAST:
        return True
    if shown.surroundings.is_odd(change.control, members):
        return True
    if _is_too_short(rule, value, change) or _is_one_line_too_many(rule, change):
        return True
    if value in NOTHING:
        return isinstance(change, Choice | Tick)  # a new row, of which there is only this
    if not isinstance(value, rule.kind) or _depth(value) > DEEPEST:
        return True
    return _is_odd_row(rule, value, change.control.removeprefix(f"{change.field}-"), change.control)


def _is_too_short(rule, value, change):
    """Has the list fewer entries than the platform asks for, also with the row that was typed into?"""
    row, rows = ROW.search(change.control), value if isinstance(value, list) else []
    is_new = row is not None and int(row[1]) >= len(rows)
    return rule.kind is list and len(rows) + is_new < (rule.min_items or 0)


def _is_one_line_too_many(rule, change):
    """Was a line added to an odd text of several, in a part that the platform takes no second line for?"""
    name = change.control.removeprefix(f"{change.field}-")
    part = next((each for each in rule.fields if each.name == name), rule.items)
    is_text = part is not None and part.kind is str
    return is_text and "\n" in change.typed and bool(list(part.problems(change.typed)))


def _lacks(shown, change):
    """Does the platform need a member that it did not show, of the object or of the changed value?"""
    rules = contract_of(shown.slug)
    needed = {rule.name for rule in rules if rule.required} - {change.member}
    if any(shown.members.get(name) in NOTHING for name in needed):
        return True
    value = shown.members.get(change.member) or {}
    needed = {each.name for each in rule_of(shown.slug, change.member).fields or () if each.required}
    return isinstance(value, dict) and any(value.get(name) in NOTHING for name in needed)


def _must_be_chosen(rule, row):
    """Has the row a part that no input can hold, or lacks it one? Other odd parts stay as they are."""
    if not isinstance(row, rule.kind):
        return True
    for part in rule.fields or ():
        value = row.get(part.name, ABSENT)
        if value is ABSENT and part.required or value is not ABSENT and not isinstance(value, part.kind):
            return True
        if part.choices and value is not ABSENT and value not in part.choices:
            return True
    return False


def _is_odd_row(rule, value, key, control):
    row = ROW.search(control)
    if row and _is_odd_at(rule, value, int(row[1])):
        return True
    if row and not (isinstance(value, dict) and key in value):  # a tag may be named like a control, "0-key"
        return False
    for part in (value, *(member for member in value.values() if isinstance(member, dict))):
        if isinstance(part, dict) and key in part:
            return not isinstance(part[key], str)
    # A part that holds something else than it should, such as a text in the place of the names by language.
    return any(
        each.name in value and not isinstance(value[each.name], each.kind) for each in rule.fields or ()
    )


def _is_odd_at(rule, value, number):
    rows = list(value.items()) if isinstance(value, dict) else list(value)
    if number >= len(rows):
        return False
    if isinstance(value, dict):
        return bool(list(rule.problems(dict(rows[number : number + 1]))))
    return rule.items is not None and _must_be_chosen(rule.items, rows[number])


def judge(change, shown, request, form):
    """Assert that the write holds the change and nothing else. `form` is as it was before the change."""
    update, sent = EXAMPLES[shown.slug].calls["update"], json.loads(request["body"])
    is_whole = bool(update.resets) and update.resets in request["query"]
    assert change.member in sent or is_whole, f"the change of {change.member} was not sent"
    for name, value in shown.members.items():
        if name == change.member:
            continue
        if name in sent:
            assert _is_same(value, sent[name], update), (
                f"{name} was shown as {value!r}, sent as {sent[name]!r}"
            )
        elif is_whole:
            assert value in NOTHING, f"{name} was shown as {value!r} and is not sent, so it is lost"
    unknown = sent.keys() - shown.members.keys() - {change.member}
    assert not unknown, f"{unknown} was not shown, and is sent"
    old, new = shown.members.get(change.member, ABSENT), sent.get(change.member)
    expected = change.expected(shown)
    if expected is not ABSENT:
        assert _is_same(expected, new, update), f"wanted {exact(expected)}, sent {exact(new)}"
        return
    tried = [differences(old, new)] + ([differences(without_nothing(old), new)] if update.resets else [])
    assert any(change.explains(found, form) and _is_there(change, old, found[0]) for found in tried), (
        f"{type(change).__name__} {change.control}={change.typed!r}: shown {exact(old)}, sent {exact(new)}"
    )


def _is_there(change, old, one):
    """Is the difference in the row whose control was changed?"""
    row = re.search(r"-(\d+)-\w+$", change.control)
    if not row or not one.path or one.old is ABSENT and len(one.path) == 1:
        return True
    number = int(row[1])
    if isinstance(old, list):
        return one.path[:1] == (number,)
    its_key = list(old)[number] if isinstance(old, dict) and number < len(old) else None
    return its_key in (*one.path[:1], one.old) or change.control.endswith(f"-{one.path[0]}")


def _is_same(shown, sent, update):
    if not update.resets:
        return exact(shown) == exact(sent)
    is_nothing = shown in NOTHING and sent in NOTHING
    return is_nothing or exact(sent) in (exact(shown), exact(without_nothing(shown)))
