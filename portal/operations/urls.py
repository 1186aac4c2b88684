from django.urls import path

from portal.operations import decision_page, views

app_name = "operations"
urlpatterns = [
    path("", views.list_, name="list"),
    path("<uuid:id>/", views.detail, name="detail"),
    path("<uuid:id>/look-again/", views.look_again, name="look_again"),
    path("<uuid:id>/cancel/", views.cancel, name="cancel"),
    path("<uuid:id>/requeue/", views.requeue, name="requeue"),
    path("<uuid:id>/decide/", decision_page.decide, name="decide"),
    path("<uuid:id>/secrets/", views.secrets, name="secrets"),
]
