"""How people get an account, and how they sign in. An owner adds them: nobody can sign up by themselves."""

from allauth.account.adapter import DefaultAccountAdapter
from django.core.exceptions import ValidationError

from portal.teams import account_events, demo_passwords


class Accounts(DefaultAccountAdapter):
    def is_open_for_signup(self, request):
        return False

    def login(self, request, user):
        """Recorded first: what cannot be recorded does not happen."""
        account_events.signed_in(request, user)
        super().login(request, user)

    def pre_authenticate(self, request, **credentials):
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            account_events.failed(request, credentials.get("email", ""), account_events.LIMITED)
            raise

    def authenticate(self, request, **credentials):
        person = super().authenticate(request, **credentials)  # first: a refusal takes as long as any other
        if person and demo_passwords.is_refused(credentials["password"]):
            account_events.failed(request, person.email)
            return None
        return person
