"""Every door is closed unless it is listed here by hand."""

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

OPEN = {
    "accounts/login/": 200,
    "accounts/inactive/": 200,
    "accounts/2fa/authenticate/": 302,
    "accounts/2fa/webauthn/login/": 302,
    "accounts/sso/login/": 404,  # no provider is configured
    "accounts/sso/callback/": 404,
    "accounts/sso/cancelled/": 302,
    "accounts/sso/signup/": 404,
    "accounts/sso/connections/": 404,
    "accounts/signup/": 404,
    "accounts/email/": 404,
    "accounts/password/set/": 404,
    "accounts/password/reset/": 200,
    "accounts/password/reset/done/": 200,
    "accounts/password/reset/key/done/": 200,
    "accounts/password/reset/<str:uidb36>/<str:key>/": 200,  # it says that the link does not work
    "accounts/confirm-email/": 404,
    "teams/invitation/": 404,  # until a link is opened
    "teams/invitation/<str:token>/": 404,
    "demo/mails/": 200,  # in the demo alone
    "healthz": 200,
    "readyz": 503,  # no worker runs in this test
    ".well-known/security.txt": 404,  # nobody is named in tests
    "web/theme/": 405,  # POST only
}
# Open for who typed the password a moment ago, or for a script that asks for JSON.
LEADS_TO_SIGN_IN = {"accounts/sso/cancelled/", "accounts/2fa/authenticate/", "accounts/2fa/webauthn/login/"}
EXAMPLES = {
    "<kind:kind>": "iotda/policies",
    "<str:id>": "00000000-0000-4000-8000-000000000000",
    "<str:token>": "made-up",
    "<str:uidb36>": "00000000000040008000000000000000",
    "<str:key>": "made-up",
    "<uuid:token>": "00000000-0000-4000-8000-000000000000",
    "<uuid:invitation>": "00000000-0000-4000-8000-000000000000",
    "<uuid:id>": "00000000-0000-4000-8000-000000000000",
    "<slug:verb>": "create",
    "<slug:other>": "policies",
    "<slug:name>": "targets",
    "<int:seq>": "1",
    "<int:member>": "1",
    "<int:pk>": "1",
}


def addresses(resolver=None, prefix=""):
    for pattern in (resolver or get_resolver()).url_patterns:
        address = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern, address)
        elif isinstance(pattern, URLPattern):
            yield address


def example(address):
    for part, value in EXAMPLES.items():
        address = address.replace(part, value)
    assert "<" not in address, f"give an example for {address}"
    return "/" + address


@pytest.mark.parametrize("address", sorted(set(addresses())))
def test_who_is_not_signed_in_sees_the_sign_in_page_and_nothing_else(db, address):
    response = Client(HTTP_HOST="localhost").get(example(address))

    if address in OPEN:
        assert response.status_code == OPEN[address]
        if address in LEADS_TO_SIGN_IN:
            assert response["Location"] == "/accounts/login/"
    elif address.startswith("api/"):
        assert (response.status_code, response["Content-Type"]) == (401, "application/problem+json")
        assert response["WWW-Authenticate"]
    else:
        assert response.status_code == 302
        assert response["Location"].startswith("/accounts/login/")


def test_what_is_open_exists():
    assert set(OPEN) <= set(addresses())


def test_a_new_api_view_is_closed():
    class Anything(APIView):
        def get(self, request):
            return Response("secret")

    assert APIView.permission_classes == [IsAuthenticated]
    assert Anything.as_view()(APIRequestFactory().get("/")).status_code == 403
