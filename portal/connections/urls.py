from django.urls import path

from portal.connections import views

app_name = "connections"
urlpatterns = [
    path("", views.list_, name="list"),
    path("new/", views.new, name="new"),
    path("<uuid:id>/", views.detail, name="detail"),
    path("<uuid:id>/edit/", views.edit, name="edit"),
    path("<uuid:id>/test/", views.test, name="test"),
    path("<uuid:id>/delete/", views.delete, name="delete"),
]
