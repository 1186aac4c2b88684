from django.urls import path

from portal.connections import views

app_name = "connections"
urlpatterns = [
    path("", views.list_, name="list"),
    path("new/", views.new, name="new"),
    path("<uuid:id>/", views.detail, name="detail"),
    path("<uuid:id>/who/", views.who, name="who"),
    path("<uuid:id>/edit/", views.edit, name="edit"),
    path("<uuid:id>/test/", views.test, name="test"),
    path("<uuid:id>/condition/", views.condition, name="condition"),
    path("<uuid:id>/try-again/", views.try_again, name="try_again"),
    path("<uuid:id>/delete/", views.delete, name="delete"),
]
