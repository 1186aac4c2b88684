"""Passwords of the demo's accounts, which everybody knows: they sign in to a demo and nowhere else."""

from django.conf import settings

DOMAIN = "@example.test"  # of the demo's accounts
PASSWORD = "demo-pass-1"  # noqa: S105 - public
KNOWN = frozenset({PASSWORD})


def is_refused(password):
    return password in KNOWN and not settings.DEMO
