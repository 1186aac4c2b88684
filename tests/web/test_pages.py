"""One page template serves the browser and htmx; the headers decide, and caches are told."""

import pytest

from tests.web.tab import HTMX


def test_a_browser_gets_the_whole_page(visitor):
    text = visitor.get("/rows/").content.decode()
    assert text.startswith("<!doctype html>")
    assert '<ul id="rows"><li>north</li><li>south</li></ul>' in text
    assert "<title>Buses · IoT Portal</title>" in text


def test_htmx_gets_the_piece_alone(visitor):
    text = visitor.get("/rows/", headers=HTMX).content.decode().strip()
    assert text == '<ul id="rows" data-piece><li>north</li><li>south</li></ul>'


@pytest.mark.parametrize("header", ["HX-Boosted", "HX-History-Restore-Request"])
def test_a_boosted_link_or_a_restored_history_gets_the_whole_page(visitor, header):
    text = visitor.get("/rows/", headers={**HTMX, header: "true"}).content.decode()
    assert text.startswith("<!doctype html>")
    assert "data-piece" not in text


def test_caches_are_told_that_the_headers_decide(visitor):
    for headers in ({}, HTMX):
        vary = visitor.get("/rows/", headers=headers)["Vary"]
        assert {"HX-Request", "HX-Boosted", "HX-History-Restore-Request"} <= set(vary.split(", "))


def test_a_page_without_pieces_replaces_the_whole_body(visitor):
    response = visitor.get("/whole/", headers=HTMX)
    assert response["HX-Retarget"] == "body"
    assert response.content.startswith(b"<!doctype html>")
    assert "HX-Retarget" not in visitor.get("/whole/").headers


@pytest.mark.parametrize(("status", "swaps"), [(422, False), (409, True), (503, True), (200, False)])
def test_a_form_that_comes_back_with_another_error_asks_to_be_swapped(visitor, status, swaps):
    response = visitor.post("/form/", {"name": "", "status": status}, headers=HTMX)
    assert response.status_code == status
    assert ("X-Portal-Swap" in response.headers) is swaps
    assert 'id="id_name"' in response.content.decode()


def test_a_message_survives_the_trip_in_a_header(visitor):
    header = visitor.get("/message/")["X-Portal-Message"]
    assert header == "100 %25 gr%C3%B6%C3%9Fer%0Azweite Zeile"
