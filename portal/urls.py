"""Every address of the portal."""

from django.urls import include, path

from portal.home import settings_views, views

handler400 = "portal.web.errors.bad_request"
handler403 = "portal.web.errors.forbidden"
handler404 = "portal.web.errors.not_found"
handler500 = "portal.web.errors.server_error"

urlpatterns = [
    path("", views.home, name="home"),
    path("healthz", views.healthz, name="healthz"),
    path("demo/mails/", views.demo_mails, name="demo_mails"),
    path("readyz", views.readyz, name="readyz"),
    path(".well-known/security.txt", views.security_txt, name="security_txt"),
    path("settings/", settings_views.show, name="settings"),
    path("settings/mail-test/", settings_views.mail_test, name="mail_test"),
    path("accounts/", include("portal.teams.account_urls")),
    path("profile/", include("portal.teams.profile_urls")),
    path("web/", include("portal.web.urls")),
    path("operations/", include("portal.operations.urls")),
    path("jobs/", include("portal.jobs.urls")),
    path("audit/", include("portal.audit.urls")),
    path("connections/", include("portal.connections.urls")),
    path("teams/", include("portal.teams.urls")),
    path("teams/", include("portal.operations.rules_urls")),
    path("people/", include("portal.teams.people_urls")),
    path("approvals/", include("portal.resources.approval_urls")),
    path("api/v1/", include("portal.api.urls")),
    path("", include("portal.resources.urls")),
]
