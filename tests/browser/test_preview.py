"""The preview against the wire. Would catch: a preview that is a drawing instead of the request itself."""

import pytest
from playwright.sync_api import expect

from tests.browser.creating import fill_in, send
from tests.examples import EVERY_CREATE
from tests.support.plant import creates_received


@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "plain"])
@EVERY_CREATE
def test_the_previewed_request_is_the_one_that_arrives(open_page, emulator, slug, javascript):
    page = open_page(javascript=javascript, email="operator@example.test")
    fill_in(page, slug)
    page.get_by_role("button", name="Preview request").click()
    method = page.locator("[data-preview=method]").inner_text()
    url = page.locator("[data-preview=url]").inner_text()
    body = page.locator("[data-preview=body]").text_content()
    assert creates_received(emulator, slug) == []
    expect(page.locator("#preview")).to_contain_text("filled in at sending")
    for secret in ("DemoSK", "aaaaaaaa-bbbb"):
        assert secret not in page.content()

    send(page)
    expect(page.locator("#resource")).to_have_attribute("data-kind", slug)
    (sent,) = creates_received(emulator, slug)
    target = f"{sent['path']}?{sent['query']}" if sent["query"] else sent["path"]
    assert (method, url) == (sent["method"], emulator.url + target)
    assert body == sent["body"]
