"""Passwords of the demo's accounts, which everybody knows: they sign in to a demo and nowhere else."""

from allauth.account.auth_backends import AuthenticationBackend
from django.conf import settings

DOMAIN = "@example.test"  # of the demo's accounts
PASSWORD = "demo-pass-1"
KNOWN = frozenset({PASSWORD})


class Backend(AuthenticationBackend):
    def authenticate(self, request, **credentials):
        person = super().authenticate(request, **credentials)  # first: a refusal takes as long as any other
        return person if settings.DEMO or credentials.get("password") not in KNOWN else None
