"""How people get an account, and how they sign in. They are invited: nobody signs up unasked."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from django.core.exceptions import ValidationError

from portal.mail import outbox
from portal.teams import access, account_events, demo_passwords


class Accounts(DefaultAccountAdapter):
    def is_open_for_signup(self, request):
        return False

    def send_mail(self, template_prefix, email, context):
        """What allauth wants to mail goes the way of all mails: written down now, sent later."""
        made = self.render_mail(template_prefix, email, context)
        outbox.queue(template_prefix.rpartition("/")[2][:40], email, subject=made.subject, text=made.body)

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


class Backend(AuthenticationBackend):
    """Who is signed in is read together with their teams: every page asks for both."""

    def authenticate(self, request, **credentials):
        """The demo's passwords sign in to a demo alone; a refusal takes as long as any other."""
        user = super().authenticate(request, **credentials)
        return None if user and demo_passwords.is_refused(credentials.get("password")) else user

    def get_user(self, user_id):
        user = access.person(user_id)
        return user if user is not None and self.user_can_authenticate(user) else None
