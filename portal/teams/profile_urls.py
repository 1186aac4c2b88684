from django.urls import path

from portal.teams import token_views
from portal.teams.signin import pages

app_name = "profile"
urlpatterns = [
    path("", pages.profile, name="page"),
    path("sessions/end/", pages.end_sessions, name="end_sessions"),
    path("tokens/new/", token_views.new, name="token_new"),
    path("tokens/<uuid:id>/", token_views.one, name="token"),
    path("tokens/<uuid:id>/revoke/", token_views.revoke, name="token_revoke"),
]
