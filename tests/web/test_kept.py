"""Typed input outlives the session and an outdated form: for its own person, for an hour, without secrets.

Would catch: lost input, input shown to somebody else, a secret at rest, a form that sends itself.
"""

import re
from html import unescape

import pytest
from django.utils.crypto import get_random_string

from portal.web import kept
from tests.web import site
from tests.web.tab import HTMX, NOT_KEPT, way_back

KEPT = "Your input was kept. Nothing was sent"


# The session ended


@pytest.mark.parametrize("htmx", [False, True], ids=["plain", "htmx"])
def test_a_form_that_was_sent_too_late_comes_back_after_signing_in(tab, anna, htmx):
    key = tab.form["operation_key"] = "key-of-this-form"
    tab.expire()
    response = tab.press(htmx=htmx, page="/note/?colour=red", text="three lines\r\nof <text> & „more“")
    assert way_back(response).startswith("/note/?colour=red&kept=")
    tab.sign_in(anna, door=response["HX-Redirect" if htmx else "Location"])
    assert tab.page == "/note/"
    assert KEPT in tab.text
    assert tab.form["text"] == "three lines\r\nof <text> & „more“"
    assert tab.form["operation_key"] == key
    assert site.sent == []
    assert tab.press().status_code == 302
    assert [each["operation_key"] for each in site.sent] == [key]


def test_the_sign_in_page_says_that_the_input_is_kept(tab):
    tab.expire()
    tab.open(tab.press(text="typed")["Location"])
    assert "Nothing was sent" in tab.text
    assert "What you typed is kept" in tab.text


def test_it_is_still_there_after_a_reload(tab, anna):
    tab.expire()
    url = way_back(tab.press(text="typed"))
    tab.sign_in(anna)
    assert [tab.open(url).form["text"] for _time in range(2)] == ["typed", "typed"]


def test_somebody_else_who_signs_in_there_sees_nothing_of_it(tab, bert):
    tab.expire()
    url = way_back(tab.press(text="for my eyes"))
    tab.sign_in(bert)
    tab.open(url)
    assert tab.page == "/note/"
    assert "for my eyes" not in tab.text
    assert NOT_KEPT in tab.text


def test_somebody_elses_old_form_does_not_become_mine(tab, bert):
    """Anna's tab was still open; Bert signed in, his session ended, and Anna's button was pressed."""
    annas = dict(tab.form)
    tab.expire()
    tab.sign_in(bert)
    tab.form = annas | {"csrfmiddlewaretoken": tab.form["csrfmiddlewaretoken"]}
    tab.expire()
    url = way_back(tab.press(text="for her eyes"))
    tab.sign_in(bert)
    assert "for her eyes" not in tab.open(url).text


def test_it_is_gone_after_an_hour(tab, anna, monkeypatch):
    tab.expire()
    url = way_back(tab.press(text="typed"))
    tab.sign_in(anna)
    now = kept.time.time()
    monkeypatch.setattr(kept.time, "time", lambda: now + kept.SECONDS + 1)
    assert NOT_KEPT in tab.open(url).text
    assert tab.form["text"] == ""
    assert tab.client.session[kept.SESSION_KEY] == []


def test_another_page_gets_nothing_of_it(tab, anna):
    tab.expire()
    url = way_back(tab.press(text="typed"))
    tab.sign_in(anna)
    assert tab.open(url.replace("/note/", "/board/")).form["text"] == ""


def test_a_form_that_posts_elsewhere_comes_back_on_its_page(tab, anna):
    tab.expire()
    url = way_back(tab.press(path="/board/pin/", page="/board/", text="pinned"))
    assert url.startswith("/board/?kept=")
    tab.sign_in(anna)
    assert tab.open(url).form["text"] == "pinned"


def test_only_the_form_that_was_sent_gets_it_back(tab, anna):
    tab.expire()
    url = way_back(tab.press(path="/note/", page="/board/", text="typed"))
    tab.sign_in(anna)
    assert tab.open(url).form["text"] == ""


def test_a_button_without_input_leads_back_to_its_page(tab, anna):
    tab.expire()
    response = tab.press(path="/board/pin/", page="/board/", text="")
    assert way_back(response) == "/board/?kept=none"
    assert "What you typed is kept" not in tab.open(response["Location"]).text
    tab.sign_in(anna)
    assert NOT_KEPT in tab.open("/board/?kept=none").text


@pytest.mark.parametrize("page", ["http://evil.example/elsewhere/", "http://testserver//evil.example/", ""])
def test_no_foreign_page_is_come_back_to(tab, page):
    tab.expire()
    assert way_back(tab.press(text="typed", headers={"Referer": page})).startswith("/note/?kept=")


# Limits


def test_five_forms_are_kept_and_the_newest_win(tab, anna):
    tab.expire()
    urls = [way_back(tab.press(text=f"form {number}")) for number in range(7)]
    tab.sign_in(anna)
    assert [tab.open(url).form["text"] for url in urls] == ["", "", *(f"form {n}" for n in range(2, 7))]


def noise(characters):
    """Text that cannot be made shorter."""
    return get_random_string(characters)


def test_all_that_is_kept_stays_small_and_the_newest_wins(tab, anna):
    tab.expire()
    urls = [way_back(tab.press(text=f"{number}{noise(25_000)}")) for number in range(4)]
    entries = tab.client.session[kept.SESSION_KEY]
    assert 1 < len(entries) < 4
    assert sum(len(each["sealed"]) for each in entries) <= kept.BYTES_MAX
    tab.sign_in(anna)
    assert tab.open(urls[-1]).form["text"].startswith("3")
    assert tab.open(urls[0]).form["text"] == ""


def test_what_is_too_large_stays_in_the_browser(tab):
    tab.expire()
    response = tab.press(text=noise(100_000), htmx=True)
    assert response.status_code == 401
    assert "sign in in another tab" in response.content.decode()
    assert "HX-Redirect" not in response.headers
    assert kept.SESSION_KEY not in tab.client.session


def test_what_is_too_large_is_not_promised_to_be_kept(tab):
    tab.expire()
    assert way_back(tab.press(text=noise(100_000))) == "/note/?kept=none"


@pytest.mark.parametrize("mark", ["", "anna", "00000000-0000-4000-8000-000000000000:forged"])
def test_a_form_that_nobody_was_given_is_not_kept(tab, mark):
    tab.expire()
    assert way_back(tab.press(text="typed", made_for=mark)) == "/note/?kept=none"
    assert kept.SESSION_KEY not in tab.client.session


# The form is out of date


def another_tab_signs_in(tab, person):
    """In the same browser: the token of the first tab is old then."""
    old = dict(tab.form)
    tab.client.get("/accounts/login/")
    tab.client.force_login(person)
    tab.client.cookies["csrftoken"] = noise(32)
    tab.form = old


def test_an_old_form_gets_a_fresh_token_and_stays_as_it_is(tab, anna):
    another_tab_signs_in(tab, anna)
    response = tab.press(text="typed", htmx=True)
    assert response.status_code == 403
    assert "your input is still here" in response.content.decode()
    assert "X-Portal-Message" in response.headers
    assert "X-Portal-Swap" not in response.headers
    assert site.sent == []
    tab.press(csrfmiddlewaretoken=response["X-Portal-Token"], htmx=True)
    assert [each["text"] for each in site.sent] == ["typed"]


def test_an_old_form_without_script_leads_back_to_its_input(tab, anna):
    another_tab_signs_in(tab, anna)
    response = tab.press(text="typed", page="/note/?colour=red")
    text = response.content.decode()
    assert response.status_code == 403
    assert "Nothing was sent" in text
    link = unescape(re.search(r'href="(/note/[^"]*)"', text)[1])
    assert tab.open(link).form["text"] == "typed"
    assert KEPT in tab.text
    assert site.sent == []
    assert tab.press().status_code == 302


@pytest.mark.parametrize("htmx", [False, True], ids=["plain", "htmx"])
def test_a_form_in_a_browser_that_lost_all_cookies_comes_back_after_signing_in(tab, anna, htmx):
    tab.client.cookies.clear()
    response = tab.press(text="typed", htmx=htmx)
    assert response.status_code == 403
    link = response.headers.get("HX-Redirect") or unescape(
        re.search(r'href="(/note/[^"]*)"', response.content.decode())[1]
    )
    tab.sign_in(anna)
    assert tab.open(link).form["text"] == "typed"
    assert site.sent == []


@pytest.mark.parametrize("htmx", [False, True], ids=["plain", "htmx"])
def test_somebody_elses_old_form_is_neither_kept_nor_renewed(tab, bert, htmx):
    another_tab_signs_in(tab, bert)
    response = tab.press(text="for her eyes", htmx=htmx)
    assert response.status_code == 403
    assert "Somebody else was signed in here" in response.content.decode()
    assert "for her eyes" not in response.content.decode()
    assert "X-Portal-Token" not in response.headers
    assert kept.SESSION_KEY not in tab.client.session


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://testserver", None])
@pytest.mark.parametrize("htmx", [False, True], ids=["plain", "htmx"])
def test_what_another_site_sends_is_neither_kept_nor_answered_with_a_token(tab, anna, origin, htmx):
    another_tab_signs_in(tab, anna)
    headers = {"Origin": origin} if origin else {}
    extra = HTMX if htmx else {}
    response = tab.client.post("/note/", tab.form | {"text": "planted"}, headers=headers | extra)
    assert response.status_code == 403
    assert "X-Portal-Token" not in response.headers
    assert "planted" not in response.content.decode()
    assert kept.SESSION_KEY not in tab.client.session
    assert site.sent == []


# The portal cannot do it now


@pytest.mark.parametrize("name", ["record", "outage"])
def test_a_page_without_script_sends_the_same_again(tab, name):
    """Going back would make a new operation of what may have got through."""
    tab.form |= {"operation_key": "key-of-this-form", "preview": "1", "password": "hunter2-hunter2"}
    response = tab.press(path=f"/fails/{name}/", text='<b>"typed"</b>\r\nin lines')
    assert response.status_code == 503
    text = response.content.decode()
    form = text[text.index('id="again"') :]
    assert f'action="/fails/{name}/"' in text
    again = {field: unescape(value) for field, value in re.findall(r'name="(\w+)" value="([^"]*)"', form)}
    kept = {field: value for field, value in tab.form.items() if field != "password"}
    assert again == {**kept, "password_typed": "on"}  # so that a form asks for it again
    assert "hunter2" not in text


def test_a_page_of_a_stranger_sends_nothing_again(tab):
    tab.form["made_for"] = "somebody:forged"
    response = tab.press(path="/fails/outage/", text="typed")
    assert response.status_code == 503
    assert "typed" not in response.content.decode().replace("what you typed", "")
