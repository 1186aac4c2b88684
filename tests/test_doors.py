"""The addresses of the portal. Who gets in where: tests/proofs/table.py."""

from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

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


def test_a_program_that_is_not_signed_in_is_told_so(db):
    response = Client(HTTP_HOST="localhost").get("/api/v1/operations/")

    assert (response.status_code, response["Content-Type"]) == (401, "application/problem+json")
    assert response["WWW-Authenticate"]


def test_a_new_api_view_is_closed():
    class Anything(APIView):
        def get(self, request):
            return Response("secret")

    assert APIView.permission_classes == [IsAuthenticated]
    assert Anything.as_view()(APIRequestFactory().get("/")).status_code == 403
