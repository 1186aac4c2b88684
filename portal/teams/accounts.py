"""How people get in: by invitation of an owner, never by signing themselves up."""

from allauth.account.adapter import DefaultAccountAdapter


class Accounts(DefaultAccountAdapter):
    def is_open_for_signup(self, request):
        return False
