from django.urls import path

from portal.teams.signin import pages

app_name = "profile"
urlpatterns = [
    path("", pages.profile, name="page"),
    path("sessions/end/", pages.end_sessions, name="end_sessions"),
]
