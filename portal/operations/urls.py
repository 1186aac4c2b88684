from django.urls import path

from portal.operations import views

app_name = "operations"
urlpatterns = [
    path("", views.list_, name="list"),
    path("<uuid:id>/", views.detail, name="detail"),
    path("<uuid:id>/look-again/", views.look_again, name="look_again"),
    path("<uuid:id>/secrets/", views.secrets, name="secrets"),
]
