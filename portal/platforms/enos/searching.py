"""What devices, products and models share: calls by `action`, and lists by a search expression."""

import re

from portal.errors import Missing
from portal.platforms.collection import (
    EXACT,
    Collection,
    Listing,
    narrowed,
    text_id,
    text_or_empty,
    timed,
    whole_or_none,
)
from portal.platforms.contract import _
from portal.platforms.paging import Pages, Sheet, turned, walked
from portal.platforms.retrying import Repeat
from portal.words import Sentence

PAGE_SIZE = 200
SECRETS = ("deviceSecret", "sessionKey", "productSecret")

NOT_THERE = Sentence("enos.not_there", _("The platform does not have it."))


class Acted(Collection):
    """The path is the same for all calls; `action` in the query says what is done."""

    def get(self, id, **hints):
        return self._get([(self._id, id)])

    def _get(self, query):
        call = self.client.call("GET", self.path(), query=[("action", "get"), *query])
        answer = self.client.send(call)
        if answer.data.get("data") is None:
            raise Missing(NOT_THERE(), **answer.details)
        return self.decode_answer(answer, answer.data["data"])


class Searched(Acted):
    """Its list is a search: a POST whose pages count from 1.

    `fields` maps the filters of `list` to members of the platform; `name_field` is the member that a search
    for a name looks in.
    """

    secret_fields = SECRETS
    pages_shift = finds_names = True

    def __init__(self, path, *, fields, name_field, **members):
        super().__init__(path, **members)
        self._fields, self._name_field = fields, name_field

    @timed
    def list(self, *, limit=1000, name=None, search=None, calls=None, **filters):
        """`filters` are members in snake case and match exactly. A new object appears after about 2 s."""
        text = name or search
        size = PAGE_SIZE if text else min(limit, PAGE_SIZE)
        pages, found = Pages(shift=True), []
        for number, _items in enumerate(turned(self._reader(size, text, **filters), pages), 1):
            found = narrowed(pages.items, name, search)
            if len(found) >= limit or number == calls:
                break
        return pages.listing(found, limit, total=None if text else pages.total)

    def list_by_expression(self, expression, *, page=1, limit=PAGE_SIZE):
        """A Listing of one page, counted from 1, of what an expression in the platform's language finds.

        `limit` objects are on a page. Raises Rejected when the platform does not take the expression.
        """
        items, count = self._page(expression, page, limit)
        total = whole_or_none(count)
        return Listing(items, total, total is not None and (page - 1) * limit + len(items) >= total)

    def walk(self, place=None, **filters):
        return walked(self._reader(PAGE_SIZE, **filters), place, shift=True)

    def _reader(self, size, text=None, **filters):
        wanted = [(self._fields[key], "=", filters[key]) for key in self._fields if filters.get(key)]
        if text:
            wanted.append((self._name_field, "like", text))
        expression = " and ".join(f"{field} {sign} {_quoted(value)}" for field, sign, value in wanted)

        def read(at):
            number = at or 1
            return Sheet(*self._page(expression, number, size), number + 1)

        return read

    def _page(self, expression, number, size):
        body = {"expression": expression} if expression else {}
        body["pagination"] = {"pageNo": number, "pageSize": size}
        query = [("action", "search")]
        call = self.client.call("POST", self.path(), query=query, body=body, repeat=Repeat.READ)
        answer = self.client.send(call)
        page = answer.data.get("pagination")
        count = page.get("totalSize") if isinstance(page, dict) else None
        return self.items_in(answer, answer.data, "data", count), count

    def decode(self, raw):
        item = {snake(key): _moment(key, value) for key, value in raw.items() if key not in SECRETS}
        return {**item, "id": text_id(raw.get(self._id)), "name": default_name(raw.get(self._name))}


def _moment(key, value):
    """A time in milliseconds, also where the platform writes its digits as a text."""
    return int(value) if key.endswith("Time") and isinstance(value, str) and EXACT.fullmatch(value) else value


def snake(name):
    """`deviceKey` -> `device_key`."""
    return re.sub(r"(?<=[a-z0-9])[A-Z]", lambda letter: "_" + letter[0].lower(), name)


def default_name(value):
    """The default name in a StringI18n object; older answers hold a plain text."""
    return text_or_empty(value.get("defaultValue")) if isinstance(value, dict) else text_or_empty(value)


def _quoted(value):
    """A text in a search expression, in the kind of quotes that it does not hold: no escape is documented.

    A text that holds both loses its double quotes.
    """
    text = str(value)
    return f"'{text}'" if "'" not in text else '"' + text.replace('"', "") + '"'
