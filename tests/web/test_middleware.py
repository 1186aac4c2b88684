"""What every answer gets: policy, sign-in, toasts, and pages for errors."""

import json
import re

import pytest

from tests.web.tab import HTMX


@pytest.mark.parametrize("path", ["/rows/", "/fails/missing/", "/fails/bug/", "/guarded/", "/nowhere/"])
def test_every_answer_forbids_inline_code_and_foreign_sources(db, visitor, path):
    policy = visitor.get(path)["Content-Security-Policy"]
    assert set(policy.split("; ")) == {
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "font-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "object-src 'none'",
    }


# Sign-in


def test_a_stranger_is_sent_to_sign_in_and_back(visitor):
    response = visitor.get("/guarded/?page=2")
    assert response.status_code == 302
    assert response["Location"] == "/accounts/login/?next=/guarded/%3Fpage%3D2"


def test_a_piece_sends_the_stranger_back_to_the_page_not_to_the_piece(visitor):
    headers = {**HTMX, "HX-Current-URL": "http://testserver/rows/?page=2"}
    response = visitor.get("/guarded/", headers=headers)
    assert response["HX-Redirect"] == "/accounts/login/?next=/rows/%3Fpage%3D2"
    assert response.content == b""


def test_a_page_of_another_site_is_no_place_to_come_back_to(visitor):
    headers = {**HTMX, "HX-Current-URL": "http://evil.example/rows/"}
    assert visitor.get("/guarded/", headers=headers)["HX-Redirect"] == "/accounts/login/?next=/"


def test_no_cache_keeps_what_is_behind_sign_in(person):
    response = person.get("/guarded/")
    assert response.content == b"inside"
    assert response["Cache-Control"] == "no-store"


# Toasts


def toasts(response):
    return json.loads(response["HX-Trigger"])["toasts"]["items"]


@pytest.mark.parametrize(("way", "changed"), [("empty", None), ("json", {"id": 7})])
def test_a_message_becomes_a_toast_beside_other_events(visitor, way, changed):
    response = visitor.post(f"/done/{way}/", headers=HTMX)
    assert toasts(response) == [{"level": "success", "text": "Bus “nörth” was created."}]
    assert json.loads(response["HX-Trigger"])["changed"] == changed


def test_a_form_with_errors_brings_its_toast(visitor):
    response = visitor.post("/form/", {"name": "", "status": 422}, headers=HTMX)
    assert toasts(response) == [{"level": "warning", "text": "The form needs you."}]


@pytest.mark.parametrize("way", ["hx-redirect", "redirect", "broken"])
def test_a_message_waits_for_the_page_that_follows(db, visitor, way):
    assert "HX-Trigger" not in visitor.post(f"/done/{way}/", headers=HTMX).headers
    text = visitor.get("/rows/").content.decode()
    assert re.search(r'class="notice notice-success".*Bus “nörth” was created\.', text, re.DOTALL)
    assert "was created" not in visitor.get("/rows/").content.decode()


def test_without_htmx_nothing_is_put_into_headers(visitor):
    assert visitor.post("/done/empty/").get("HX-Trigger") == "changed"


# Errors

PAGES = [
    ("allowed", 403, "You may not create."),
    ("visible", 404, "This does not exist, or you cannot see it."),
    ("missing", 404, "This does not exist, or you cannot see it."),
    ("key", 409, "This was sent before."),
    ("record", 503, "Nothing was sent — größte Vorsicht."),
    ("rejected", 503, "Refused."),
    ("bug", 500, "Something broke inside the portal. It was logged."),
]


@pytest.mark.parametrize(("name", "status", "text"), PAGES)
def test_an_error_has_a_page_that_says_what_happened(visitor, name, status, text):
    response = visitor.get(f"/fails/{name}/")
    assert response.status_code == status
    assert response.content.startswith(b"<!doctype html>")
    assert text in response.content.decode()
    assert "nobody may see" not in response.content.decode()


@pytest.mark.parametrize(("name", "status", "text"), PAGES)
def test_an_error_of_a_piece_is_one_sentence_in_the_header(visitor, name, status, text):
    response = visitor.get(f"/fails/{name}/", headers=HTMX)
    assert response.status_code == status
    assert "X-Portal-Message" in response.headers
    assert "\n" not in response["X-Portal-Message"]
    if name != "bug":
        assert "<html" not in response.content.decode()
        assert text in response.content.decode()


def test_whoever_may_not_learns_the_missing_right_and_who_grants_it(visitor):
    text = visitor.get("/fails/allowed/").content.decode()
    assert "<code>create</code>" in text
    assert "<dd>Owner</dd>" in text


def test_a_platforms_refusal_shows_its_code_and_request_id(visitor):
    text = visitor.get("/fails/rejected/").content.decode()
    assert "<code>IOTDA.001</code>" in text
    assert "<code>req-77</code>" in text


def test_the_500_page_needs_no_context_processor_and_no_database(visitor, settings):
    settings.TEMPLATES[0]["OPTIONS"]["context_processors"].append("tests.web.test_middleware.broken")
    response = visitor.get("/fails/bug/")
    assert response.status_code == 500
    assert "<title>The portal failed · IoT Portal</title>" in response.content.decode()


def test_even_without_templates_the_failure_is_said(visitor, settings):
    settings.TEMPLATES[0]["DIRS"] = []
    response = visitor.get("/fails/bug/")
    assert response.status_code == 500
    assert "Something broke inside the portal." in response.content.decode()


def broken(request):
    raise RuntimeError("the context processor is what broke")


def test_an_outdated_form_is_refused_with_a_page_that_says_so(settings):
    from django.test import Client

    response = Client(enforce_csrf_checks=True).post("/theme/", {"theme": "dark"})
    assert response.status_code == 403
    assert "This form is out of date. Nothing was changed." in response.content.decode()
