from django.urls import path

from portal.teams import people_views as views

app_name = "people"
urlpatterns = [
    path("", views.list_, name="list"),
    path("<uuid:id>/", views.detail, name="detail"),
    path("<uuid:id>/deactivate/", views.deactivate, name="deactivate"),
    path("<uuid:id>/activate/", views.activate, name="activate"),
]
