"""API tokens for tests: made as the service makes them, and used as a program does."""

import uuid

from django.test import Client

from portal.teams.models import Role, User
from portal.teams.places import EVERYWHERE
from portal.teams.tokens import service
from portal.teams.tokens.rights import WORDS

MANY = ("create", "update", "sync", "enable", "group_membership", "refresh")


def make(plant, role=Role.OPERATOR, rights=MANY, **changes):
    """(the ApiToken, its text) of the person with that role; `rights` None are all that they have."""
    person = User.objects.get(pk=plant.people[role].pk)
    values = {"id": uuid.uuid4(), "name": "nightly", "places": EVERYWHERE, "addresses": [], "days": 30}
    if rights is None:
        from portal.teams.tokens.rights import of

        rights = of(person, plant.team) & set(WORDS)
    told = {**values, "rights": set(rights), "by_sso": False, **changes}
    return service.create(actor=person, team=plant.team, **told)


class Program(Client):
    """Django's test client that sends a token with each request, and checks CSRF as browsers meet it."""

    def __init__(self, text, address="198.51.100.7", **options):
        super().__init__(
            enforce_csrf_checks=True,
            HTTP_HOST="localhost",
            REMOTE_ADDR=address,
            HTTP_AUTHORIZATION=f"Bearer {text}",
            **options,
        )
