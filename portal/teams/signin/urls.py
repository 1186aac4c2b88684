"""Second factors, below /accounts/2fa/. Names are those that allauth reverses."""

from allauth.mfa.base import views as base
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from django.contrib.auth.decorators import login_not_required
from django.urls import path
from django.views.generic import RedirectView

from portal.teams.signin import pages
from portal.teams.signin.confirming import confirmed
from portal.teams.signin.methods import with_methods_of_forms
from portal.teams.signin.second_factors import recorded

profile = RedirectView.as_view(pattern_name="profile:page")


def changes(view):
    """allauth asks nobody again who has neither a password nor a second factor: those of single sign-on."""
    return confirmed("GET", "POST")(recorded(view))


urlpatterns = with_methods_of_forms(
    [
        path("", profile, name="mfa_index"),
        path("authenticate/", base.authenticate, name="mfa_authenticate"),
        path("reauthenticate/", base.reauthenticate, name="mfa_reauthenticate"),
        path("totp/activate/", changes(totp.activate_totp), name="mfa_activate_totp"),
        path("totp/deactivate/", changes(totp.deactivate_totp), name="mfa_deactivate_totp"),
        path("recovery-codes/", pages.recovery_codes, name="mfa_view_recovery_codes"),
        path("recovery-codes/generate/", changes(pages.generate_codes), name="mfa_generate_recovery_codes"),
        path("webauthn/", profile, name="mfa_list_webauthn"),
        path("webauthn/add/", changes(pages.add_passkey), name="mfa_add_webauthn"),
        path(
            "webauthn/reauthenticate/", webauthn.reauthenticate_webauthn, name="mfa_reauthenticate_webauthn"
        ),
        path("webauthn/login/", login_not_required(webauthn.login_webauthn), name="mfa_login_webauthn"),
        path("webauthn/keys/<int:pk>/remove/", changes(webauthn.remove_webauthn), name="mfa_remove_webauthn"),
        path("webauthn/keys/<int:pk>/edit/", recorded(webauthn.edit_webauthn), name="mfa_edit_webauthn"),
    ]
)
