"""More than the portal reads: refused before it is parsed, with a page that says so.

Would catch: a body that is read whole before somebody looks at its size, an upload that fills the disk, a
white page of Django, a form that htmx replaces by an error.
"""

import json
from urllib.parse import unquote

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import RequestFactory

from portal.bounds import ADDRESS_MAX, BODY_MAX, FIELDS_MAX, LEVELS_MAX, nests_deeper
from portal.web.bounding import Bounded
from portal.web.kept import MARK
from tests.web.site import sent
from tests.web.tab import HTMX

pytestmark = pytest.mark.anywhere

FORM = "application/x-www-form-urlencoded"


def fields(count):
    return "&".join(f"f{number}=x" for number in range(count))


def nested(levels, beginning='{"a": "]]]", "b":'):
    return beginning + "[" * (levels - 1) + "]" * (levels - 1) + "}"


def upload(browser, **headers):
    file = SimpleUploadedFile("photo.jpg", b"x" * 900_000)
    return browser.post("/note/", {"name": "n", "file": file}, **headers)


TOO_MUCH = {
    "a form": (
        413,
        lambda tab, **more: tab.post("/note/", "name=" + "x" * BODY_MAX, content_type=FORM, **more),
    ),
    "a form of many parts": (413, lambda tab, **more: tab.post("/note/", {"name": "x" * BODY_MAX}, **more)),
    "JSON": (
        413,
        lambda tab, **more: tab.post("/note/", [0] * BODY_MAX, content_type="application/json", **more),
    ),
    "fields": (
        400,
        lambda tab, **more: tab.post("/note/", fields(FIELDS_MAX + 1), content_type=FORM, **more),
    ),
    "fields in parts": (
        400,
        lambda tab, **more: tab.post("/note/", dict.fromkeys(range(FIELDS_MAX + 1), 1), **more),
    ),
    "levels": (
        400,
        lambda tab, **more: tab.post(
            "/note/", nested(LEVELS_MAX + 1), content_type="application/json", **more
        ),
    ),
    "a file": (400, upload),
    "parameters": (400, lambda tab, **more: tab.get("/note/?" + fields(FIELDS_MAX + 1), **more)),
    "an address": (414, lambda tab, **more: tab.get("/note/?q=" + "x" * ADDRESS_MAX, **more)),
}
EVERY = pytest.mark.parametrize(("status", "ask"), TOO_MUCH.values(), ids=TOO_MUCH)


@pytest.fixture
def disk(settings, tmp_path):
    """Where uploads would be written, even the smallest."""
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 0
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path
    return tmp_path


@EVERY
def test_more_than_the_portal_reads_is_a_small_page_that_says_so(person, nothing_sent, disk, status, ask):
    response = ask(person)

    text = response.content.decode()
    assert response.status_code == status
    assert "<title>Too much to read" in text
    assert "The portal did not read it, so nothing was sent or changed." in text
    assert ("what you typed is still there" in text) is (response.request["REQUEST_METHOD"] == "POST")
    assert len(text) < 20_000
    assert (sent, list(disk.iterdir())) == ([], [])


@EVERY
def test_htmx_gets_the_sentence_alone_and_leaves_the_form_where_it_is(
    person, nothing_sent, disk, status, ask
):
    response = ask(person, headers=HTMX)

    assert response.status_code == status
    assert response.content.decode() == unquote(response["X-Portal-Message"])
    assert "The portal did not read it" in response.content.decode()
    assert not {"X-Portal-Swap", "HX-Retarget", "HX-Redirect"} & set(response.headers)
    assert (sent, list(disk.iterdir())) == ([], [])


@EVERY
def test_a_stranger_gets_the_same_answer_and_nothing_is_kept(db, visitor, nothing_sent, disk, status, ask):
    assert ask(visitor).status_code == status
    assert "sessionid" not in visitor.cookies
    assert (sent, list(disk.iterdir())) == ([], [])


@pytest.mark.parametrize(
    "content_type", [FORM, "multipart/form-data; boundary=x", "application/json", "text/plain"]
)
@pytest.mark.parametrize("length", [BODY_MAX + 1, 10**12, "9" * 5000, "-1", "x"])
def test_what_says_that_it_is_too_large_is_not_even_begun(content_type, length):
    class Unread:
        def read(self, *_size):
            pytest.fail("the body was read")

        readline = read

    request = RequestFactory().generic("POST", "/note/", b"", content_type=content_type)
    request.META["CONTENT_LENGTH"] = str(length)
    request._stream = Unread()

    with pytest.raises(Exception, match="body"):
        Bounded(pytest.fail)(request)


@pytest.mark.parametrize("body", ["name=" + "x" * (BODY_MAX - 300), "name=x&" + fields(FIELDS_MAX - 3)])
def test_what_is_just_small_enough_arrives(person, nothing_sent, body):
    answer = person.post("/note/", f"{body}&{MARK}=", content_type=FORM)

    assert answer.status_code == 302
    assert len(sent) == 1


def test_a_form_without_files_may_come_in_parts(person, nothing_sent):
    assert person.post("/note/", {"name": "in parts"}).status_code == 302
    assert sent == [{"name": "in parts"}]


NESTED = {
    "lists": ("[" * 200 + "]" * 200, 200),
    "objects": ('{"a":' * 200 + "1" + "}" * 200, 200),
    "a text full of brackets": (json.dumps(["[{" * 500, '"[' * 500, "\\[" * 500]), 1),
    "an escaped quote": (json.dumps({'"[[[': {"\\": ['\\"[[']}}), 3),
    "side by side": ("[" + "[]," * 500 + "[]]", 2),
    "nothing": ("", 0),
}


@pytest.mark.parametrize(("text", "levels"), NESTED.values(), ids=NESTED)
def test_levels_are_counted_without_parsing(text, levels):
    assert not nests_deeper(text, levels)
    assert levels == 0 or nests_deeper(text, levels - 1)


@pytest.mark.parametrize(
    "text", ["[" * 97_000, '"' * 97_001, '\\"' * 50_000, '"' + "\\" * 97_001, '{"a":' * 20_000]
)
def test_levels_of_nonsense_are_counted_too(text):
    assert nests_deeper(text, LEVELS_MAX) is (text[0] in "[{")
