"""Light, dark or like the system: remembered in a cookie, drawn by the server, kept by no script."""

import pytest

from tests.web.tab import HTMX


@pytest.mark.parametrize(("theme", "drawn"), [("dark", "dark"), ("light", "light"), ("auto", "light")])
def test_the_chosen_theme_is_on_the_next_page(visitor, theme, drawn):
    response = visitor.post("/theme/", {"theme": theme, "next": "/rows/?page=2"})
    assert response["Location"] == "/rows/?page=2"
    text = visitor.get("/rows/").content.decode()
    assert f'data-bs-theme="{drawn}" data-theme-choice="{theme}"' in text


def test_the_script_needs_no_new_page(visitor):
    response = visitor.post("/theme/", {"theme": "dark"}, headers=HTMX)
    assert response.status_code == 204
    assert response.cookies["theme"].value == "dark"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""])
def test_the_switch_leads_to_no_other_site(visitor, target):
    assert visitor.post("/theme/", {"theme": "dark", "next": target})["Location"] == "/"


def test_an_unknown_theme_is_refused_and_not_remembered(visitor):
    response = visitor.post("/theme/", {"theme": "pink"})
    assert response.status_code == 400
    assert "theme" not in response.cookies


def test_the_cookie_says_nothing_to_scripts_and_nothing_unknown_is_drawn(visitor):
    assert visitor.post("/theme/", {"theme": "dark"}).cookies["theme"]["httponly"]
    visitor.cookies["theme"] = '"><script>'
    assert 'data-theme-choice="auto"' in visitor.get("/rows/").content.decode()


def test_looking_at_the_address_changes_nothing(visitor):
    assert visitor.get("/theme/").status_code == 405
