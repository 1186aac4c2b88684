"""The pages of allauth that the portal offers: sign in, sign out, passwords, second factors.

Nobody signs up without an invitation (invitation_views.py) or changes their address. Those URLs answer 404;
they exist because views of allauth reverse them by name.
"""

from functools import wraps

from allauth.account import views
from allauth.socialaccount.providers.openid_connect import views as sso
from django.contrib.auth.decorators import login_not_required
from django.http import Http404
from django.urls import include, path
from django.views.generic import RedirectView

from portal.teams import resets
from portal.teams.signin.methods import with_methods_of_forms

SSO = {"provider_id": "sso"}
RETRY_SECONDS = 30


def busy_is_503(view):
    """A form of a password that there was no time to look at comes back, and says so to programs, too."""

    @wraps(view)
    def told(request, *args, **kwargs):
        response = view(request, *args, **kwargs)
        if getattr(request, "is_too_busy", False):
            response.status_code, response["Retry-After"] = 503, RETRY_SECONDS
        return response

    return told


cancelled = login_not_required(RedirectView.as_view(pattern_name="account_login"))


@login_not_required
def absent(request):
    raise Http404


urlpatterns = with_methods_of_forms(
    [
        path("login/", busy_is_503(views.login), name="account_login"),
        path("logout/", views.logout, name="account_logout"),
        path("inactive/", views.account_inactive, name="account_inactive"),
        path("reauthenticate/", busy_is_503(views.reauthenticate), name="account_reauthenticate"),
        path("password/change/", views.password_change, name="account_change_password"),
        path("2fa/", include("portal.teams.signin.urls")),
        # Single sign-on; 404 where no provider is configured.
        path("sso/login/", sso.login, SSO, name="openid_connect_login"),
        path("sso/callback/", sso.callback, SSO, name="openid_connect_callback"),
        path("sso/cancelled/", cancelled, name="socialaccount_login_cancelled"),
        path("sso/signup/", absent, name="socialaccount_signup"),
        path("sso/connections/", absent, name="socialaccount_connections"),
        path("password/set/", absent, name="account_set_password"),
        path("signup/", absent, name="account_signup"),
        path("email/", absent, name="account_email"),
        path("password/reset/", resets.reset, name="account_reset_password"),
        path("password/reset/done/", views.password_reset_done, name="account_reset_password_done"),
        path(
            "password/reset/key/done/",
            views.password_reset_from_key_done,
            name="account_reset_password_from_key_done",
        ),
        path(
            "password/reset/<str:uidb36>/<str:key>/",
            views.password_reset_from_key,
            name="account_reset_password_from_key",
        ),
        path("confirm-email/", absent, name="account_email_verification_sent"),
    ]
)
