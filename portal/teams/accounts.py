"""How people get an account: an owner adds them. Nobody can sign up by themselves."""

from allauth.account.adapter import DefaultAccountAdapter


class Accounts(DefaultAccountAdapter):
    def is_open_for_signup(self, request):
        return False
