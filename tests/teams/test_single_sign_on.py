"""Single sign-on at a real provider. Would catch: somebody without a group who gets in, an account that is
taken over by an address nobody verified, a role that stays after the group is gone, a password that still
opens.
"""

import json
import time
from importlib import import_module

import pytest
from allauth.socialaccount.models import SocialAccount
from django.apps import apps

from portal.record.models import Body, Entry
from portal.teams.models import User
from portal.teams.signin import sso
from tests.teams.provider import PASSWORD, START, come, new_browser, roles, why_not


def test_groups_decide_who_gets_in_and_membership_follows_them(teams, provider):
    about = {"email": "mei@example.test", "email_verified": True, "name": "Mei"}
    provider("1", **about, groups=["visitors"])
    browser = new_browser()
    assert come(browser, "1").status_code == 403
    assert browser.get("/").status_code == 302
    assert why_not() == "no_group"
    assert not User.objects.filter(email="mei@example.test")

    provider("1", **about, groups=["ops", "visitors"])
    assert come(browser, "1")["Location"] == "/"
    assert browser.get("/").status_code == 200
    person = User.objects.get(email="mei@example.test")
    assert (person.name, person.has_usable_password()) == ("Mei", False)
    assert roles(person.email) == {"Plant 3": "operator"}
    made = Entry.objects.get(verb="account_create", object_id=person.pk)
    assert (made.actor, made.via) == (person.email, "web")
    signed_in = Entry.objects.filter(verb="sign_in").latest("seq")
    assert json.loads(Body.objects.get(seq=signed_in.seq).text)["methods"] == ["sso"]

    provider("1", **about, groups=["ops", "owners", "admins"])
    come(new_browser(), "1")
    assert roles(person.email) == {"Plant 3": "owner", "Harbour": "viewer"}
    person.refresh_from_db()
    assert person.is_portal_admin
    provider("1", **about | {"email": "renamed@example.test"}, groups="ops")
    come(new_browser(), "1")
    assert roles(person.email) == {"Plant 3": "operator"}
    person.refresh_from_db()
    assert not person.is_portal_admin
    verbs = Entry.objects.filter(kind="portal/members").order_by("seq").values_list("verb", flat=True)
    assert sorted(verbs) == ["member_add", "member_add", "member_remove", "member_role", "member_role"]
    assert set(Entry.objects.filter(kind="portal/members").values_list("via", flat=True)) == {"system"}


ODD = [pytest.param(each, marks=pytest.mark.full) for each in (None, "true")]


@pytest.mark.parametrize("verified", [False, *ODD])
def test_an_account_is_linked_only_by_an_address_that_was_verified(teams, provider, verified):
    provider("2", email="boss@example.test", email_verified=verified, groups=["ops"])
    assert come(new_browser(), "2").status_code == 403
    assert why_not() == "unverified"
    provider("2", email="Boss@example.test", email_verified=True, groups=["ops"])
    browser = new_browser()
    assert come(browser, "2").status_code == 302
    assert browser.get("/profile/").context["user"].email == "boss@example.test"
    # The only owner stays one, whatever the groups say.
    assert roles("boss@example.test") == {"Plant 3": "owner", "Harbour": "owner"}
    provider("3", email="boss@example.test", email_verified=True, groups=["ops"])
    User.objects.filter(email="boss@example.test").update(is_active=False)
    assert come(new_browser(), "3")["Location"] == "/accounts/inactive/"


def test_an_issuer_that_is_not_ours_is_not_believed(teams, provider, settings):
    provider("4", email="boss@example.test", email_verified=True, groups=["ops"])
    settings.OIDC_ISSUER = "https://sso.example.test"
    browser = new_browser()
    come(browser, "4")
    assert browser.get("/").status_code == 302


def test_passwords_may_be_for_administrators_alone(teams, provider, settings):
    settings.PASSWORDS_FOR_ADMINS_ONLY = True
    browser = new_browser()
    form = {"login": "boss@example.test", "password": PASSWORD}
    refused = browser.post("/accounts/login/", form)
    assert "Passwords are switched off here" in refused.content.decode()
    assert why_not() == "sso_only"
    User.objects.filter(email="boss@example.test").update(is_portal_admin=True)
    assert browser.post("/accounts/login/", form).status_code == 302


def test_who_came_by_single_sign_on_confirms_it_there(teams, provider, settings):
    settings.CONFIRM_SECONDS = 900
    provider("5", email="mei@example.test", email_verified=True, groups=["owners"])
    browser = new_browser()
    come(browser, "5")
    session = browser.session
    session["confirmed_at"] = 0
    session.save()
    path = f"/teams/{teams[0].pk}/second-factor/"
    asked = browser.post(path, {"required": "on"})
    assert asked["Location"].startswith(
        f"{START}?process=redirect&auth_params=prompt%3Dlogin%26max_age%3D0&next="
    )
    now = time.time()
    provider("6", email="other@example.test", email_verified=True, groups=["owners"], auth_time=now)
    come(browser, "6", asked["Location"])
    assert browser.post(path, {"required": "on"})["Location"].startswith(START)
    for told in (
        None,
        now - 1000,
        now + 1000,
        True,
        str(now),
    ):  # went by a session of its own, or says nothing
        provider("5", email="mei@example.test", email_verified=True, groups=["owners"], auth_time=told)
        assert come(browser, "5", asked["Location"]).status_code == 403
        assert why_not() == "not_asked"
        assert browser.post(path, {"required": "on"})["Location"].startswith(START)
    provider("5", email="mei@example.test", email_verified=True, groups=["owners"], auth_time=now)
    come(browser, "5", asked["Location"])
    assert browser.post(path, {"required": "on"})["Location"] == f"/teams/{teams[0].pk}/"
    assert browser.get("/").status_code == 200  # its own second factor is the provider's matter


def test_who_came_by_single_sign_on_adds_no_second_factor_without_confirming(teams, provider):
    about = {"email": "mei@example.test", "email_verified": True, "groups": ["ops"]}
    provider("7", **about, auth_time=time.time())
    browser = new_browser()
    come(browser, "7")
    for address in ("totp/activate/", "webauthn/add/"):
        assert browser.get(f"/accounts/2fa/{address}").status_code == 200
    session = browser.session
    session["confirmed_at"] = 0
    session.save()
    for address in ("totp/activate/", "webauthn/add/"):
        for ask in (browser.get, browser.post):
            assert ask(f"/accounts/2fa/{address}").headers.get("Location", "").startswith(START)


@pytest.mark.database
@pytest.mark.parametrize("letter", ["\u212a", "\u0131", "\u017f"])  # Kelvin sign, dotless i, long s
def test_an_address_that_folds_to_that_of_somebody_else_gets_nothing(teams, provider, letter):
    plain = {"\u212a": "k", "\u0131": "i", "\u017f": "s"}[letter]
    User.objects.create_user(f"{plain}@example.test", PASSWORD)
    provider("8", email=f"{letter}@example.test", email_verified=True, groups=["owners"])
    browser, before = new_browser(), User.objects.count()
    assert come(browser, "8").status_code == 403
    assert browser.get("/").status_code == 302
    assert (User.objects.count(), roles(f"{plain}@example.test")) == (before, {})


def test_a_slow_provider_holds_two_threads_at_most(teams, monkeypatch):
    monkeypatch.setattr(sso, "PATIENCE", 0)
    with sso.TURN:
        assert new_browser().get(START).status_code == 302
        with sso.TURN:
            assert new_browser().get(START).status_code == 503
    assert new_browser().get(START).status_code == 302


def test_a_name_from_the_provider_is_one_that_a_person_could_type(teams, provider):
    provider("9", email="odd@example.test", email_verified=True, groups=["ops"], name="a\u202eb\nc")
    come(new_browser(), "9")
    assert User.objects.get(email="odd@example.test").name == ""


def test_the_sign_in_page_offers_it_where_it_is_configured(teams, settings):
    assert f'href="{START}?next=%2Faudit%2F"' in _page("/accounts/login/?next=/audit/")
    settings.OIDC_ISSUER = ""
    assert START not in _page("/accounts/login/")


def _page(address):
    return new_browser().get(address).content.decode()


def test_an_equal_id_at_another_issuer_is_somebody_else(teams, provider, settings):
    about = {"email": "mei@example.test", "email_verified": True}
    provider("10", **about, groups=["ops"])
    come(new_browser(), "10")
    mei = User.objects.get(email="mei@example.test")
    port = provider.url.rpartition(":")[2]
    elsewhere = {f"http://localhost:{port}", f"http://127.0.0.1:{port}"} - {provider.url}
    (settings.OIDC_ISSUER,) = (
        elsewhere  # the same process under its other name says that it is another issuer
    )
    (app,) = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"]
    app["settings"] = {"server_url": settings.OIDC_ISSUER}
    provider("10", email="other@example.test", email_verified=True, groups=["ops"])
    browser = new_browser()
    come(browser, "10")
    assert browser.get("/profile/").context["user"].email == "other@example.test"
    assert SocialAccount.objects.get(uid="10", user=mei).extra_data["id_token"]["iss"] == provider.url


def test_links_of_before_belong_to_the_issuer_that_made_them(teams, provider):
    provider("11", email="mei@example.test", email_verified=True, groups=["ops"])
    come(new_browser(), "11")
    SocialAccount.objects.update(provider="sso")
    mei = User.objects.get(email="mei@example.test")
    theirs = {"id_token": {"iss": "https://earlier.example.test/"}}
    other = User.objects.create_user("other@example.test")
    SocialAccount.objects.create(user=other, provider="sso", uid="12", extra_data=theirs)
    import_module("portal.teams.migrations.0010_links_of_an_issuer").bind(apps, None)
    found = dict(SocialAccount.objects.values_list("user", "provider"))
    link_of = sso.account_events.link_of
    assert found == {mei.pk: link_of(provider.url), other.pk: link_of("https://earlier.example.test")}


def test_a_sign_in_confirms_only_what_the_provider_asked_lately(teams, provider, settings):
    """Somebody who finds an open browser signs out and in again, and is asked nothing."""
    settings.CONFIRM_SECONDS = 900
    path, now = f"/teams/{teams[0].pk}/second-factor/", time.time()
    for told, is_asked in ((now, False), (now - 3600, True), (None, True)):
        about = {"email": "mei@example.test", "email_verified": True, "groups": ["owners"]}
        provider("13", **about, auth_time=told)
        browser = new_browser()
        come(browser, "13")
        assert browser.post(path, {"required": "on"})["Location"].startswith(START) == is_asked
