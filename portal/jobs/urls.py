from django.urls import path

from portal.jobs import views

app_name = "jobs"
urlpatterns = [
    path("", views.list_, name="list"),
    path("<uuid:id>/", views.detail, name="detail"),
    path("<uuid:id>/stop/", views.stop, name="stop"),
    path("<uuid:id>/again/", views.again, name="again"),
]
